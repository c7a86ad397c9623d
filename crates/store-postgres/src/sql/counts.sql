-- Each of the executions' arms reads one index of few columns: the claim index, the leases, the rest.
SELECT 'executions', coalesce(r.lane, ''), c.public_state, sum(c.n)::bigint FROM (
    SELECT route_id, 1::smallint AS public_state, count(*) AS n FROM execution WHERE phase = 1 AND hold = 0 GROUP BY route_id
    UNION ALL SELECT route_id, 6::smallint, count(*) FROM execution WHERE phase = 2 GROUP BY route_id
    UNION ALL SELECT route_id, public_state, count(*) FROM execution WHERE public_state IN (0, 2, 3, 4, 5, 7)
        GROUP BY route_id, public_state
) c LEFT JOIN route r ON r.id = c.route_id GROUP BY 2, 3
UNION ALL SELECT 'oldest_ready', coalesce(r.lane, ''), NULL, min(e.since_ms)
    FROM execution e LEFT JOIN route r ON r.id = e.route_id WHERE e.phase = 1 AND e.hold = 0 GROUP BY 2
UNION ALL SELECT 'leases', NULL, NULL, count(*) FROM execution WHERE phase = 2 HAVING count(*) > 0
UNION ALL SELECT 'runs', NULL, phase, count(*) FROM run WHERE phase <> 3 GROUP BY phase
UNION ALL SELECT 'cancel_backlog', NULL, NULL, count(*) FROM run WHERE cancel_backlog = 1 AND phase <> 3 HAVING count(*) > 0
UNION ALL SELECT 'marks', NULL, NULL, count(*) FROM mark HAVING count(*) > 0
UNION ALL SELECT 'cancel_pending', NULL, NULL, count(*) FROM cancel_pending HAVING count(*) > 0
UNION ALL SELECT 'workers', lane, NULL, count(*) FROM worker w CROSS JOIN LATERAL regexp_split_to_table(w.lanes, ',') lane GROUP BY lane
UNION ALL SELECT 'now', NULL, NULL, {now}
