//! One valid text per form of each statement; the other tests start from these.

use levada_sql::{Statement, parse_one};

/// Statements that print back.
pub const CREATES: &[&str] = &[
    "CREATE SOURCE bids (auction BIGINT, price DOUBLE NOT NULL, ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)",
    "CREATE OR REPLACE SOURCE s (a INT, b AS a + 1, c BIGINT AS (a * 2), d BIGINT GENERATED ALWAYS AS (a - 1) STORED)",
    "CREATE SOURCE IF NOT EXISTS app.s (k TEXT METADATA FROM 'key', v TEXT DEFAULT 'x', PRIMARY KEY (k)) APPEND ONLY",
    "CREATE SOURCE s (a INT) FROM file (path = 'a.csv', header = true) FORMAT csv (delimiter = ';') ENVELOPE PLAIN",
    "CREATE SOURCE s (a INT PRIMARY KEY) WITH (connector = 'kafka', 'properties.group-id' = 'g', retries = -1, mode = earliest) \
     FORMAT plain ENCODE json ENVELOPE DEBEZIUM",
    "CREATE SOURCE s WITH (connector = 'file', linger = INTERVAL '5' SECOND)",
    "CREATE SOURCE s ENVELOPE UPSERT (KEY (a, b)) WITH (connector = 'push') (a INT, b INT, WATERMARK FOR a)",
    "CREATE TABLE t (id BIGINT PRIMARY KEY, name VARCHAR(10) NULL, amount DECIMAL(12, 2) DEFAULT 0)",
    "CREATE TABLE IF NOT EXISTS t (a INT, b INT, CONSTRAINT pk PRIMARY KEY (a, b)) ON CONFLICT DO UPDATE IF NOT NULL WITH (x = 1)",
    "CREATE TABLE t (a INT[], b STRUCT<x INT, y TEXT>, ts TIMESTAMP WITH TIME ZONE, WATERMARK FOR ts) APPEND ONLY",
    "CREATE TABLE t (a INT) ON CONFLICT OVERWRITE",
    "CREATE TABLE t (a INT) ON CONFLICT DO NOTHING",
    "CREATE TABLE t (a INT) ON CONFLICT DO UPDATE FULL",
    "CREATE TABLE t AS SELECT * FROM u",
    "CREATE TABLE t (a, b) WITH (x = 'y') AS VALUES (1, 2)",
    "CREATE STREAM s AS SELECT a FROM t EMIT CHANGES",
    "CREATE STREAM s (x, y) WITH (note = 'it''s') AS SELECT a, b FROM t",
    "CREATE STREAM s AS SELECT * FROM t WITH (k = 'v')",
    "CREATE MATERIALIZED VIEW v AS SELECT window_start, count(*) FROM TUMBLE(t, ts, INTERVAL '10' SECOND) \
     GROUP BY window_start EMIT ON WINDOW CLOSE ALLOWED LATENESS INTERVAL '5' SECOND LATE DATA TO late WITH (a = 'b')",
    "CREATE MATERIALIZED VIEW v AS SELECT 1 AS one BACKGROUND",
    "CREATE OR REPLACE MATERIALIZED VIEW \"My View\" (\"select\", b) AS SELECT a, b FROM t EMIT FINAL",
    "CREATE MATERIALIZED VIEW v WITH (allowed_lateness = '5 s') AS SELECT a FROM t EMIT AFTER WATERMARK",
    "CREATE VIEW v AS WITH c AS (SELECT 1 AS x) SELECT x FROM c -- done",
    "CREATE VIEW IF NOT EXISTS v (a) AS FROM t",
    "CREATE LOCAL VIEW v AS (SELECT 1 UNION ALL SELECT 2)",
    "CREATE SINK k FROM v WITH (connector = 'stdout')",
    "CREATE SINK k FROM v WHERE a > 1 AND b IS NOT NULL INTO file (path = 'o.json') FORMAT json ENVELOPE CHANGES",
    "CREATE SINK k FROM (SELECT a FROM t EMIT ON WATERMARK) WITH (connector = 'blackhole') KEY (a) NOT ENFORCED",
    "CREATE SINK k AS SELECT a, b FROM t EMIT CHANGES INTO file (path = 'x') ENVELOPE UPSERT (KEY (a)) WITH (snapshot = false)",
    "CREATE SINK k WITH (connector = 'stdout') FORMAT csv ENVELOPE PLAIN KEY (a, b) AS SELECT a FROM t KEY",
];

/// Statements that run.
pub const OTHERS: &[&str] = &[
    "DROP TABLE a",
    "DROP MATERIALIZED VIEW IF EXISTS app.a, b CASCADE",
    "DROP SINK s RESTRICT",
    "SHOW SOURCES",
    "SHOW MATERIALIZED VIEWS FROM app LIKE 'a%'",
    "SHOW TABLES WHERE name = 'a'",
    "SHOW JOBS",
    "SHOW QUERIES",
    "SHOW PARAMETERS",
    "SHOW ALL",
    "SHOW read_timeout",
    "SHOW CREATE MATERIALIZED VIEW v",
    "SHOW CREATE v",
    "SHOW CREATE source",
    "DESCRIBE v",
    "DESC EXTENDED v",
    "DESCRIBE extended",
    "EXPLAIN SELECT 1",
    "EXPLAIN (FORMAT JSON, VERBOSE) SELECT a FROM t EMIT ON WINDOW CLOSE",
    "EXPLAIN (SELECT 1)",
    "EXPLAIN VERBOSE v",
    "EXPLAIN (FORMAT DOT) CREATE VIEW v AS SELECT 1",
    "EXPLAIN INSERT INTO t VALUES (1)",
    "INSERT INTO t VALUES (1, 'a'), (2, DEFAULT)",
    "INSERT INTO app.t (a, b) SELECT a, b FROM u WHERE a > 1",
    "INSERT INTO t (SELECT 1)",
    "INSERT INTO t DEFAULT VALUES RETURNING *",
    "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = excluded.b, c = 1 WHERE t.b > 1 RETURNING a, b AS x",
    "INSERT INTO t SELECT * FROM u ON CONFLICT DO NOTHING",
    "UPDATE t SET a = a + 1, b = 'x' WHERE c = 3",
    "UPDATE t AS x SET a = u.a FROM u JOIN w ON u.id = w.id WHERE u.id = x.id RETURNING x.a",
    "DELETE FROM t",
    "DELETE FROM t x USING u WHERE u.id = x.id RETURNING *",
    "TRUNCATE t",
    "TRUNCATE TABLE app.t",
    "SELECT * FROM t",
    "(SELECT 1) UNION (SELECT 2)",
    "VALUES (1, 2), (3, 4)",
    "WITH a AS (SELECT 1) SELECT * FROM a",
    "FROM t SELECT a",
    "SUBSCRIBE v",
    "SUBSCRIBE TO app.v WHERE a > 1 ENVELOPE UPSERT (KEY (a)) WITH (snapshot = false, progress = true, buffer = '64 MiB')",
    "SUBSCRIBE (SELECT a FROM t EMIT ON WINDOW CLOSE) ENVELOPE DIFF AS OF EPOCH 5 UP TO EPOCH 9",
    "SET parallelism = 4",
    "SET table.exec.ttl TO '5 s'",
    "SET SESSION read_your_writes = off",
    "SET a = DEFAULT",
    "SET TIME ZONE 'UTC'",
    "RESET ALL",
    "RESET parallelism",
    "FLUSH",
];

pub fn all() -> impl Iterator<Item = &'static str> {
    CREATES.iter().chain(OTHERS).copied()
}

#[test]
fn every_form_parses() {
    for text in all() {
        let parsed = parse_one(text).unwrap_or_else(|error| panic!("{text}\n{error:?}"));
        assert!(text.starts_with(&parsed.text), "{text}\n{}", parsed.text);
    }
}

#[test]
fn a_closing_semicolon_and_case_change_nothing() {
    for text in OTHERS {
        let statement =
            |text: &str| -> Statement { parse_one(text).unwrap_or_else(|error| panic!("{text}\n{error:?}")).statement };
        assert_eq!(statement(text), statement(&format!("\n  {text} ;")), "{text}");
    }
}
