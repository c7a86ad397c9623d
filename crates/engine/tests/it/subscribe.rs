//! Changes for a reader in the program.

use levada::{Database, Subscription, codes};

use crate::support::{database, rows, run};

/// What has come, as `epoch:weight:values`, each epoch's changes sorted.
fn changes(subscription: &mut Subscription) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(next) = subscription.try_next() {
        let Some(epoch) = next.expect("changes") else { break };
        let mut lines = Vec::new();
        for delta in &epoch.changes {
            for row in 0..delta.num_rows() {
                let cell = |column: usize| arrow::util::display::array_value_to_string(delta.column(column), row).unwrap();
                let cells: Vec<String> = (0..delta.batch().num_columns()).map(cell).collect();
                lines.push(format!("{:+} {}", delta.weight(row), cells.join(" ")));
            }
        }
        lines.sort();
        told.extend(lines);
    }
    told
}

fn subscribe(db: &Database, name: &str) -> Subscription {
    futures::executor::block_on(db.subscribe(name)).expect("a subscription")
}

#[test]
fn what_is_there_comes_first_then_every_net_change() {
    let db = database();
    run(
        &db,
        "CREATE TABLE t (k BIGINT PRIMARY KEY, v BIGINT);
         CREATE MATERIALIZED VIEW m AS SELECT k % 2 AS odd, max(v) AS v FROM t GROUP BY k % 2;
         INSERT INTO t VALUES (1, 10), (2, 20), (3, 30);",
    );
    let mut subscription = subscribe(&db, "m");
    assert_eq!(changes(&mut subscription), ["+1 0 20", "+1 1 30"]);
    run(&db, "UPDATE t SET v = 31 WHERE k = 3");
    assert_eq!(changes(&mut subscription), ["+1 1 31", "-1 1 30"]);
    run(&db, "UPDATE t SET v = 11 WHERE k = 1");
    assert!(changes(&mut subscription).is_empty(), "the maximum did not change");
    run(&db, "DELETE FROM t WHERE k = 3");
    assert_eq!(changes(&mut subscription), ["+1 1 11", "-1 1 31"]);
    db.close().unwrap();
    assert!(subscription.next_blocking().unwrap().is_none(), "closed: nothing more comes");
}

#[test]
fn a_dropped_view_ends_its_subscribers_with_a_code() {
    let db = database();
    run(
        &db,
        "CREATE TABLE t (k BIGINT); CREATE MATERIALIZED VIEW m AS SELECT * FROM t; CREATE STREAM s AS SELECT k FROM t WHERE k > 1",
    );
    let mut view = subscribe(&db, "m");
    let mut stream = subscribe(&db, "s");
    run(&db, "INSERT INTO t VALUES (1), (2); DROP MATERIALIZED VIEW m; INSERT INTO t VALUES (3)");
    assert!(view.next_blocking().unwrap().is_some(), "what came before the end is not lost");
    assert_eq!(view.next_blocking().unwrap_err().code(), codes::LV_S704);
    assert_eq!(changes(&mut stream), ["+1 2", "+1 3"]);
}

#[test]
fn a_reader_that_is_too_slow_is_told_where_it_was() {
    let mut settings = levada::Settings::default();
    settings.set("subscription_buffer", "1 KiB").unwrap();
    let db = Database::builder().settings(settings).open_in_memory().unwrap();
    run(&db, "CREATE TABLE t (k BIGINT); CREATE MATERIALIZED VIEW m AS SELECT k FROM t");
    let mut subscription = subscribe(&db, "m");
    for _ in 0..40 {
        run(&db, "INSERT INTO t SELECT * FROM (VALUES (1), (2), (3), (4), (5), (6), (7), (8))");
    }
    let mut got = 0;
    let error = loop {
        match subscription.next_blocking() {
            Ok(Some(epoch)) => got += epoch.changes.iter().map(|delta| delta.num_rows()).sum::<usize>(),
            Ok(None) => panic!("ended without a word"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), codes::LV_S705, "{error}");
    assert!(got > 0 && got < 320, "{got}");
    assert_eq!(rows(&db, "SELECT count(*) FROM m"), ["320"], "nobody else is held up");
}

#[test]
fn equal_rows_that_go_are_one_change_and_a_row_replaced_by_itself_is_none() {
    let db = database();
    run(
        &db,
        "CREATE TABLE bag (k BIGINT);
         CREATE TABLE keyed (k BIGINT PRIMARY KEY, v BIGINT) ON CONFLICT OVERWRITE;
         INSERT INTO bag VALUES (1), (1), (2);
         INSERT INTO keyed VALUES (1, 1)",
    );
    let (mut bag, mut keyed) = (subscribe(&db, "bag"), subscribe(&db, "keyed"));
    changes(&mut bag);
    changes(&mut keyed);
    run(&db, "DELETE FROM bag WHERE k = 1; INSERT INTO keyed VALUES (1, 1); UPDATE keyed SET v = 1");
    assert_eq!(changes(&mut bag), ["-2 1"]);
    assert!(keyed.try_next().is_none());
}

#[test]
fn a_subscription_that_nobody_reads_any_more_stops_working() {
    let db = database();
    run(&db, "CREATE TABLE t (k BIGINT)");
    let reads = |db: &Database| db.progress().into_iter().filter(|progress| !progress.is_source).count();
    let kept = subscribe(&db, "t");
    drop(subscribe(&db, "t"));
    assert_eq!(reads(&db), 2);
    run(&db, "INSERT INTO t VALUES (1)");
    assert_eq!(reads(&db), 1, "the next epoch finds that one reader is gone");
    drop(kept);
    run(&db, "INSERT INTO t VALUES (2)");
    assert_eq!(reads(&db), 0);
}
