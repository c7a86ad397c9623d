WITH {marks.ctes}, g AS MATERIALIZED (
    SELECT child FROM edge_group WHERE child IN (SELECT id FROM grouped) ORDER BY child {lock}
), e AS MATERIALIZED (
    SELECT id FROM execution WHERE id IN (SELECT id FROM wanted UNION SELECT execution_id FROM marked) AND phase <> 4 AND (SELECT count(*) FROM g) >= 0
    ORDER BY id {lock}
)
SELECT {locked_group g.child} FROM g UNION ALL SELECT {locked_execution e.id} FROM e
