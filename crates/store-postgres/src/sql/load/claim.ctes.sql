-- The routes that fit, and the first executions of each; "limited" is the lane if it has a limit.
fits AS MATERIALIZED (
    SELECT r.id, CASE WHEN l.max_active IS NOT NULL THEN l.name END AS limited FROM route r LEFT JOIN lane l ON l.name = r.lane
    WHERE r.lane = ANY($lanes) AND coalesce(l.state, 0) IN (0, 2)
        AND ($namespaces IS NULL OR r.namespace = ANY($namespaces))
        AND array_remove(string_to_array(r.capabilities, ','), '') <@ $capabilities
        AND EXISTS (SELECT FROM fresh)
), first AS MATERIALIZED (
    SELECT f.limited, c.* FROM fits f CROSS JOIN LATERAL (
        SELECT e.id, e.priority, e.seq, e.xmin AS version FROM execution e
        WHERE e.route_id = f.id AND e.phase = 1 AND e.hold = 0
        ORDER BY e.priority DESC, e.seq LIMIT (SELECT n FROM room) {skip}
    ) c
)
