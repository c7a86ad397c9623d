header AS MATERIALIZED (
    SELECT *, members - settled_succeeded - settled_failed - settled_cancelled - settled_expired - settled_skipped AS unsettled
    FROM run WHERE id = $run
), marked AS MATERIALIZED (
    SELECT m.* FROM mark m WHERE m.run_id = $run AND EXISTS (SELECT FROM header) ORDER BY m.seq LIMIT $marks
), outgoing AS MATERIALIZED (
    SELECT e.*, m.generation,
        CASE WHEN x.phase = 4 AND x.generation = m.generation AND x.run_id = m.run_id AND e.state = 1 THEN x.outcome END AS ended_so
    FROM marked m JOIN edge e ON e.upstream = m.execution_id JOIN execution x ON x.id = m.execution_id
), resolved AS MATERIALIZED (
    SELECT child, predicates, CASE satisfied_by
        WHEN 0 THEN ended_so = 0 WHEN 1 THEN ended_so IN (1, 3) WHEN 2 THEN true WHEN 3 THEN ended_so = 4 ELSE ended_so IN (0, 4)
    END AS is_met
    FROM outgoing WHERE ended_so IS NOT NULL
), touched AS MATERIALIZED (
    SELECT child, count(*) FILTER (WHERE is_met) AS satisfied, count(*) FILTER (WHERE NOT is_met OR predicates <> '[]') AS missed
    FROM resolved GROUP BY child
), leaving AS MATERIALIZED (
    SELECT g.child FROM marked m JOIN edge_group g ON g.child = m.execution_id WHERE g.state = 0
    UNION
    SELECT g.child FROM touched t JOIN edge_group g ON g.child = t.child
    CROSS JOIN LATERAL (SELECT CASE g.need WHEN 0 THEN g.n WHEN 1 THEN 1 ELSE g.quorum END AS count) need
    WHERE g.state = 0 AND (g.satisfied + t.satisfied >= need.count OR g.n - g.missed - t.missed < need.count)
), sparing AS MATERIALIZED (
    SELECT child FROM edge_group WHERE run_id = $run AND kept > 0 AND cancel_state = 2 AND EXISTS (SELECT FROM leaving)
), final AS MATERIALIZED (
    SELECT e.id FROM execution e
    WHERE e.run_id = $run AND (e.finalizer = 1 OR (e.essential = 1 AND e.phase = 4 AND e.outcome IN (1, 2, 3)))
        AND EXISTS (
            SELECT FROM header h CROSS JOIN (SELECT count(*) AS marks FROM marked) m
            WHERE h.unsettled <= m.marks
                OR (h.finalizers > 0 AND h.unsettled - (h.finalizers - h.finalizers_settled) <= m.marks)
        )
), following AS MATERIALIZED (
    SELECT e.* FROM final f JOIN edge e ON e.upstream = f.id
), entering AS MATERIALIZED (
    SELECT e.*, c.leaves FROM (SELECT child, true AS leaves FROM leaving UNION ALL SELECT child, false FROM sparing) c
    JOIN edge e ON e.run_id = $run AND e.child = c.child
), grouped AS MATERIALIZED (
    SELECT execution_id AS id FROM marked UNION SELECT child FROM outgoing UNION SELECT child FROM leaving
    UNION SELECT child FROM sparing UNION SELECT child FROM following UNION SELECT id FROM final
), wanted AS MATERIALIZED (
    SELECT child AS id FROM leaving UNION SELECT id FROM final
    UNION SELECT upstream FROM entering WHERE leaves AND input IS NOT NULL
)
