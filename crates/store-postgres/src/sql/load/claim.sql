-- What claims of one kind can take, locked, skipping what others hold. "again" are the executions that a repeated claim has already;
-- "taken" are the first of what has no limit, and of every lane with one, so that a full lane hides none of the others; "picked" leaves
-- out what changed while this statement ran, because the rest of the slice would be older.
WITH again AS MATERIALIZED (
    SELECT e.* FROM unnest($tokens, $instances) t(token, instance)
    {each execution e claim_token = t.token AND instance = t.instance AND phase = 2}
), fresh AS MATERIALIZED (
    SELECT t.n FROM unnest($tokens, $instances, $limits) t(token, instance, n)
    WHERE NOT EXISTS (SELECT FROM again a WHERE a.claim_token = t.token AND a.instance = t.instance)
), room AS MATERIALIZED (
    SELECT sum(n) + $others AS n FROM fresh
), {claim.ctes}, taken AS MATERIALIZED (
    SELECT id, version FROM (
        SELECT id, version, row_number() OVER (PARTITION BY limited ORDER BY priority DESC, seq) AS place FROM first
    ) c
    WHERE place <= (SELECT n FROM room)
), picked AS MATERIALIZED (
    SELECT e.* FROM taken c {each execution e id = c.id AND xmin = c.version}
), x AS MATERIALIZED (
    SELECT * FROM again UNION ALL SELECT * FROM picked
)
{known x}
UNION ALL SELECT {candidate p.id} FROM picked p
UNION ALL SELECT {locked_execution p.id} FROM picked p
UNION ALL SELECT {seen a.id} FROM again a
UNION ALL SELECT {lane l} FROM lane l WHERE l.name = ANY($lanes) AND EXISTS (SELECT FROM fresh)
UNION ALL SELECT {small execution_input i} FROM x {each execution_input i execution_id = x.id}
UNION ALL SELECT {execution_pin p} FROM x {each execution_pin p execution_id = x.id}
UNION ALL SELECT {small execution_result r} FROM x {each execution_pin p execution_id = x.id}
    {each execution_result r execution_id = p.upstream AND generation = p.generation}
