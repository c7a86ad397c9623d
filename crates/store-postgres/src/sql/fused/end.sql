-- Ends executions that stand alone, or whose runs are settled later: all of a call or none. Locks are taken in the order of the items.
-- What changed while this statement waited for a lock does not fit, because the rest of what it reads would be older.
WITH locked AS MATERIALIZED (
    SELECT i.*, e.version
    FROM unnest(
        $ids, $calls, $sizes, $nths, $fences, $made_by, $digests, $attempts, $outcomes, $causes, $details,
        $storages, $lengths, $result_digests, $facts, $bytes, $classes, $retry_bits, $codes, $messages
    ) i(id, call, size, nth, fence, made_by, digest, attempt, outcome, cause, detail,
        storage, length, result_digest, facts, bytes, class, retry_bit, code, message)
    CROSS JOIN LATERAL (SELECT o.xmin AS version FROM execution o WHERE o.id = i.id FOR UPDATE) e
), moment AS MATERIALIZED (
    SELECT greatest({now}, $floor) AS ms, nextval('transaction_number') << 24 AS seq
    FROM (SELECT count(*) AS n FROM locked) l WHERE l.n >= 0
), fit AS MATERIALIZED (
    SELECT l.*, m.ms, m.seq, e.generation, e.attempt_no, e.namespace, e.run_id, p.retention_ms, o.lane,
        count(*) OVER (PARTITION BY l.call) AS fits
    FROM moment m CROSS JOIN locked l
    {each execution e id = l.id AND xmin = l.version}
    {each attempt a execution_id = e.id AND attempt_no = e.attempt_no}
    {each policy p id = e.policy_id} {each route o id = e.route_id} {maybe run r id = e.run_id}
    WHERE e.phase = 2 AND e.fence = l.fence AND e.lease_until_ms > m.ms AND a.state = 0
        AND (l.retry_bit IS NULL OR p.retry_on & l.retry_bit = 0)
        AND (e.run_id IS NULL OR r.phase = 0 OR r.members > $inline)
        AND {sound execution e} AND {sound attempt a} AND {sound run r}
), written AS MATERIALIZED (
    SELECT *, seq + row_number() OVER (ORDER BY call, nth) - 1 AS event FROM fit WHERE fits = size
), ended AS (
    UPDATE execution e SET phase = 4, hold = 0, hold_ref = NULL, outcome = w.outcome, cause = w.cause, ended_ms = w.ms,
        since_ms = w.ms, decided_by = NULL, due_ms = NULL, recheck_ms = NULL, attempt_deadline_ms = NULL, deadline_ms = NULL,
        fence = e.fence + 1, lease_id = NULL, worker = NULL, instance = NULL, lease_until_ms = NULL, lease_ttl_ms = NULL,
        claim_token = NULL,
        retain_until_ms = CASE WHEN e.run_id IS NULL THEN w.ms + w.retention_ms ELSE e.retain_until_ms END
    FROM written w WHERE e.id = w.id
), closed AS (
    UPDATE attempt a SET state = w.attempt, ended_ms = w.ms, active_left_ms = NULL, last_fence = w.fence, last_call = w.made_by,
        last_digest = w.digest, failure_class = coalesce(w.class, a.failure_class),
        failure_code = coalesce(w.code, a.failure_code), failure_message = coalesce(w.message, a.failure_message),
        next_due_ms = CASE WHEN w.class IS NULL THEN a.next_due_ms END
    FROM written w WHERE a.execution_id = w.id AND a.attempt_no = w.attempt_no
), resulted AS (
    INSERT INTO execution_result (execution_id, generation, length, digest, storage, facts, bytes)
    SELECT id, generation, length, result_digest, storage, facts, bytes FROM written WHERE storage IS NOT NULL
    ON CONFLICT (execution_id, generation) DO NOTHING
), marked AS (
    INSERT INTO mark (execution_id, run_id, made_ms, seq, generation)
    SELECT id, run_id, ms, event, generation FROM written WHERE run_id IS NOT NULL
    ON CONFLICT (execution_id) DO UPDATE
    SET run_id = excluded.run_id, made_ms = excluded.made_ms, seq = excluded.seq, generation = excluded.generation
), logged AS (
    INSERT INTO event (id, at_ms, run_id, execution_id, generation, attempt_no, kind, namespace, lane, detail)
    SELECT event, ms, run_id, id, generation, attempt_no, $kind, namespace, lane, detail FROM written
), x AS MATERIALIZED (
    SELECT e.* FROM written w {each execution e id = w.id}
)
{known x}
UNION ALL SELECT {done w.call} FROM (SELECT DISTINCT call FROM written) w
UNION ALL SELECT {wrote w.id} FROM written w
UNION ALL SELECT {moment_at m.ms, m.seq} FROM moment m
