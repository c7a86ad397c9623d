WITH clock AS MATERIALIZED (SELECT {now} AS ms), due AS MATERIALIZED (
    SELECT id, xmin AS version FROM schedule e
    WHERE paused = 0 AND next_fire_ms <= (SELECT ms FROM clock){wanted} ORDER BY next_fire_ms, id LIMIT $limit {skip}
), x AS MATERIALIZED (
    SELECT s.* FROM due d JOIN schedule s ON s.id = d.id AND s.xmin = d.version
)
SELECT {schedule x} FROM x
UNION ALL SELECT {schedule_fire f} FROM x CROSS JOIN LATERAL (
    SELECT * FROM schedule_fire WHERE schedule_id = x.id ORDER BY nominal_ms DESC LIMIT 1
) f
