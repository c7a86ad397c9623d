-- A condition, the edges on it, and of each child what decides whether its group fires.
WITH {condition.ctes}, x AS MATERIALIZED (
    SELECT * FROM execution WHERE id IN (SELECT id FROM wanted)
)
{known x}
UNION ALL SELECT {condition c} FROM condition c WHERE c.run_id = $run AND c.key = $key
UNION ALL SELECT {edge e} FROM edge e WHERE e.upstream = $node
UNION ALL SELECT {edge e} FROM entering e
UNION ALL SELECT {edge_group g} FROM child c JOIN edge_group g ON g.child = c.id
UNION ALL SELECT {edge_group g} FROM sparing s JOIN edge_group g ON g.child = s.child
UNION ALL SELECT {edge e} FROM sparing s JOIN edge e ON e.run_id = $run AND e.child = s.child
