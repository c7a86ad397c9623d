firing AS MATERIALIZED (
    SELECT * FROM edge_group WHERE child = $child {skip}
), entering AS MATERIALIZED (
    SELECT e.* FROM firing g JOIN edge e ON e.run_id = g.run_id AND e.child = g.child WHERE g.cancel_state = 1
), live AS MATERIALIZED (
    SELECT s.id, EXISTS (
        SELECT FROM edge o JOIN edge_group g ON g.child = o.child
        WHERE o.upstream = s.id AND o.child <> $child AND g.state = 0
    ) AS needed
    FROM entering e JOIN execution s ON s.id = e.upstream WHERE s.phase <> 4 AND e.state = 1
), loser AS MATERIALIZED (
    SELECT id FROM live WHERE NOT needed ORDER BY id LIMIT $losers
)
