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

#[test]
fn large_epochs_on_threads_give_what_one_shard_gives() {
    let content = |shards: usize| {
        let db = Database::builder().shards(shards).open_in_memory().unwrap();
        run(
            &db,
            "CREATE SOURCE s (k BIGINT NOT NULL, v BIGINT);
             CREATE MATERIALIZED VIEW kept AS SELECT k + 1 AS k, v FROM s WHERE v % 3 = 0;
             CREATE MATERIALIZED VIEW sums AS SELECT k, count(*) AS n, sum(v) AS total FROM s GROUP BY k;
             CREATE MATERIALIZED VIEW pairs AS SELECT a.k, a.total, b.v FROM sums a JOIN kept b ON a.k = b.k AND b.v < 40;",
        );
        let source = db.source("s").unwrap();
        for part in 0..2 {
            // Enough for every kind of operator to be split over the threads.
            let rows = part * 300_000..(part + 1) * 300_000;
            let keys: Vec<i64> = rows.clone().map(|row| (row * 7919) % 1_009).collect();
            let values: Vec<i64> = rows.map(|row| (row * 104_729) % 10_007).collect();
            source.push_blocking(batch(vec![("k", ints(&keys)), ("v", ints(&values))])).unwrap();
        }
        ["SELECT * FROM sums", "SELECT count(*), sum(k), sum(v) FROM kept", "SELECT * FROM pairs"].map(|sql| rows(&db, sql))
    };
    let one = content(1);
    assert_eq!((one[0].len(), one[2].is_empty()), (1_009, false));
    assert_eq!(content(2), one);
    assert_eq!(content(4), one);
}
