WITH clock AS MATERIALIZED (SELECT {now} AS ms), due AS MATERIALIZED (
    SELECT * FROM run e WHERE {condition} AND {time} <= (SELECT ms FROM clock){wanted} ORDER BY {time}, e.id LIMIT $limit {skip}
)
SELECT {run d} FROM due d UNION ALL SELECT {locked_run d.id} FROM due d
