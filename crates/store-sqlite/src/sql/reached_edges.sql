WHERE run_id = ?1 AND upstream IN (
    WITH RECURSIVE reached (id) AS (
        SELECT ?2
        UNION
        SELECT edge.child FROM reached CROSS JOIN edge ON edge.upstream = reached.id WHERE edge.run_id = ?1
    )
    SELECT id FROM reached
)
