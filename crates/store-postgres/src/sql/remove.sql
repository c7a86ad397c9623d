-- Everything about runs ($1) and stand-alone executions ($2). Request keys stay: they are remembered for their own time. Of a
-- schedule the latest fire stays.
WITH gone AS MATERIALIZED (
    SELECT unnest($2::uuid[]) AS id UNION SELECT id FROM execution WHERE run_id = ANY($1::uuid[])
), owner AS MATERIALIZED (
    SELECT id FROM gone UNION SELECT unnest($1::uuid[])
),
d1 AS (DELETE FROM execution t USING gone g WHERE t.id = g.id),
d2 AS (DELETE FROM attempt t USING gone g WHERE t.execution_id = g.id),
d3 AS (DELETE FROM mark t USING gone g WHERE t.execution_id = g.id),
d4 AS (DELETE FROM edge_group t USING gone g WHERE t.child = g.id),
d5 AS (DELETE FROM cancel_pending t USING gone g WHERE t.child = g.id),
d6 AS (DELETE FROM execution_pin t USING gone g WHERE t.execution_id = g.id),
d7 AS (DELETE FROM execution_input t USING gone g WHERE t.execution_id = g.id),
d8 AS (DELETE FROM execution_result t USING gone g WHERE t.execution_id = g.id),
d9 AS (DELETE FROM progress t USING gone g WHERE t.execution_id = g.id),
d10 AS (DELETE FROM tag t USING owner o WHERE t.owner = o.id),
d11 AS (DELETE FROM edge WHERE run_id = ANY($1::uuid[])),
d12 AS (DELETE FROM condition WHERE run_id = ANY($1::uuid[])),
d13 AS (DELETE FROM run WHERE id = ANY($1::uuid[])),
d14 AS (
    DELETE FROM schedule_fire t USING (
        SELECT schedule_id, max(nominal_ms) AS nominal_ms FROM schedule_fire WHERE run_id = ANY($1::uuid[]) GROUP BY schedule_id
    ) own
    WHERE t.schedule_id = own.schedule_id AND t.nominal_ms <= own.nominal_ms
        AND EXISTS (SELECT FROM schedule_fire l WHERE l.schedule_id = t.schedule_id AND l.nominal_ms > t.nominal_ms)
        AND (t.run_id = ANY($1::uuid[]) OR NOT EXISTS (SELECT FROM run r WHERE r.id = t.run_id))
)
SELECT 1
