-- A group whose siblings are still to be cancelled is waited for as when marks are settled.
WITH {condition.ctes}, pending AS MATERIALIZED (
    SELECT child FROM edge_group WHERE run_id = $run AND cancel_state = 1 AND EXISTS (SELECT FROM leaving)
), c AS MATERIALIZED (
    SELECT key FROM condition WHERE run_id = $run AND key = $key {lock}
), g AS MATERIALIZED (
    SELECT child FROM edge_group WHERE child IN (SELECT id FROM child UNION SELECT child FROM sparing UNION SELECT child FROM pending)
        AND (SELECT count(*) FROM c) >= 0
    ORDER BY child {lock}
), e AS MATERIALIZED (
    SELECT id FROM execution WHERE id IN (SELECT id FROM wanted) AND phase <> 4 AND (SELECT count(*) FROM g) >= 0
    ORDER BY id {lock}
)
SELECT {locked_group g.child} FROM g UNION ALL SELECT {locked_execution e.id} FROM e
