-- Gives what claims of one kind can take, in the order of the claims; nothing if a limit, a run or a row that cannot be read stands in
-- the way, or a repeated claim came along ("barred"). "again" are the executions that a repeated claim has already; "picked" leaves out
-- what changed while this statement ran.
WITH again AS MATERIALIZED (
    SELECT e.* FROM unnest($tokens, $instances) t(token, instance)
    {each execution e claim_token = t.token AND instance = t.instance AND phase = 2}
), asked AS MATERIALIZED (
    SELECT t.*, EXISTS (SELECT FROM again a WHERE a.claim_token = t.token AND a.instance = t.instance) AS repeated
    FROM unnest($calls, $tokens, $instances, $workers, $limits, $ttls, $starts) t(call, token, instance, worker, n, ttl_ms, start)
), fresh AS MATERIALIZED (
    SELECT *, (sum(n) OVER (ORDER BY call))::bigint - n AS before FROM asked WHERE NOT repeated
), room AS MATERIALIZED (
    SELECT sum(n) AS n FROM fresh
), {claim.ctes}, taken AS MATERIALIZED (
    SELECT id, version FROM first ORDER BY priority DESC, seq LIMIT (SELECT n FROM room)
), picked AS MATERIALIZED (
    SELECT e.* FROM taken c {each execution e id = c.id AND xmin = c.version}
), moment AS MATERIALIZED (
    SELECT greatest({now}, $floor) AS ms, CASE WHEN l.n > 0 THEN nextval('transaction_number') ELSE 1 END << 24 AS seq
    FROM (SELECT count(*) AS n FROM picked) l WHERE l.n >= 0
), x AS MATERIALIZED (
    SELECT * FROM again UNION ALL SELECT * FROM picked
), ready AS MATERIALIZED (
    SELECT p.id, p.run_id, p.generation, p.attempt_no, p.next_cause, p.namespace, p.fence, o.lane, y.attempt_timeout_ms, y.lease_ttl_max_ms,
        (a.state = 1) IS TRUE AS parked, CASE a.state WHEN 1 THEN a.active_left_ms END AS active_left_ms,
        {sound execution p} AND {sound attempt a} AS sound,
        row_number() OVER (ORDER BY p.priority DESC, p.seq, p.id) - 1 AS rank
    FROM picked p {each policy y id = p.policy_id} {each route o id = p.route_id}
    {maybe attempt a execution_id = p.id AND attempt_no = p.attempt_no}
), input AS MATERIALIZED (
    SELECT i.* FROM x {each execution_input i execution_id = x.id}
), pin AS MATERIALIZED (
    SELECT p.* FROM x {each execution_pin p execution_id = x.id}
), pinned AS MATERIALIZED (
    SELECT r.* FROM pin p {each execution_result r execution_id = p.upstream AND generation = p.generation}
), barred AS MATERIALIZED (
    SELECT (SELECT count(*) FROM ready) <> (SELECT count(*) FROM picked)
        OR EXISTS (SELECT FROM lane l WHERE l.name = ANY($lanes) AND (l.max_active IS NOT NULL OR NOT {sound lane l}))
        OR EXISTS (SELECT FROM again)
        OR EXISTS (
            SELECT FROM ready g {maybe run r id = g.run_id}
            WHERE NOT g.sound OR (g.run_id IS NOT NULL AND (r.phase = 1 AND r.paused = 0) IS NOT TRUE) OR NOT {sound run r}
        )
        OR (SELECT coalesce(sum(CASE WHEN {sound execution_input i} THEN i.length ELSE $bytes_max + 1 END), 0) FROM input i)
            + (SELECT coalesce(sum(CASE WHEN {sound execution_result r} THEN r.length ELSE $bytes_max + 1 END), 0) FROM pinned r)
            + (SELECT count(*) * ($bytes_max + 1) FROM pin p WHERE NOT {sound execution_pin p}) > $bytes_max AS holds
), given AS MATERIALIZED (
    SELECT g.*, c.token, c.instance, c.worker, least(c.ttl_ms, g.lease_ttl_max_ms) AS ttl_ms, m.ms, m.seq + g.rank AS event,
        ($leases)[(c.start + g.rank - c.before + 1)::integer] AS lease,
        g.attempt_no + CASE WHEN g.parked THEN 0 ELSE 1 END AS attempt
    FROM moment m CROSS JOIN ready g JOIN fresh c ON g.rank >= c.before AND g.rank < c.before + c.n
    WHERE NOT (SELECT holds FROM barred)
), leased AS (
    UPDATE execution e SET fence = e.fence + 1, phase = 2, since_ms = g.ms, lease_id = g.lease, worker = g.worker,
        instance = g.instance, lease_until_ms = g.ms + g.ttl_ms, lease_ttl_ms = g.ttl_ms, claim_token = g.token,
        first_started_ms = coalesce(e.first_started_ms, g.ms), attempt_no = g.attempt,
        attempt_deadline_ms = g.ms + CASE WHEN g.parked THEN g.active_left_ms ELSE g.attempt_timeout_ms END
    FROM given g WHERE e.id = g.id
), begun AS (
    INSERT INTO attempt (execution_id, attempt_no, generation, fence, started_ms, state, cause, worker, instance)
    SELECT id, attempt, generation, fence + 1, ms, 0, next_cause, worker, instance FROM given
    ON CONFLICT (execution_id, attempt_no) DO UPDATE
    SET state = 0, worker = excluded.worker, instance = excluded.instance, fence = excluded.fence, active_left_ms = NULL
), logged AS (
    INSERT INTO event (id, at_ms, run_id, execution_id, generation, attempt_no, kind, namespace, lane, actor, detail)
    SELECT event, ms, run_id, id, generation, attempt, CASE WHEN parked THEN $resumed ELSE $claimed END, namespace, lane,
        instance, ''
    FROM given
)
{known x}
UNION ALL SELECT {candidate p.id} FROM picked p
UNION ALL SELECT {lane l} FROM lane l WHERE l.name = ANY($lanes) AND EXISTS (SELECT FROM fresh)
UNION ALL SELECT {small execution_input i} FROM input i
UNION ALL SELECT {execution_pin p} FROM pin p
UNION ALL SELECT {small execution_result r} FROM pinned r
UNION ALL SELECT {done a.call} FROM asked a WHERE a.repeated OR NOT (SELECT holds FROM barred)
UNION ALL SELECT {wrote g.id} FROM given g
UNION ALL SELECT {moment_at m.ms, m.seq} FROM moment m
