WITH page AS MATERIALIZED (
    SELECT * FROM edge WHERE run_id = $run AND (child, upstream) > ($child, $upstream) ORDER BY child, upstream LIMIT $limit
)
SELECT {run r} FROM run r WHERE r.id = $run
UNION ALL SELECT {edge e} FROM page e
UNION ALL SELECT {edge_group g} FROM (SELECT DISTINCT child FROM page) c JOIN edge_group g ON g.child = c.child
