//! Rows from the program.

use std::sync::Arc;

use arrow::array::Int64Array;
use levada::codes;

use crate::support::{batch, database, ints, notices, refusal, rows, run, texts};

#[test]
fn every_view_has_the_rows_when_a_push_returns() {
    let db = database();
    run(
        &db,
        "CREATE SOURCE s (k BIGINT NOT NULL, v TEXT);
         CREATE MATERIALIZED VIEW counts AS SELECT k, count(v) AS n FROM s GROUP BY k;
         CREATE MATERIALIZED VIEW large AS SELECT k FROM counts WHERE n > 1;",
    );
    let source = db.source("s").unwrap();
    let first = source.push_blocking(batch(vec![("v", texts(&["a", "b", "c"])), ("k", ints(&[1, 1, 2]))])).unwrap();
    assert_eq!(rows(&db, "SELECT * FROM large"), ["1"]);
    let second = source.push_blocking(batch(vec![("k", ints(&[2, 2]))])).unwrap();
    assert_eq!(second, first.next(), "an epoch each");
    assert_eq!(rows(&db, "SELECT * FROM counts"), ["1 2", "2 1"], "a column that is left out is NULL");
}

#[test]
fn rows_that_do_not_fit_are_refused_whole() {
    let db = database();
    run(&db, "CREATE SOURCE s (k BIGINT NOT NULL, v TEXT); CREATE MATERIALIZED VIEW all_rows AS SELECT * FROM s");
    let source = db.source("s").unwrap();
    let unknown = source.push_blocking(batch(vec![("k", ints(&[1])), ("w", ints(&[1]))])).unwrap_err();
    assert_eq!(unknown.code(), codes::LV_C050, "{unknown}");
    let missing = source.push_blocking(batch(vec![("v", texts(&["a"]))])).unwrap_err();
    assert_eq!(missing.code(), codes::LV_C050, "{missing}");
    let null = Arc::new(Int64Array::from(vec![Some(2), None]));
    let null = source.push_blocking(batch(vec![("k", null)])).unwrap_err();
    assert_eq!(null.code(), codes::LV_S203, "{null}");
    assert!(rows(&db, "SELECT * FROM all_rows").is_empty());
    source.push_blocking(batch(vec![("k", ints(&[1])), ("v", texts(&["a"]))])).unwrap();
    assert_eq!(rows(&db, "SELECT * FROM all_rows"), ["1 a"], "and the next batch is taken");
}

#[test]
fn insert_into_a_source_is_a_push() {
    let db = database();
    run(
        &db,
        "CREATE SOURCE s (k BIGINT); CREATE MATERIALIZED VIEW v AS SELECT k + 1 AS k FROM s; INSERT INTO s VALUES (1), (2)",
    );
    assert_eq!(rows(&db, "SELECT * FROM v"), ["2", "3"]);
    assert_eq!(refusal(&db, "UPDATE s SET k = 1"), codes::LV_S204);
    assert_eq!(refusal(&db, "SELECT * FROM s"), codes::LV_S120, "what is not stored can't be asked for");
}

#[test]
fn a_view_over_a_push_source_says_that_it_starts_late() {
    let db = database();
    run(&db, "CREATE SOURCE s (k BIGINT); CREATE MATERIALIZED VIEW a AS SELECT * FROM s; INSERT INTO s VALUES (1)");
    let told = notices(&db, "CREATE MATERIALIZED VIEW b AS SELECT * FROM s");
    assert_eq!(told, [codes::LV_S911]);
    run(&db, "INSERT INTO s VALUES (2)");
    assert_eq!(rows(&db, "SELECT * FROM a"), ["1", "2"]);
    assert_eq!(rows(&db, "SELECT * FROM b"), ["2"]);
}

#[test]
fn many_threads_may_push_and_read() {
    let db = database();
    run(&db, "CREATE SOURCE s (k BIGINT NOT NULL); CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n, sum(k) AS total FROM s");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let source = db.source("s").unwrap();
                for _ in 0..50 {
                    source.push_blocking(batch(vec![("k", ints(&[1, 2, 3]))])).unwrap();
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..20 {
                let seen = db.query_blocking("SELECT n % 3, total - 2 * n FROM v").unwrap().texts();
                assert!(seen[0][0].as_deref() == Some("0"), "a push is seen whole or not at all: {seen:?}");
            }
        });
    });
    assert_eq!(rows(&db, "SELECT * FROM v"), ["600 1200"]);
}

#[test]
fn q_2_the_time_of_arrival_is_stored_with_the_row() {
    let db = database();
    run(
        &db,
        "CREATE SOURCE s (v BIGINT, seen TIMESTAMPTZ AS now(), day AS current_date, WATERMARK FOR seen);
         CREATE MATERIALIZED VIEW stored AS SELECT v, seen, day = CAST(seen AS DATE) AS same FROM s;",
    );
    let source = db.source("s").unwrap();
    let push = |v: i64| source.push_blocking(batch(vec![("v", ints(&[v]))])).unwrap();
    push(1);
    let first = rows(&db, "SELECT v, seen, same FROM stored WHERE seen > TIMESTAMPTZ '2020-01-01 00:00:00Z'");
    assert!(first[0].starts_with("1 20") && first[0].ends_with(" true"), "{first:?}");
    push(2);
    assert_eq!(rows(&db, "SELECT v, seen, same FROM stored WHERE v = 1"), first, "it does not move on");
    assert_eq!(
        rows(&db, "SELECT count(*) FROM stored AS a JOIN stored AS b ON a.v = 1 AND b.v = 2 WHERE a.seen <= b.seen"),
        ["1"]
    );
}

#[test]
fn q_3_a_default_may_be_the_time() {
    let db = database();
    run(&db, "CREATE TABLE t (v BIGINT, written TIMESTAMPTZ DEFAULT now()); INSERT INTO t (v) VALUES (1);");
    assert_eq!(rows(&db, "SELECT v FROM t WHERE written > TIMESTAMPTZ '2020-01-01 00:00:00Z'"), ["1"]);
}
