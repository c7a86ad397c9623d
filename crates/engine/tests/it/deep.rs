//! Views over views over views, and long statements.

use crate::support::{database, rows, run};

/// Deep enough that binding all of it on one ordinary stack is not possible.
const VIEWS: usize = 60;

#[test]
fn views_may_be_stacked_high() {
    let db = database();
    run(&db, "CREATE TABLE t (a BIGINT); INSERT INTO t VALUES (0); CREATE VIEW v0 AS SELECT a FROM t");
    for above in 1..=VIEWS {
        run(&db, &format!("CREATE VIEW v{above} AS SELECT a + 1 AS a FROM v{}", above - 1));
    }
    run(&db, &format!("CREATE MATERIALIZED VIEW m AS SELECT a FROM v{VIEWS}"));
    assert_eq!(rows(&db, "SELECT a FROM m"), [VIEWS.to_string()]);
    assert_eq!(rows(&db, &format!("SELECT a FROM v{VIEWS}")), [VIEWS.to_string()]);
}

#[test]
fn a_long_union_is_read() {
    let db = database();
    let union = vec!["SELECT 1 AS a"; 400].join(" UNION ALL ");
    assert_eq!(rows(&db, &format!("SELECT count(*) AS n FROM ({union}) AS u")), ["400"]);
}
