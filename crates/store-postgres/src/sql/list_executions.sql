WITH page AS MATERIALIZED (
    SELECT * FROM execution e WHERE {conditions} ORDER BY e.created_ms, e.id LIMIT $limit + 1
), x AS MATERIALIZED (
    SELECT * FROM page ORDER BY created_ms, id LIMIT $limit
)
SELECT {execution x} FROM x
UNION ALL SELECT {route r} FROM (SELECT DISTINCT route_id AS id FROM x) u JOIN route r ON r.id = u.id
UNION ALL SELECT {tag t} FROM x JOIN tag t ON t.owner = x.id
UNION ALL SELECT {paged (SELECT count(*) FROM page)}
