-- What claims of one kind can take, locked, skipping what others hold. "again" are the executions that a repeated claim has already;
-- "taken" are the first of what has no limit, and of every lane with one, so that a full lane hides none of the others;
-- "picked" leaves out what changed while this statement ran, because the rest of the slice would be older.
WITH again AS MATERIALIZED (
    SELECT e.* FROM unnest($tokens, $instances) t(token, instance)
    JOIN execution e ON e.claim_token = t.token AND e.instance = t.instance AND e.phase = 2
), fresh AS MATERIALIZED (
    SELECT t.n FROM unnest($tokens, $instances, $limits) t(token, instance, n)
    WHERE NOT EXISTS (SELECT FROM again a WHERE a.claim_token = t.token AND a.instance = t.instance)
), fits AS MATERIALIZED (
    SELECT r.id, CASE WHEN l.max_active IS NOT NULL THEN l.name END AS limited FROM route r LEFT JOIN lane l ON l.name = r.lane
    WHERE r.lane = ANY($lanes) AND coalesce(l.state, 0) IN (0, 2)
        AND ($namespaces IS NULL OR r.namespace = ANY($namespaces))
        AND array_remove(string_to_array(r.capabilities, ','), '') <@ $capabilities
        AND EXISTS (SELECT FROM fresh)
), taken AS MATERIALIZED (
    SELECT id, version FROM (
        SELECT c.id, c.version, row_number() OVER (PARTITION BY f.limited ORDER BY c.priority DESC, c.seq) AS place
        FROM fits f CROSS JOIN LATERAL (
            SELECT e.id, e.priority, e.seq, e.xmin AS version FROM execution e
            WHERE e.route_id = f.id AND e.phase = 1 AND e.hold = 0
            ORDER BY e.priority DESC, e.seq LIMIT (SELECT sum(n) FROM fresh) {skip}
        ) c
    ) c
    WHERE place <= (SELECT sum(n) FROM fresh)
), picked AS MATERIALIZED (
    SELECT e.* FROM taken c JOIN execution e ON e.id = c.id AND e.xmin = c.version
), x AS MATERIALIZED (
    SELECT * FROM again UNION ALL SELECT * FROM picked
)
{known x}
UNION ALL SELECT {candidate p.id} FROM picked p
UNION ALL SELECT {locked_execution p.id} FROM picked p
UNION ALL SELECT {seen a.id} FROM again a
UNION ALL SELECT {lane l} FROM lane l WHERE l.name = ANY($lanes) AND EXISTS (SELECT FROM fresh)
UNION ALL SELECT {small execution_input i} FROM x JOIN execution_input i ON i.execution_id = x.id
UNION ALL SELECT {execution_pin p} FROM x JOIN execution_pin p ON p.execution_id = x.id
UNION ALL SELECT {small execution_result r} FROM x JOIN execution_pin p ON p.execution_id = x.id
    JOIN execution_result r ON r.execution_id = p.upstream AND r.generation = p.generation
