WITH {group.ctes}, e AS MATERIALIZED (
    SELECT id FROM execution WHERE id IN (SELECT id FROM loser) ORDER BY id {lock}
)
SELECT {locked_group g.child} FROM firing g UNION ALL SELECT {locked_execution e.id} FROM e
