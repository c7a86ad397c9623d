-- Each arm reads one index: the claim index, the leases, the rest.
SELECT coalesce(route.lane, ''), counted.public_state, sum(counted.n) FROM (
    SELECT route_id, 1 AS public_state, count(*) AS n FROM execution WHERE phase = 1 AND hold = 0 GROUP BY route_id
    UNION ALL
    SELECT route_id, 6, count(*) FROM execution WHERE phase = 2 GROUP BY route_id
    UNION ALL
    SELECT route_id, public_state, count(*) FROM execution WHERE public_state IN (0, 2, 3, 4, 5, 7) GROUP BY route_id, public_state
) AS counted LEFT JOIN route ON route.id = counted.route_id GROUP BY 1, 2
