//! Statements that write tables, from several threads at once.

use crate::support::{database, rows, run};

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
