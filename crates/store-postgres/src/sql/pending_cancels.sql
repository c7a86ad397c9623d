WITH clock AS MATERIALIZED (SELECT {now} AS ms)
SELECT {cancel_pending c} FROM (
    SELECT * FROM cancel_pending
    WHERE ($namespaces IS NULL OR namespace = ANY($namespaces))
        AND not_before_ms <= (SELECT ms FROM clock) AND enqueued_ms <= (SELECT ms - $older FROM clock)
    ORDER BY enqueued_ms, child LIMIT $limit
) c
