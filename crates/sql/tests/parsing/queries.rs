//! Queries: the short forms, the window functions, and names that are words of the grammar.

use levada_sql::ast::{Expr, FunctionArg, FunctionArgExpr, GroupByExpr, Query, Select, SelectItem, SetExpr, TableFactor};
use levada_sql::{Emit, Statement, parse_one};

fn query(text: &str) -> Query {
    match parse_one(text).unwrap_or_else(|error| panic!("{text}\n{error:?}")).statement {
        Statement::Select(query) => *query.ast,
        other => panic!("{text}: a query, not {other:?}"),
    }
}

fn select(text: &str) -> Select {
    match *query(text).body {
        SetExpr::Select(select) => *select,
        other => panic!("{text}: a SELECT, not {other:?}"),
    }
}

fn factor(text: &str) -> TableFactor {
    select(text).from.swap_remove(0).relation
}

#[test]
fn a_file_is_a_relation_of_one_quoted_name() {
    let TableFactor::Table { name, alias, .. } = factor("SELECT * FROM 'data/bids.parquet' b") else { panic!("a table") };
    let ident = name.0[0].as_ident().expect("an identifier");
    assert_eq!((ident.value.as_str(), ident.quote_style, name.0.len()), ("data/bids.parquet", Some('\''), 1));
    assert_eq!(alias.map(|alias| alias.name.value), Some("b".to_owned()));
}

#[test]
fn from_first_means_select_all() {
    assert_eq!(select("FROM t").projection.len(), 1);
    assert!(matches!(select("FROM t WHERE a > 1").projection[0], SelectItem::Wildcard(_)));
    assert_eq!(select("FROM t SELECT a, b"), select("SELECT a, b FROM t"));
    assert_eq!(query("FROM t WHERE a > 1 LIMIT 5"), query("SELECT * FROM t WHERE a > 1 LIMIT 5"));
    assert_eq!(query("SELECT * FROM (FROM t WHERE a > 1) x"), query("SELECT * FROM (SELECT * FROM t WHERE a > 1) x"));
    assert_eq!(select("SELECT extract(hour FROM a) FROM t").projection.len(), 1);
    let nested = "SELECT * FROM (FROM t) x UNION ALL FROM u";
    assert_eq!(query(nested).to_string(), "SELECT * FROM (SELECT * FROM t) x UNION ALL SELECT * FROM u");
}

#[test]
fn is_distinct_from_binds_like_a_comparison() {
    for is in ["IS DISTINCT FROM", "IS NOT DISTINCT FROM"] {
        let plain = select(&format!("SELECT * FROM t WHERE a {is} b + 1 AND c OR NOT d {is} e"));
        let bracketed = select(&format!("SELECT * FROM t WHERE ((a {is} (b + 1)) AND c) OR (NOT (d {is} e))"));
        let without = |select: &Select| select.selection.as_ref().map(|expr| expr.to_string().replace(['(', ')'], ""));
        assert_eq!(without(&plain), without(&bracketed));
        let Some(Expr::BinaryOp { left, .. }) = plain.selection else { panic!("an OR") };
        assert!(matches!(*left, Expr::BinaryOp { .. }), "AND is above the comparison: {left}");
    }
}

#[test]
fn window_functions_in_from() {
    let named = |name: &levada_sql::ast::ObjectName| name.to_string();
    let TableFactor::Table { name, args: Some(args), .. } = factor("SELECT * FROM TUMBLE(t, ts, INTERVAL '10' SECOND) w")
    else {
        panic!("a table with arguments")
    };
    assert_eq!((named(&name).as_str(), args.args.len()), ("TUMBLE", 3));

    let texts = [
        "SELECT * FROM TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND)",
        "SELECT * FROM HOP(TABLE app.t, DESCRIPTOR(ts), INTERVAL '1' SECOND, INTERVAL '10' SECOND)",
        "SELECT * FROM TUMBLE((SELECT * FROM t), ts, '10 seconds')",
        "SELECT * FROM TUMBLE(TABLE (SELECT * FROM t), DESCRIPTOR(ts), '10 seconds')",
    ];
    let first: Vec<String> = texts.iter().map(|text| first_argument(&factor(text))).collect();
    assert_eq!(first, ["t", "app.t", "(SELECT * FROM t)", "(SELECT * FROM t)"]);
}

fn first_argument(factor: &TableFactor) -> String {
    let TableFactor::Table { args: Some(args), .. } = factor else { panic!("a table with arguments, not {factor:?}") };
    match &args.args[0] {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => expr.to_string(),
        other => panic!("an expression, not {other:?}"),
    }
}

#[test]
fn window_functions_in_from_table() {
    let text = "SELECT * FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND)) AS w";
    let TableFactor::TableFunction { expr: Expr::Function(function), alias: Some(_) } = factor(text) else {
        panic!("a function")
    };
    assert_eq!(function.to_string(), "TUMBLE(t, DESCRIPTOR(ts), INTERVAL '10' SECOND)");
    let text = "SELECT * FROM TABLE(HOP(DATA => TABLE t, TIMECOL => DESCRIPTOR(ts), SLIDE => '1 s', SIZE => '9 s'))";
    let TableFactor::TableFunction { expr: Expr::Function(function), .. } = factor(text) else { panic!("a function") };
    assert_eq!(function.to_string(), "HOP(DATA => t, TIMECOL => DESCRIPTOR(ts), SLIDE => '1 s', SIZE => '9 s')");
}

#[test]
fn short_forms() {
    assert!(matches!(select("SELECT a, count(*) FROM t GROUP BY ALL").group_by, GroupByExpr::All(_)));
    assert!(select("SELECT * FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY a ORDER BY b) <= 3").qualify.is_some());
    assert!(select("SELECT DISTINCT ON (a) a, b FROM t ORDER BY a, b").distinct.is_some());
    for text in [
        "SELECT * EXCLUDE (a) FROM t",
        "SELECT * EXCEPT (a, b) FROM t",
        "SELECT * REPLACE (a + 1 AS a) FROM t",
        "SELECT a::BIGINT, b::TIMESTAMP, '5'::INT FROM t",
        "SELECT count(*) FILTER (WHERE a > 1), sum(DISTINCT b) FROM t",
        "SELECT first_value(a ORDER BY b) FROM t",
        "SELECT a -> 'x' ->> 'y' = 'z' FROM t",
        "SELECT E'a\\nb', $$dollar ; string$$, $x$ $$ $x$, U&'\\0041'",
        "SELECT * FROM t, UNNEST(t.tags) AS tag",
        "SELECT {'a': 1, 'b': 2}, MAP {'x': 1}, [1, 2][1]",
        "SELECT 1_000_000, 1e3, .5, -2",
        "SELECT extract(hour FROM ts), date '2020-01-01', interval '1 day' FROM t",
        "SELECT `a`, \"B c\" FROM `t`",
        "SELECT * FROM (a JOIN b ON a.x = b.x) LEFT JOIN c USING (x)",
        "SELECT a IS DISTINCT FROM b, a NOTNULL, NOT a FROM t",
        "WITH a AS MATERIALIZED (SELECT 1) SELECT /* a /* nested */ ; comment */ * FROM a -- ; end",
        "SELECT sum(x) OVER w FROM t WINDOW w AS (PARTITION BY a ORDER BY b ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
        "SELECT * FROM t ORDER BY ALL LIMIT 5 OFFSET 2",
        "SELECT $1 + 1 FROM t WHERE a IN (SELECT b FROM u) AND EXISTS (SELECT 1)",
    ] {
        query(text);
    }
}

#[test]
fn comparison_binds_looser_than_json_access() {
    let SelectItem::UnnamedExpr(Expr::BinaryOp { left, .. }) = &select("SELECT a -> 'x' = 1 FROM t").projection[0] else {
        panic!("a comparison")
    };
    assert_eq!(left.to_string(), "a -> 'x'");
}

/// Words of our grammar and of SQL that are column names too (T-30).
const NAMES: &[&str] = &[
    "emit",
    "window",
    "end",
    "start",
    "value",
    "count",
    "key",
    "user",
    "timestamp",
    "date",
    "rows",
    "changes",
    "final",
    "allowed",
    "lateness",
    "late",
    "data",
    "background",
    "envelope",
    "format",
    "watermark",
    "stream",
    "source",
    "sink",
    "epoch",
    "time",
];

#[test]
fn s_056_column_named_emit() {
    for name in NAMES {
        let items = format!(
            "SELECT {name}, t.{name}, {name} AS {name}, max({name}) FROM t WHERE {name} > 1 GROUP BY {name} ORDER BY {name}"
        );
        assert_eq!(select(&items).projection.len(), 4, "{name}");
        assert_eq!(select(&items).projection[0].to_string(), *name);
        let text = format!("CREATE TABLE t ({name} TIMESTAMP, PRIMARY KEY ({name}), WATERMARK FOR {name})");
        assert!(parse_one(&text).is_ok(), "{text}");
        let text = format!("CREATE MATERIALIZED VIEW v AS SELECT {name} FROM t JOIN u ON t.{name} = u.{name} EMIT CHANGES");
        let Statement::CreateMaterializedView(view) = parse_one(&text).unwrap_or_else(|e| panic!("{text}\n{e:?}")).statement
        else {
            panic!("a view")
        };
        assert_eq!(view.query.emit.map(|emit| emit.value), Some(Emit::Changes));
        assert!(!view.query.text.contains("EMIT"), "{}", view.query.text);
    }
}

#[test]
fn emit_is_an_alias_where_no_clause_follows() {
    assert_eq!(select("SELECT a emit FROM t emit WHERE emit.a = 1").projection[0].to_string(), "a AS emit");
    assert_eq!(select("SELECT emit final FROM t").projection[0].to_string(), "emit AS final");
    assert_eq!(factor("SELECT * FROM emit JOIN u ON window = close").to_string(), "emit");
}

#[test]
fn after_emit_only_its_words_are_read() {
    for text in ["CREATE VIEW v AS SELECT a FROM t EMIT CHANGES x", "CREATE VIEW v AS SELECT a FROM t EMIT ON WINDOW CLOSE 5"] {
        let error = parse_one(text).expect_err(text);
        assert_eq!(error.code().name(), "LV-S001", "{error:?}");
        assert_eq!(error.position().map(|at| at.offset_in(text)), Some(text.rfind(' ').expect("a space") + 1), "{error:?}");
    }
}

#[test]
fn positions_count_from_the_start_of_the_script() {
    let script = "-- first\nSELECT 'a;b' ; ;\n/* é ; */ CREATE VIEW v AS\n  SELECT 'ü', x FORM t;";
    let error = levada_sql::parse_script(script).expect_err("a misspelt FROM");
    assert_eq!(error.position().map(|at| (at.line, at.column, at.length)), Some((4, 22, 1)), "{error:?}");
    assert_eq!(error.hint(), Some("did you mean FROM instead of \"FORM\"?"));
    let parsed = levada_sql::parse_script(&script.replace("FORM", "FROM")).expect("two statements");
    let places: Vec<_> = parsed.iter().map(|one| (one.position.line, one.position.column, one.text.as_str())).collect();
    assert_eq!(places, [(2, 1, "SELECT 'a;b'"), (3, 11, "CREATE VIEW v AS\n  SELECT 'ü', x FROM t")]);
}
