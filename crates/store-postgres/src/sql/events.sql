SELECT e.transaction::text::bigint, e.id,
    $key IS NULL OR EXISTS (SELECT FROM tag t WHERE t.owner IN (e.run_id, e.execution_id) AND t.key = $key AND t.value = $value),
    {event e}
FROM (
    SELECT * FROM event
    WHERE (transaction, id) > ($transaction::text::xid8, $id) AND transaction < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY transaction, id LIMIT $limit
) e
ORDER BY e.transaction, e.id
