//! What is refused: with which code, at which words, and with which hint.

use levada_base::Error;
use levada_sql::parse_one;

fn error(text: &str) -> Error {
    match parse_one(text) {
        Ok(parsed) => panic!("{text}: refused, not {:?}", parsed.statement),
        Err(error) => error,
    }
}

/// Code, the words the place covers, and a part of the hint.
type Case = (&'static str, &'static str, &'static str, &'static str);

fn check(cases: &[Case]) {
    for (text, code, place, hint) in cases {
        let error = error(text);
        let at = error.position().unwrap_or_else(|| panic!("{text}: a place in {error:?}"));
        let offset = at.offset_in(text);
        let found: String = text[offset..].chars().take(at.length as usize).collect();
        assert_eq!((error.code().name(), found.as_str()), (*code, *place), "{text}\n{error:?}");
        assert!(error.hint().unwrap_or_default().contains(hint), "{text}\n{error:?}");
    }
}

#[test]
fn syntax_errors() {
    check(&[
        ("SELCT 1", "LV-S001", "SELCT", "did you mean SELECT?"),
        ("CREATE MATERIALISED VIEW v AS SELECT 1", "LV-S001", "MATERIALISED", "did you mean MATERIALIZED?"),
        ("CREATE FROB x", "LV-S001", "FROB", "write one of SOURCE, TABLE, STREAM, MATERIALIZED VIEW, VIEW, SINK"),
        ("CREATE TABEL t (a INT)", "LV-S001", "TABEL", "did you mean TABLE?"),
        ("SELECT * FORM t", "LV-S001", "FORM", "did you mean FROM"),
        ("SELECT a FROM t WEHRE a = 1", "LV-S001", "a", "did you mean WHERE"),
        ("SELECT a, FROM t", "LV-S001", "FROM", ""),
        ("SELECT * FROM (SELECT a FROM (SELECT b FORM t) x) y WHERE z", "LV-S001", "t", "did you mean FROM"),
        ("SELECT * FROM t WHERE a IN (SELECT b FROM u WEHRE c > 1)", "LV-S001", "c", "did you mean WHERE"),
        ("SELECT * FROM (SELECT a FROM t", "LV-S001", "", ""),
        ("SELECT (1 + 2", "LV-S001", "", ""),
        ("SELECT 1 2", "LV-S001", "2", ""),
        ("DROP TABLE a CASCADE b", "LV-S001", "b", ""),
        ("DROP t", "LV-S001", "t", ""),
        ("TRUNCATE t u", "LV-S001", "u", ""),
        ("FLUSH now", "LV-S001", "now", ""),
        ("CREATE TABLE t (a)", "LV-S001", "a", "write a type"),
        ("CREATE TABLE t", "LV-S001", "t", "(column type, …)"),
        ("CREATE TABLE t (a INT b)", "LV-S001", "b", ""),
        ("CREATE TABLE a.b.c (x INT)", "LV-S001", "a.b.c", "schema.name"),
        ("CREATE SOURCE s AS SELECT 1", "LV-S001", "AS", "CREATE STREAM"),
        ("CREATE SOURCE s ENVELOPE UPSRT", "LV-S001", "UPSRT", "did you mean UPSERT?"),
        ("CREATE VIEW v", "LV-S001", "", ""),
        ("CREATE SINK s WITH (a = 1)", "LV-S001", "", ""),
        ("CREATE VIEW v AS SELECT 1 WITH (a = 1)", "LV-S001", "WITH", ""),
        ("CREATE VIEW v AS SELECT 1 EMIT FINALLY", "LV-S001", "FINALLY", ""),
        ("SUBSCRIBE SELECT 1", "LV-S001", "SELECT", ""),
        ("SET a", "LV-S001", "", ""),
        ("SHOW", "LV-S001", "", "SOURCES"),
        ("EXPLAIN (FORMAT XML) SELECT 1", "LV-S001", "XML", "TEXT, JSON, DOT"),
        ("INSERT INTO t VALUE (1)", "LV-S001", "VALUE", "did you mean VALUES?"),
        ("SELECT 'abc", "LV-S001", "'", "close"),
        ("SELECT /* a", "LV-S001", "", "close"),
        ("", "LV-S001", "", "write one"),
        ("SELECT 1; SELECT 2", "LV-S001", "SELECT", "one by one"),
        (
            "SELECT * FROM (SELECT * FROM t WITH (a = 1)) x",
            "LV-S001",
            "SELECT * FROM (SELECT * FROM t WITH (a = 1)) x",
            "end of the statement",
        ),
    ]);
}

#[test]
fn statements_and_clauses_of_later_releases() {
    check(&[
        ("CREATE FLOW f SINK TO t AS SELECT 1", "LV-S004", "CREATE FLOW", "MATERIALIZED VIEW"),
        ("CREATE OR REPLACE LOOKUP TABLE t (a INT)", "LV-S004", "CREATE OR REPLACE LOOKUP TABLE", "PRIMARY KEY"),
        ("CREATE INDEX i ON t (a)", "LV-S004", "CREATE INDEX", "leave it out"),
        ("DROP FUNCTION f", "LV-S004", "DROP FUNCTION", ""),
        ("CREATE SECRET s AS 'x'", "LV-S004", "CREATE SECRET", "environment"),
        ("CREATE CONNECTION c TO KAFKA (a = 1)", "LV-S004", "CREATE CONNECTION", ""),
        ("CREATE SCHEMA s", "LV-S004", "CREATE SCHEMA", "public"),
        ("CREATE TASK t AS SELECT 1", "LV-S004", "CREATE TASK", ""),
        ("CREATE SUBSCRIPTION s FROM v", "LV-S004", "CREATE SUBSCRIPTION", "SUBSCRIBE"),
        ("ALTER TABLE t ADD COLUMN a INT", "LV-S004", "ALTER", "OR REPLACE"),
        ("COPY t FROM 'a.csv'", "LV-S004", "COPY", "INSERT INTO"),
        ("MERGE INTO t USING u ON a = b", "LV-S004", "MERGE", "ON CONFLICT"),
        ("BEGIN", "LV-S004", "BEGIN", ""),
        ("COMMIT", "LV-S004", "COMMIT", ""),
        ("PREPARE p AS SELECT 1", "LV-S004", "PREPARE", ""),
        ("DECLARE c CURSOR FOR SELECT 1", "LV-S004", "DECLARE", ""),
        ("CHECKPOINT", "LV-S004", "CHECKPOINT", ""),
        ("RESTORE FROM SAVEPOINT s", "LV-S004", "RESTORE", ""),
        ("TEST 'x' BEGIN", "LV-S004", "TEST", ""),
        ("REFRESH TABLE t", "LV-S004", "REFRESH", ""),
        ("WAIT FOR EPOCH 5", "LV-S004", "WAIT", "FLUSH"),
        ("CREATE TABLE t (a INT) REFRESH ON DEMAND", "LV-S004", "REFRESH", "INSERT"),
        ("CREATE TABLE t (a INT) ON CONFLICT OVERWRITE WITH VERSION COLUMN (a)", "LV-S004", "WITH VERSION COLUMN", ""),
        ("CREATE SOURCE s (a INT) INCLUDE offset", "LV-S004", "INCLUDE", ""),
        ("CREATE SOURCE s (*)", "LV-S004", "*", "leave the column list out"),
        ("CREATE SOURCE s (a INT LATENESS INTERVAL '1' SECOND)", "LV-S004", "LATENESS", "WATERMARK"),
        ("CREATE SINK s FROM v ON ERROR SKIP", "LV-S004", "ON ERROR SKIP", ""),
        ("CREATE STREAM s AS SELECT 1 EMIT EVERY INTERVAL '5' SECOND", "LV-S004", "EMIT EVERY", "EMIT CHANGES"),
        ("CREATE STREAM s AS SELECT a FROM t EMIT PERIODICALLY '5 s'", "LV-S004", "EMIT PERIODICALLY", ""),
        ("SELECT * FROM t AFTER EPOCH 5", "LV-S004", "AFTER EPOCH", "own writes"),
        ("DROP TABLE t DEFER", "LV-S004", "DEFER", "CASCADE"),
        ("SUBSCRIBE v WITHIN EPOCH ORDER BY a", "LV-S004", "WITHIN EPOCH ORDER", ""),
        ("SET LOCAL a = 1", "LV-S004", "LOCAL", "SET"),
        ("SHOW TASKS", "LV-S004", "TASKS", ""),
        ("EXPLAIN ANALYZE SELECT 1", "LV-S004", "ANALYZE", ""),
        ("INSERT INTO s CHANGES (1, (2))", "LV-S004", "CHANGES", ""),
        ("SELECT * FROM t FOR SYSTEM_TIME AS OF x", "LV-S004", "SELECT * FROM t FOR SYSTEM_TIME AS OF x", "join"),
    ]);
}

#[test]
fn statements_of_other_products() {
    check(&[
        ("CREATE TRIGGER t BEFORE INSERT ON x", "LV-S002", "CREATE TRIGGER", "SUBSCRIBE"),
        ("DROP RULE r", "LV-S002", "DROP RULE", ""),
        ("CREATE DOMAIN d AS INT", "LV-S002", "CREATE DOMAIN", ""),
        ("CREATE EXTENSION e", "LV-S002", "CREATE EXTENSION", "built in"),
        ("CREATE SEQUENCE s", "LV-S002", "CREATE SEQUENCE", ""),
        ("CREATE TYPE t AS (a INT)", "LV-S002", "CREATE TYPE", ""),
        ("CREATE EXTERNAL TABLE t (a INT)", "LV-S002", "CREATE EXTERNAL TABLE", "CREATE SOURCE"),
        ("LISTEN x", "LV-S002", "LISTEN", "SUBSCRIBE"),
        ("LOCK TABLE t", "LV-S002", "LOCK", ""),
        ("CREATE TABLE t (a INT REFERENCES u (b))", "LV-S002", "REFERENCES", "PRIMARY KEY"),
        ("CREATE TABLE t (a INT, CHECK (a > 1))", "LV-S002", "CHECK", ""),
        ("SELECT a INTO u FROM t", "LV-S002", "SELECT a INTO u FROM t", "CREATE TABLE"),
        ("SELECT a FROM t FOR UPDATE", "LV-S002", "SELECT a FROM t FOR UPDATE", "never block"),
        ("SELECT * FROM (SELECT a FROM t FOR UPDATE) x", "LV-S002", "SELECT * FROM (SELECT a FROM t FOR UPDATE) x", ""),
    ]);
}

#[test]
fn contradictions_and_repetitions() {
    check(&[
        ("CREATE OR REPLACE TABLE IF NOT EXISTS t (a INT)", "LV-S003", "IF NOT EXISTS", "remove"),
        ("CREATE SOURCE s WITH (a = 1) WITH (b = 1)", "LV-S003", "WITH", "remove"),
        ("CREATE SOURCE s FROM file () FROM file ()", "LV-S003", "FROM", ""),
        ("CREATE SOURCE s WITH (connector = 'a') FROM file ()", "LV-S003", "file", ""),
        ("CREATE STREAM s WITH (a = 1) AS SELECT 1 WITH (b = 1)", "LV-S003", "WITH", ""),
        ("CREATE TABLE t (a INT PRIMARY KEY, PRIMARY KEY (a))", "LV-S003", "PRIMARY KEY", ""),
        ("CREATE TABLE t (a INT NOT NULL NULL)", "LV-S003", "NULL", ""),
        ("CREATE TABLE t (a INT DEFAULT 1 AS 2)", "LV-S003", "AS", ""),
        ("CREATE SOURCE s (a INT, WATERMARK FOR a, WATERMARK FOR a)", "LV-S003", "WATERMARK", ""),
        ("CREATE SINK s FROM v FORMAT csv FORMAT json", "LV-S003", "FORMAT", ""),
        ("CREATE SINK s FROM v AS SELECT 1", "LV-S003", "AS", ""),
        ("CREATE VIEW v AS SELECT a FROM t ALLOWED LATENESS '1 s' ALLOWED LATENESS '1 s'", "LV-S003", "ALLOWED LATENESS", ""),
        (
            "CREATE STREAM v WITH (allowed_lateness = '1 s') AS SELECT a FROM t ALLOWED LATENESS '1 s'",
            "LV-S003",
            "allowed_lateness",
            "",
        ),
        ("EXPLAIN (VERBOSE, VERBOSE) SELECT 1", "LV-S003", "VERBOSE", ""),
    ]);
}

#[test]
fn emit_where_it_has_no_meaning() {
    check(&[
        ("SELECT a FROM t EMIT CHANGES", "LV-S521", "EMIT CHANGES", "SUBSCRIBE"),
        ("SELECT a FROM t ALLOWED LATENESS '5 s'", "LV-S521", "ALLOWED LATENESS", "SUBSCRIBE"),
        ("INSERT INTO t SELECT a FROM u EMIT FINAL", "LV-S521", "EMIT FINAL", ""),
        ("CREATE TABLE t AS SELECT a FROM u EMIT CHANGES", "LV-S206", "EMIT CHANGES", "MATERIALIZED VIEW"),
        ("CREATE STREAM s AS SELECT * FROM (SELECT a FROM t EMIT CHANGES) x", "LV-S520", "EMIT", "move it"),
        ("CREATE STREAM s AS SELECT a FROM t EMIT CHANGES EMIT CHANGES", "LV-S520", "EMIT", ""),
        ("CREATE STREAM s AS SELECT a FROM t WITH (a = 1) EMIT CHANGES", "LV-S520", "EMIT", "in front of"),
        ("CREATE STREAM s AS SELECT a FROM t ALLOWED LATENESS '1 s' EMIT CHANGES", "LV-S520", "EMIT", ""),
        ("CREATE STREAM s AS SELECT a FROM t EMIT CHANGES UNION ALL SELECT 1", "LV-S001", "UNION", ""),
    ]);
}

#[test]
fn options() {
    check(&[
        ("CREATE SOURCE s WITH (a = 1, b = 2, A = 3)", "LV-S601", "A", "remove"),
        ("CREATE SOURCE s FROM file (path = 'x') WITH (path = 'y')", "LV-S601", "path", ""),
        ("SUBSCRIBE v WITH (snapshut = true)", "LV-S601", "snapshut", "did you mean \"snapshot\"?"),
        ("SUBSCRIBE v WITH (buffer = 64)", "LV-S601", "64", "64 MiB"),
        ("CREATE SINK s FROM v INTO t", "LV-S610", "t", "MATERIALIZED VIEW"),
        ("CREATE SOURCE s WITH (a 1)", "LV-S001", "1", ""),
    ]);
}
