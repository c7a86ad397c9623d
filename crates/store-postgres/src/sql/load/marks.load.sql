-- The oldest marks of a run and what they touch one step downstream; what decides the run's end if it may end.
WITH {marks.ctes}, x AS MATERIALIZED (
    SELECT * FROM execution WHERE id IN (SELECT id FROM wanted)
)
{known x}
UNION ALL SELECT {mark m} FROM marked m
UNION ALL SELECT {execution x} FROM marked m JOIN execution x ON x.id = m.execution_id
UNION ALL SELECT {bare execution_result r} FROM execution_result r
    JOIN (SELECT DISTINCT upstream, generation FROM outgoing WHERE predicates <> '[]') o
    ON r.execution_id = o.upstream AND r.generation = o.generation
UNION ALL SELECT {edge e} FROM outgoing e
UNION ALL SELECT {edge e} FROM entering e
UNION ALL SELECT {edge e} FROM following e
UNION ALL SELECT {edge_group g} FROM grouped c JOIN edge_group g ON g.child = c.id
