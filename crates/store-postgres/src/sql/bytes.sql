-- The bytes of each table with its partitions, indexes and long values.
SELECT 'store_bytes', t.relname::text, NULL::smallint, coalesce(
    (SELECT sum(pg_total_relation_size(p.relid)) FROM pg_partition_tree(t.oid::regclass) p),
    pg_total_relation_size(t.oid::regclass)
)::bigint
FROM pg_class t
WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind IN ('r', 'p') AND NOT t.relispartition
UNION ALL SELECT 'now', NULL, NULL, {now}
