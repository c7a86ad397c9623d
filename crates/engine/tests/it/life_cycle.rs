//! Objects that come and go while data flows, and failures that leave nothing behind.

use levada::codes;

use crate::support::{batch, database, ints, refusal, rows, run};

#[test]
fn views_come_and_go_while_data_flows() {
    let db = database();
    run(&db, "CREATE TABLE t (k BIGINT); CREATE MATERIALIZED VIEW a AS SELECT sum(k) AS s FROM t");
    for round in 0..5 {
        run(&db, &format!("INSERT INTO t VALUES ({round}); CREATE MATERIALIZED VIEW v{round} AS SELECT count(*) AS n FROM t"));
        run(&db, "INSERT INTO t VALUES (1)");
        assert_eq!(
            rows(&db, &format!("SELECT * FROM v{round}")),
            [format!("{}", 2 * round + 2)],
            "it begins with what is there"
        );
        run(&db, &format!("DROP MATERIALIZED VIEW v{round}"));
        assert_eq!(refusal(&db, &format!("SELECT * FROM v{round}")), codes::LV_S101);
    }
    assert_eq!(rows(&db, "SELECT * FROM a"), ["15"]);
}

#[test]
fn what_others_read_can_be_dropped_only_with_them() {
    let db = database();
    run(
        &db,
        "CREATE TABLE t (k BIGINT); CREATE MATERIALIZED VIEW a AS SELECT * FROM t; CREATE MATERIALIZED VIEW b AS SELECT * FROM a",
    );
    assert_eq!(refusal(&db, "DROP TABLE t"), codes::LV_S103);
    assert_eq!(refusal(&db, "DROP VIEW a"), codes::LV_S105);
    run(&db, "INSERT INTO t VALUES (1)");
    assert_eq!(rows(&db, "SELECT * FROM b"), ["1"], "a refused DROP changes nothing");
    run(&db, "DROP TABLE t CASCADE");
    for name in ["t", "a", "b"] {
        assert_eq!(refusal(&db, &format!("SELECT * FROM {name}")), codes::LV_S101);
    }
}

#[test]
fn a_create_that_fails_leaves_the_name_free() {
    let db = database();
    run(&db, "CREATE TABLE t (k BIGINT)");
    assert_eq!(refusal(&db, "CREATE MATERIALIZED VIEW v AS SELECT nothing FROM t"), codes::LV_S110);
    assert_eq!(refusal(&db, "CREATE SOURCE v (k BIGINT) WITH (connector = 'file', path = 'no/such/file.csv')"), codes::LV_C010);
    run(&db, "CREATE MATERIALIZED VIEW v AS SELECT k FROM t; INSERT INTO t VALUES (3)");
    assert_eq!(rows(&db, "SELECT * FROM v"), ["3"]);
}

#[test]
fn a_job_that_fails_stops_alone_and_says_why() {
    let db = database();
    run(
        &db,
        "CREATE TABLE t (k BIGINT);
         CREATE MATERIALIZED VIEW good AS SELECT count(*) AS n FROM t;
         CREATE MATERIALIZED VIEW bad AS SELECT 10 / k AS v FROM t;
         CREATE MATERIALIZED VIEW above AS SELECT v FROM bad;
         INSERT INTO t VALUES (1), (2); INSERT INTO t VALUES (0)",
    );
    assert_eq!(rows(&db, "SELECT * FROM good"), ["3"]);
    assert_eq!(refusal(&db, "SELECT * FROM bad"), codes::LV_S710);
    assert_eq!(refusal(&db, "SELECT * FROM above"), codes::LV_S710);
    run(&db, "INSERT INTO t VALUES (5)");
    assert_eq!(rows(&db, "SELECT * FROM good"), ["4"], "the others go on");
}

#[test]
fn after_close_everything_is_refused() {
    let db = database();
    run(&db, "CREATE SOURCE s (k BIGINT)");
    let source = db.source("s").unwrap();
    db.close().unwrap();
    db.close().unwrap();
    assert_eq!(refusal(&db, "SELECT 1"), codes::LV_J011);
    assert_eq!(source.push_blocking(batch(vec![("k", ints(&[1]))])).unwrap_err().code(), codes::LV_J011);
}

#[test]
fn a_column_may_have_the_name_of_something_that_cannot_be_read() {
    let db = database();
    run(&db, "CREATE SOURCE item (k BIGINT); CREATE TABLE bids (item BIGINT); INSERT INTO bids VALUES (7)");
    assert_eq!(rows(&db, "SELECT item FROM bids WHERE item = 7"), ["7"]);
}
