WITH page AS MATERIALIZED (
    SELECT * FROM run e WHERE {conditions} ORDER BY e.created_ms, e.id LIMIT $limit + 1
), x AS MATERIALIZED (
    SELECT * FROM page ORDER BY created_ms, id LIMIT $limit
)
SELECT {run x} FROM x
UNION ALL SELECT {tag t} FROM x JOIN tag t ON t.owner = x.id
UNION ALL SELECT {paged (SELECT count(*) FROM page)}
