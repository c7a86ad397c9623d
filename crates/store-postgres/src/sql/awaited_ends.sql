-- Open conditions that the end of a run or execution resolves, those whose upstream has ended first, and these upstreams.
WITH c AS MATERIALIZED (
    SELECT e.*, r.id AS ended_run, x.id AS ended_execution FROM {of} e
    LEFT JOIN run r ON r.id = e.upstream_run AND r.phase = 3
    LEFT JOIN execution x ON x.id = e.upstream_execution AND x.phase = 4
    WHERE e.state = 0 AND (e.upstream_run IS NOT NULL OR e.upstream_execution IS NOT NULL){wanted}
    ORDER BY r.id IS NULL AND x.id IS NULL, e.run_id, e.key LIMIT $limit
)
SELECT {condition c} FROM c
UNION ALL SELECT {run r} FROM c JOIN run r ON r.id = c.ended_run
UNION ALL SELECT {execution x} FROM c JOIN execution x ON x.id = c.ended_execution
