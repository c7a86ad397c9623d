-- Each part by its own index; a condition has one upstream.
(
    SELECT * FROM condition WHERE state = 0 AND upstream_run = ANY($upstreams)
    UNION ALL SELECT * FROM condition WHERE state = 0 AND upstream_execution = ANY($upstreams)
    UNION ALL SELECT * FROM condition
        WHERE state = 0 AND run_id = ANY($runs) AND coalesce(upstream_run, upstream_execution) <> ALL($upstreams)
)
