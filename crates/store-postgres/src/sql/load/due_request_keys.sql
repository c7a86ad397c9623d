WITH clock AS MATERIALIZED (SELECT {now} AS ms)
SELECT {request_key d} FROM (
    SELECT * FROM request_key e
    WHERE expires_ms <= (SELECT ms FROM clock)
        AND NOT EXISTS (SELECT FROM execution WHERE id = e.target) AND NOT EXISTS (SELECT FROM run WHERE id = e.target){wanted}
    ORDER BY expires_ms, namespace, key LIMIT $limit {skip}
) d
