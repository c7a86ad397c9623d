-- Executions with what is known of them, and the whole of those runs that are settled where they end.
WITH near AS MATERIALIZED (
    SELECT r.id FROM execution e JOIN run r ON r.id = e.run_id
    WHERE e.id = ANY($ending) AND r.members <= $inline AND r.phase <> 0
    UNION SELECT id FROM run WHERE id = ANY($small) AND members <= $inline AND phase <> 0
), whole AS MATERIALIZED (
    SELECT id FROM run WHERE id IN (SELECT unnest($whole) UNION SELECT id FROM near)
), x AS MATERIALIZED (
    SELECT * FROM execution
    WHERE id IN (SELECT unnest($ids) UNION SELECT m.id FROM execution m WHERE m.run_id IN (SELECT id FROM whole))
), member AS MATERIALIZED (
    SELECT id FROM x WHERE (run_id IN (SELECT id FROM whole)) IS TRUE
)
{known x}
UNION ALL SELECT {run r} FROM run r WHERE r.id IN (SELECT unnest($runs) UNION SELECT id FROM whole)
UNION ALL SELECT {whole_run w.id} FROM whole w
UNION ALL SELECT {edge_group g} FROM member m JOIN edge_group g ON g.child = m.id
UNION ALL SELECT {mark k} FROM member m JOIN mark k ON k.execution_id = m.id
UNION ALL SELECT {cancel_pending c} FROM member m JOIN cancel_pending c ON c.child = m.id
UNION ALL SELECT {execution_pin p} FROM member m JOIN execution_pin p ON p.execution_id = m.id
UNION ALL SELECT {bare execution_result r} FROM member m JOIN execution_result r ON r.execution_id = m.id
UNION ALL SELECT {edge e} FROM whole w JOIN edge e ON e.run_id = w.id
UNION ALL SELECT {condition c} FROM whole w JOIN condition c ON c.run_id = w.id
UNION ALL SELECT {attempt a} FROM unnest($handles, $fences) h(id, fence)
    JOIN attempt a ON a.execution_id = h.id AND a.last_fence = h.fence
