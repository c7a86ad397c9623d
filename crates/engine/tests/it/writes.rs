//! Statements that write tables: what they find, what they give back, what they leave alone.

use levada::codes;

use crate::support::{database, refusal, rows, run};

#[test]
fn an_update_loses_nothing_to_another() {
    let db = database();
    run(&db, "CREATE TABLE t (k BIGINT PRIMARY KEY, v BIGINT); INSERT INTO t VALUES (1, 0), (2, 0)");
    run(&db, "CREATE MATERIALIZED VIEW total AS SELECT sum(v) AS v FROM t");
    std::thread::scope(|scope| {
        for k in [1, 1, 2] {
            let db = &db;
            scope.spawn(move || {
                for _ in 0..20 {
                    run(db, &format!("UPDATE t SET v = v + 1 WHERE k = {k}"));
                }
            });
        }
    });
    assert_eq!(rows(&db, "SELECT * FROM t"), ["1 40", "2 20"]);
    assert_eq!(rows(&db, "SELECT * FROM total"), ["60"]);
}

#[test]
fn update_from_and_delete_using_meet_each_row_once() {
    let db = database();
    run(
        &db,
        "CREATE TABLE t (k BIGINT, v BIGINT);
         CREATE TABLE other (k BIGINT, w BIGINT);
         CREATE MATERIALIZED VIEW total AS SELECT sum(v) AS v FROM t;
         INSERT INTO t VALUES (1, 10), (1, 10), (2, 20), (3, 30);
         INSERT INTO other VALUES (1, 5), (2, 6);
         UPDATE t AS x SET v = x.v + o.w FROM other o WHERE o.k = x.k;",
    );
    assert_eq!(rows(&db, "SELECT * FROM t"), ["1 15", "1 15", "2 26", "3 30"], "equal rows are two rows");
    assert_eq!(rows(&db, "SELECT * FROM total"), ["86"]);
    run(&db, "INSERT INTO other VALUES (2, 7)");
    assert_eq!(refusal(&db, "UPDATE t SET v = o.w FROM other o WHERE o.k = t.k"), codes::LV_S205);
    assert_eq!(rows(&db, "SELECT * FROM total"), ["86"], "nothing was written");
    run(&db, "DELETE FROM t USING other AS o WHERE o.k = t.k AND o.w = 5");
    assert_eq!(rows(&db, "SELECT * FROM t"), ["2 26", "3 30"]);
}

#[test]
fn returning_gives_the_rows_that_were_written_and_its_errors_write_nothing() {
    let db = database();
    run(&db, "CREATE TABLE t (k BIGINT PRIMARY KEY, v BIGINT, twice BIGINT AS (v * 2))");
    assert_eq!(rows(&db, "INSERT INTO t VALUES (1, 10), (2, 20) RETURNING k, twice + 1 AS more"), ["1 21", "2 41"]);
    assert_eq!(rows(&db, "INSERT INTO t VALUES (2, 0), (3, 30) ON CONFLICT DO NOTHING RETURNING k"), ["3"]);
    assert_eq!(rows(&db, "UPDATE t SET v = v + 1 WHERE k < 3 RETURNING *"), ["1 11 22", "2 21 42"]);
    assert_eq!(rows(&db, "DELETE FROM t AS x WHERE v = 30 RETURNING x.k"), ["3"]);
    assert_eq!(refusal(&db, "DELETE FROM t RETURNING 1 / (v - 11)"), codes::LV_S401);
    assert_eq!(refusal(&db, "DELETE FROM t RETURNING nothing"), codes::LV_S110);
    assert_eq!(rows(&db, "SELECT k FROM t"), ["1", "2"], "a refused RETURNING deletes nothing");
}

#[test]
fn do_update_merges_the_row_that_is_there_with_the_one_that_comes() {
    let db = database();
    run(
        &db,
        "CREATE TABLE t (k BIGINT PRIMARY KEY, n BIGINT, at BIGINT);
         CREATE MATERIALIZED VIEW total AS SELECT sum(n) AS n FROM t;
         INSERT INTO t VALUES (1, 1, 100), (2, 1, 100);
         INSERT INTO t VALUES (1, 5, 200), (2, 5, 50), (3, 5, 1)
             ON CONFLICT (k) DO UPDATE SET n = t.n + EXCLUDED.n, at = EXCLUDED.at WHERE EXCLUDED.at > t.at;",
    );
    assert_eq!(rows(&db, "SELECT * FROM t"), ["1 6 200", "2 1 100", "3 5 1"], "the condition keeps the second as it was");
    assert_eq!(rows(&db, "SELECT * FROM total"), ["12"]);
    assert_eq!(
        rows(&db, "INSERT INTO t VALUES (1, 0, 0), (4, 4, 4) ON CONFLICT DO UPDATE SET n = 0 RETURNING k, n"),
        ["1 0", "4 4"]
    );
    assert_eq!(refusal(&db, "INSERT INTO t VALUES (9, 0, 0), (9, 1, 1) ON CONFLICT DO UPDATE SET n = 0"), codes::LV_S205);
    assert_eq!(refusal(&db, "INSERT INTO t VALUES (1, 0, 0) ON CONFLICT DO UPDATE SET k = 2"), codes::LV_S201);
    assert_eq!(refusal(&db, "INSERT INTO t VALUES (1, 0, 0) ON CONFLICT (n) DO NOTHING"), codes::LV_S202);
    assert_eq!(rows(&db, "SELECT k FROM t"), ["1", "2", "3", "4"]);
}

#[test]
fn a_copy_is_made_once_and_whole() {
    let db = database();
    run(
        &db,
        "CREATE TABLE t (k BIGINT, v TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'b'), (2, 'c');
         CREATE TABLE copy AS SELECT k, count(*) AS n, max(v) AS last FROM t GROUP BY k;
         CREATE TABLE keyed (k BIGINT PRIMARY KEY, n INT) AS SELECT k, n FROM copy;
         INSERT INTO t VALUES (3, 'd');",
    );
    assert_eq!(rows(&db, "SELECT * FROM copy"), ["1 1 a", "2 2 c"]);
    assert_eq!(rows(&db, "SELECT * FROM keyed"), ["1 1", "2 2"]);
    assert_eq!(refusal(&db, "CREATE TABLE twice (k BIGINT PRIMARY KEY) AS SELECT k FROM t"), codes::LV_S201);
    assert_eq!(refusal(&db, "SELECT * FROM twice"), codes::LV_S101, "what fails leaves no table");
    run(&db, "CREATE SOURCE s (k BIGINT)");
    assert_eq!(refusal(&db, "CREATE TABLE c AS SELECT * FROM s"), codes::LV_S206);
}

#[test]
fn errors_of_assignments_point_to_where_they_were_typed() {
    let db = database();
    run(&db, "CREATE TABLE t (k BIGINT PRIMARY KEY, v BIGINT)");
    let error = db.execute_blocking("UPDATE t SET k = 1,\n  v = volume + 1").unwrap_err();
    assert_eq!(error.code(), codes::LV_S110, "{error}");
    let position = error.position().expect("a position");
    assert_eq!((position.line, position.column), (2, 7), "{error}");
}
