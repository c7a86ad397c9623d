WITH clock AS MATERIALIZED (SELECT {now} AS ms)
SELECT {worker d} FROM (
    SELECT * FROM worker e WHERE expires_ms <= (SELECT ms FROM clock){wanted} ORDER BY expires_ms, instance LIMIT $limit {skip}
) d
