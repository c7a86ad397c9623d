//! Event time: windows that close, and rows that come too late.

use std::time::Duration;

use levada::{Database, World, codes};

use crate::support::{batch, database, ints, refusal, rows, run, seconds};

const SOURCE: &str = "CREATE SOURCE s (at TIMESTAMP, v BIGINT, WATERMARK FOR at AS at - INTERVAL '2' SECOND)";

#[test]
fn a_window_is_shown_once_it_is_complete_and_never_again() {
    let db = database();
    run(&db, SOURCE);
    run(
        &db,
        "CREATE MATERIALIZED VIEW closed AS
             SELECT window_start, count(*) AS n, sum(v) AS total FROM TUMBLE(s, at, INTERVAL '10' SECOND)
             GROUP BY window_start, window_end EMIT ON WINDOW CLOSE;
         CREATE MATERIALIZED VIEW open AS
             SELECT window_start, count(*) AS n FROM TUMBLE(s, at, INTERVAL '10' SECOND) GROUP BY window_start, window_end;",
    );
    let source = db.source("s").unwrap();
    let push = |at: &[i64], v: &[i64]| source.push_blocking(batch(vec![("at", seconds(at)), ("v", ints(v))])).unwrap();
    push(&[1, 9], &[1, 2]);
    assert!(rows(&db, "SELECT * FROM closed").is_empty());
    assert_eq!(rows(&db, "SELECT * FROM open"), ["1970-01-01T00:00:00 2"]);
    push(&[11], &[4]);
    assert!(rows(&db, "SELECT * FROM closed").is_empty(), "the watermark is at 9");
    push(&[8, 12], &[8, 16]);
    assert_eq!(rows(&db, "SELECT * FROM closed"), ["1970-01-01T00:00:00 3 11"], "out of order, and in time");
    push(&[3, 13], &[100, 32]);
    assert_eq!(rows(&db, "SELECT * FROM closed"), ["1970-01-01T00:00:00 3 11"], "too late");
    assert_eq!(rows(&db, "SELECT n FROM open"), ["3", "4"], "nothing is too late for a view that may change");
    futures::executor::block_on(source.end_of_input()).unwrap();
    assert_eq!(rows(&db, "SELECT * FROM closed"), ["1970-01-01T00:00:00 3 11", "1970-01-01T00:00:10 3 52"]);
}

#[test]
fn hopping_windows_overlap() {
    let db = database();
    run(&db, SOURCE);
    run(
        &db,
        "CREATE MATERIALIZED VIEW hops AS
             SELECT window_start, window_end, count(*) AS n FROM HOP(s, at, INTERVAL '5' SECOND, INTERVAL '10' SECOND)
             GROUP BY window_start, window_end EMIT ON WINDOW CLOSE",
    );
    let source = db.source("s").unwrap();
    source.push_blocking(batch(vec![("at", seconds(&[3, 7])), ("v", ints(&[1, 1]))])).unwrap();
    futures::executor::block_on(source.end_of_input()).unwrap();
    let expected = [
        "1969-12-31T23:59:55 1970-01-01T00:00:05 1",
        "1970-01-01T00:00:00 1970-01-01T00:00:10 2",
        "1970-01-01T00:00:05 1970-01-01T00:00:15 1",
    ];
    assert_eq!(rows(&db, "SELECT * FROM hops"), expected);
}

#[test]
fn s_004_window_close_needs_a_watermark() {
    let db = database();
    run(&db, "CREATE SOURCE s (at TIMESTAMP, v BIGINT)");
    let sql = "CREATE MATERIALIZED VIEW w AS SELECT window_start, count(*) AS n
               FROM TUMBLE(s, at, INTERVAL '10' SECOND) GROUP BY window_start, window_end EMIT ON WINDOW CLOSE";
    assert_eq!(refusal(&db, sql), codes::LV_S501);
}

#[test]
fn a_silent_partition_holds_back_nothing_once_it_is_idle() {
    let (world, clock) = World::sim(1);
    let db = Database::builder().shards(1).world(world).open_in_memory().unwrap();
    run(&db, SOURCE);
    run(
        &db,
        "CREATE MATERIALIZED VIEW closed AS
             SELECT window_start, count(*) AS n FROM TUMBLE(s, at, INTERVAL '10' SECOND)
             GROUP BY window_start, window_end EMIT ON WINDOW CLOSE",
    );
    let (quick, silent) = (db.source("s").unwrap(), db.source("s").unwrap());
    silent.push_blocking(batch(vec![("at", seconds(&[1])), ("v", ints(&[1]))])).unwrap();
    clock.advance(Duration::from_secs(50));
    quick.push_blocking(batch(vec![("at", seconds(&[30])), ("v", ints(&[1]))])).unwrap();
    assert!(!db.step().unwrap(), "nothing is idle yet");
    assert!(rows(&db, "SELECT * FROM closed").is_empty(), "the slowest partition decides");
    clock.advance(Duration::from_secs(15));
    assert!(db.step().unwrap(), "the silent one is idle after a minute: no row is needed to see it");
    assert_eq!(rows(&db, "SELECT * FROM closed"), ["1970-01-01T00:00:00 1"]);
    assert!(!db.step().unwrap(), "and that is told once");
}

#[test]
fn hopping_windows_follow_updates_and_deletes() {
    let db = database();
    let query = "SELECT window_start, window_end, count(*) AS n, sum(v) AS total
                 FROM HOP(t, at, INTERVAL '4' SECOND, INTERVAL '10' SECOND) GROUP BY window_start, window_end";
    run(&db, "CREATE TABLE t (id BIGINT PRIMARY KEY, at TIMESTAMP, v BIGINT)");
    run(&db, &format!("CREATE MATERIALIZED VIEW hops AS {query}"));
    let changes = [
        "INSERT INTO t VALUES (1, '1970-01-01 00:00:03', 5), (2, '1970-01-01 00:00:07', 7), (3, '1970-01-01 00:00:07', 11)",
        "UPDATE t SET at = '1970-01-01 00:00:15' WHERE id = 2",
        "UPDATE t SET v = 6 WHERE id = 1",
        "DELETE FROM t WHERE id = 3",
        "DELETE FROM t",
    ];
    let windows = changes.map(|change| {
        run(&db, change);
        let found = rows(&db, "SELECT * FROM hops");
        assert_eq!(found, rows(&db, query), "after {change}");
        found.len()
    });
    assert_eq!(
        windows,
        [3, 5, 5, 4, 0],
        "3 s is in the windows from -4 and 0, 7 s in those from 0 and 4, 15 s in those from 8 and 12"
    );
}
