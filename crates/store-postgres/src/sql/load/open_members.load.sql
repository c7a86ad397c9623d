WITH x AS MATERIALIZED (
    SELECT * FROM execution WHERE run_id = $run AND phase <> 4
        AND ($active OR phase <> 2) AND ($finalizers OR finalizer = 0)
        AND NOT EXISTS (SELECT FROM run WHERE id = $run AND members <= $inline AND phase <> 0)
    ORDER BY id LIMIT $limit
)
{known x}
UNION ALL SELECT {edge_group g} FROM x JOIN edge_group g ON g.child = x.id
