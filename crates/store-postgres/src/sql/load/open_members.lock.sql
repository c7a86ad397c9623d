WITH o AS MATERIALIZED (
    SELECT id FROM execution WHERE run_id = $run AND phase <> 4
        AND ($active OR phase <> 2) AND ($finalizers OR finalizer = 0)
        AND NOT EXISTS (SELECT FROM run WHERE id = $run AND members <= $inline AND phase <> 0)
    ORDER BY id LIMIT $limit
), g AS MATERIALIZED (
    SELECT child FROM edge_group WHERE child IN (SELECT id FROM o) ORDER BY child {lock}
), e AS MATERIALIZED (
    SELECT id FROM execution WHERE id IN (SELECT id FROM o) AND (SELECT count(*) FROM g) >= 0 ORDER BY id {lock}
)
SELECT {locked_group g.child} FROM g UNION ALL SELECT {locked_execution e.id} FROM e
