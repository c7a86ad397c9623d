WITH named AS MATERIALIZED (
    SELECT id FROM execution WHERE id = ANY($ids)
    UNION SELECT m.id FROM execution u JOIN execution m ON m.run_id = $run AND m.name = u.name
        WHERE u.id = ANY($ids) AND u.name <> ''
    UNION SELECT id FROM execution WHERE run_id = $run AND name = ANY($names)
), g AS MATERIALIZED (
    SELECT child FROM edge_group WHERE child = ANY($ids) ORDER BY child {lock}
), e AS MATERIALIZED (
    SELECT id FROM execution WHERE id IN (SELECT id FROM named) AND (SELECT count(*) FROM g) >= 0 ORDER BY id {lock}
)
SELECT {locked_group g.child} FROM g UNION ALL SELECT {locked_execution e.id} FROM e
