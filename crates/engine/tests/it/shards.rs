//! The number of shards and the size of batches change nothing.

use levada::Database;

use crate::support::{batch, ints, rows, run};

/// What three views on each other show after 500 rows in batches of `rows_max`.
fn shown(shards: usize, batch_rows: usize) -> Vec<String> {
    let db = Database::builder().shards(shards).open_in_memory().unwrap();
    run(
        &db,
        "CREATE SOURCE s (k BIGINT NOT NULL, v BIGINT);
         CREATE TABLE names (k BIGINT PRIMARY KEY, name TEXT);
         INSERT INTO names VALUES (0, 'zero'), (1, 'one'), (2, 'two'), (3, 'three');
         CREATE MATERIALIZED VIEW sums AS SELECT k, sum(v) AS total, max(v) AS most, count(DISTINCT v) AS d FROM s GROUP BY k;
         CREATE MATERIALIZED VIEW named AS SELECT s.k, n.name, s.total, s.most, s.d FROM sums s LEFT JOIN names n ON s.k % 5 = n.k;
         CREATE MATERIALIZED VIEW top AS SELECT name, count(*) AS n, sum(total) AS total FROM named GROUP BY name;
         CREATE MATERIALIZED VIEW ends AS SELECT name, total FROM top ORDER BY total DESC, name LIMIT 2;",
    );
    let source = db.source("s").unwrap();
    let keys: Vec<i64> = (0..500).map(|row| (row * 7919) % 37).collect();
    let values: Vec<i64> = (0..500).map(|row| (row * 104_729) % 101).collect();
    for (keys, values) in keys.chunks(batch_rows).zip(values.chunks(batch_rows)) {
        source.push_blocking(batch(vec![("k", ints(keys)), ("v", ints(values))])).unwrap();
    }
    run(&db, "DELETE FROM names WHERE k = 2");
    ["SELECT * FROM named", "SELECT * FROM top", "SELECT * FROM ends"].iter().flat_map(|sql| rows(&db, sql)).collect()
}

#[test]
fn the_same_rows_with_any_number_of_shards_and_any_batches() {
    let one = shown(1, 500);
    assert_eq!(one.len(), 37 + 4 + 2);
    for shards in [1, 2, 4] {
        for batch_rows in [7, 100] {
            assert_eq!(shown(shards, batch_rows), one, "{shards} shards, batches of {batch_rows}");
        }
    }
    assert_eq!(shown(2, 1), one, "rows one by one");
}
