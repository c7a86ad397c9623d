WITH clock AS MATERIALIZED (SELECT {now} AS ms)
SELECT {request_key d} FROM (
    SELECT * FROM request_key k
    WHERE expires_ms <= (SELECT ms FROM clock)
        AND NOT EXISTS (SELECT FROM execution WHERE id = k.target) AND NOT EXISTS (SELECT FROM run WHERE id = k.target)
    ORDER BY expires_ms, namespace, key LIMIT $limit {skip}
) d
