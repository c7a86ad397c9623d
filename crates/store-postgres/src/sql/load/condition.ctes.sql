child AS MATERIALIZED (
    SELECT DISTINCT child AS id FROM edge WHERE upstream = $node
), entering AS MATERIALIZED (
    SELECT e.* FROM child c JOIN edge e ON e.run_id = $run AND e.child = c.id
), leaving AS MATERIALIZED (
    SELECT g.child FROM child c JOIN edge_group g ON g.child = c.id WHERE g.state = 0
), sparing AS MATERIALIZED (
    SELECT child FROM edge_group WHERE run_id = $run AND kept > 0 AND cancel_state = 2 AND EXISTS (SELECT FROM leaving)
), wanted AS MATERIALIZED (
    SELECT id FROM child UNION SELECT upstream FROM entering WHERE input IS NOT NULL
)
