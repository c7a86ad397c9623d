
), x AS MATERIALIZED (
    SELECT * FROM execution WHERE id IN (SELECT id FROM looked)
), l AS MATERIALIZED (
    SELECT * FROM lane WHERE name IN (SELECT r.lane FROM x JOIN route r ON r.id = x.route_id)
)
{known x}
UNION ALL SELECT {edge_group g} FROM x JOIN edge_group g ON g.child = x.id
UNION ALL SELECT {mark m} FROM x JOIN mark m ON m.execution_id = x.id
UNION ALL SELECT {edge e} FROM edges e
UNION ALL SELECT {condition c} FROM c
UNION ALL SELECT {run r} FROM c JOIN run r ON r.id = c.upstream_run
UNION ALL SELECT {execution u} FROM c JOIN execution u ON u.id = c.upstream_execution
UNION ALL SELECT {lane l} FROM l
UNION ALL SELECT {counted 'active'::text, l.name, count(*)}
    FROM l JOIN route r ON r.lane = l.name JOIN execution e ON e.route_id = r.id AND e.phase = 2
    WHERE l.max_active IS NOT NULL GROUP BY l.name
UNION ALL SELECT {counted 'leases'::text, instance, count(*)} FROM execution WHERE phase = 2 GROUP BY instance
UNION ALL SELECT {worker w} FROM worker w WHERE w.state = 0
UNION ALL SELECT {engine_node n} FROM engine_node n
