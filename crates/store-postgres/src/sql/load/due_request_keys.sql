-- Request keys that are to be looked at, and what they stand for, without locks.
WITH clock AS MATERIALIZED (SELECT {now} AS ms), due AS MATERIALIZED (
    SELECT * FROM request_key e WHERE look_ms <= (SELECT ms FROM clock){wanted}
    ORDER BY look_ms, namespace, key LIMIT $limit {skip}
)
SELECT {request_key d} FROM due d
UNION ALL SELECT {execution x} FROM due d JOIN execution x ON x.id = d.target
UNION ALL SELECT {seen d.target} FROM due d
UNION ALL SELECT {run r} FROM due d JOIN run r ON r.id = d.target
