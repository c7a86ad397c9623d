-- The oldest marks of a run and what they touch one step downstream; what decides the run's end if it may end.
WITH {marks.ctes}, x AS MATERIALIZED (
    SELECT * FROM execution WHERE id IN (SELECT id FROM wanted)
)
{known x}
UNION ALL SELECT {mark m} FROM marked m
UNION ALL SELECT {bare execution_result r} FROM marked m
    JOIN execution_result r ON r.execution_id = m.execution_id AND r.generation = m.generation
UNION ALL SELECT {edge e} FROM outgoing e
UNION ALL SELECT {edge e} FROM entering e
UNION ALL SELECT {edge e} FROM following e
UNION ALL SELECT {edge_group g} FROM grouped c JOIN edge_group g ON g.child = c.id
