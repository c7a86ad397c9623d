WHERE id IN (
    WITH RECURSIVE ready (route_id) AS (
        SELECT min(route_id) FROM execution WHERE phase = 1 AND hold = 0
        UNION ALL
        SELECT (SELECT min(route_id) FROM execution WHERE phase = 1 AND hold = 0 AND route_id > ready.route_id)
        FROM ready WHERE ready.route_id IS NOT NULL
    )
    SELECT route_id FROM ready WHERE route_id IS NOT NULL LIMIT ?1
)
