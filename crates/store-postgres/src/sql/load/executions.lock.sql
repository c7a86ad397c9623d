-- Locks runs, then their groups, then executions, each by id. "near" are the runs that are settled where an execution ends.
WITH near AS MATERIALIZED (
    SELECT r.id FROM execution e JOIN run r ON r.id = e.run_id
    WHERE e.id = ANY($ending) AND r.members <= $inline AND r.phase <> 0
    UNION SELECT id FROM run WHERE id = ANY($small) AND members <= $inline AND phase <> 0
), whole AS MATERIALIZED (
    SELECT unnest($whole) AS id UNION SELECT id FROM near
), r AS MATERIALIZED (
    SELECT id FROM run WHERE id IN (SELECT unnest($runs) UNION SELECT id FROM whole) ORDER BY id {lock}
), g AS MATERIALIZED (
    SELECT child FROM edge_group
    WHERE child IN (SELECT m.id FROM execution m WHERE m.run_id IN (SELECT id FROM whole)) AND (SELECT count(*) FROM r) >= 0
    ORDER BY child {lock}
), e AS MATERIALIZED (
    SELECT id FROM execution
    WHERE id IN (SELECT unnest($ids) UNION SELECT m.id FROM execution m WHERE m.run_id IN (SELECT id FROM whole))
        AND (SELECT count(*) FROM g) >= 0
    ORDER BY id {lock}
)
SELECT {locked_run r.id} FROM r
UNION ALL SELECT {locked_group g.child} FROM g
UNION ALL SELECT {locked_execution e.id} FROM e
