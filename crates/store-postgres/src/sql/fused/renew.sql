-- Keeps leases: all of a call or none. Locks are taken in the order of the items. What changed while this statement waited for a lock
-- does not fit, because the rest of what it reads would be older.
WITH locked AS MATERIALIZED (
    SELECT i.*, e.version
    FROM unnest($ids, $calls, $sizes, $fences, $ttls) i(id, call, size, fence, ttl_ms)
    CROSS JOIN LATERAL (SELECT o.xmin AS version FROM execution o WHERE o.id = i.id FOR UPDATE) e
), moment AS MATERIALIZED (
    SELECT greatest({now}, $floor) AS ms FROM (SELECT count(*) AS n FROM locked) l WHERE l.n >= 0
), fit AS MATERIALIZED (
    SELECT l.*, m.ms, count(*) OVER (PARTITION BY l.call) AS fits,
        (e.lease_until_ms, e.lease_ttl_ms) IS DISTINCT FROM (m.ms + l.ttl_ms, l.ttl_ms) AS changes
    FROM moment m CROSS JOIN locked l
    {each execution e id = l.id AND xmin = l.version} {each policy p id = e.policy_id} {maybe run r id = e.run_id}
    WHERE e.phase = 2 AND e.fence = l.fence AND e.lease_until_ms > m.ms AND l.ttl_ms <= p.lease_ttl_max_ms
        AND {sound execution e} AND {sound run r}
), written AS MATERIALIZED (
    SELECT * FROM fit WHERE fits = size
), renewed AS (
    UPDATE execution e SET lease_until_ms = w.ms + w.ttl_ms, lease_ttl_ms = w.ttl_ms FROM written w
    WHERE e.id = w.id AND w.changes
), x AS MATERIALIZED (
    SELECT e.* FROM written w {each execution e id = w.id}
)
SELECT {execution x} FROM x
UNION ALL SELECT {policy p} FROM (SELECT DISTINCT policy_id AS id FROM x) u {each policy p id = u.id}
UNION ALL SELECT {run r} FROM (SELECT DISTINCT run_id AS id FROM x) u {each run r id = u.id}
UNION ALL SELECT {done w.call} FROM (SELECT DISTINCT call FROM written) w
UNION ALL SELECT {wrote w.id} FROM written w WHERE w.changes
UNION ALL SELECT {moment_at m.ms, 1::bigint} FROM moment m
