WITH clock AS MATERIALIZED (SELECT {now} AS ms)
SELECT {condition d} FROM (
    SELECT * FROM condition e WHERE state = 0 AND expires_ms <= (SELECT ms FROM clock){wanted}
    ORDER BY expires_ms, run_id, key LIMIT $limit {skip}
) d
