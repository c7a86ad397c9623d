-- Executions whose time has come, locked, skipping what others hold. What changed while this statement ran is left for the next
-- tick, because the rest of the slice would be older. The headers of runs are read again afterwards: they change without their members.
WITH clock AS MATERIALIZED (SELECT {now} AS ms), due AS MATERIALIZED (
    SELECT e.id, e.xmin AS version FROM execution e
    WHERE {condition} AND {time} <= (SELECT ms{shift} FROM clock){wanted} ORDER BY {time}, e.id LIMIT $limit {skip}
), x AS MATERIALIZED (
    SELECT e.* FROM due d JOIN execution e ON e.id = d.id AND e.xmin = d.version
)
{known x}
UNION ALL SELECT {locked_execution x.id} FROM x
