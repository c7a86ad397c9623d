-- "reached" is everything downstream of one execution: what a new edge into it could close a cycle with.
WITH RECURSIVE reached(id) AS (
    SELECT $reach UNION SELECT e.child FROM reached JOIN edge e ON e.upstream = reached.id WHERE e.run_id = $run
), named AS MATERIALIZED (
    SELECT id FROM execution WHERE id = ANY($ids)
    UNION SELECT m.id FROM execution u JOIN execution m ON m.run_id = $run AND m.name = u.name
        WHERE u.id = ANY($ids) AND u.name <> ''
    UNION SELECT id FROM execution WHERE run_id = $run AND name = ANY($names)
), x AS MATERIALIZED (
    SELECT * FROM execution WHERE id IN (SELECT id FROM named)
)
{known x}
UNION ALL SELECT {bare execution_result r} FROM x
    JOIN execution_result r ON r.execution_id = x.id AND r.generation = x.generation
UNION ALL SELECT {edge_group g} FROM edge_group g WHERE g.child = ANY($ids)
UNION ALL SELECT {condition c} FROM condition c WHERE c.run_id = $run AND c.key = ANY($conditions)
UNION ALL SELECT {edge e} FROM unnest($ids) u(id) JOIN edge e ON e.run_id = $run AND e.child = u.id
UNION ALL SELECT {edge e} FROM reached r JOIN edge e ON e.upstream = r.id AND e.run_id = $run
