-- How many executions are active in lanes with a limit. Their rows are locked before, so no other claim changes the count.
SELECT {active l.name, (
    SELECT count(*) FROM route r JOIN execution e ON e.route_id = r.id AND e.phase = 2 WHERE r.lane = l.name
)} FROM lane l WHERE l.name = ANY($lanes) AND l.max_active IS NOT NULL
