-- Of the groups whose siblings are still to be cancelled a dispatcher may hold one and spare a sibling for a group that leaves "open"
-- here. So it is waited for, and what it left behind is loaded.
WITH {marks.ctes}, pending AS MATERIALIZED (
    SELECT child FROM edge_group WHERE run_id = $run AND cancel_state = 1 AND EXISTS (SELECT FROM leaving)
), g AS MATERIALIZED (
    SELECT child FROM edge_group WHERE child IN (SELECT id FROM grouped UNION SELECT child FROM pending) ORDER BY child {lock}
), e AS MATERIALIZED (
    SELECT id FROM execution WHERE id IN (SELECT id FROM wanted UNION SELECT execution_id FROM marked) AND phase <> 4 AND (SELECT count(*) FROM g) >= 0
    ORDER BY id {lock}
)
SELECT {locked_group g.child} FROM g UNION ALL SELECT {locked_execution e.id} FROM e
