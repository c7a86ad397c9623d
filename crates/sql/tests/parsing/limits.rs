//! Limits end in LV-S005 with their name, and what is just inside them works: parsing, cloning, comparing, printing, dropping.

use levada_sql::{
    EXPRESSION_DEPTH_MAX, IDENTIFIER_BYTES_MAX, STATEMENT_BYTES_MAX, TYPE_DEPTH_MAX, parse_all, parse_one, with_stack,
};

/// A text of `count` levels, just inside the limit or beyond it.
type Nested = (&'static str, fn(usize) -> String, usize);

const NESTED: &[Nested] = &[
    ("parentheses", |n| format!("SELECT {}1{}", "(".repeat(n), ")".repeat(n)), EXPRESSION_DEPTH_MAX),
    ("open parentheses", |n| format!("SELECT {}", "(".repeat(n)), EXPRESSION_DEPTH_MAX),
    ("a sum", |n| format!("SELECT 1{}", " + 1".repeat(n)), EXPRESSION_DEPTH_MAX),
    ("conditions", |n| format!("SELECT 1 FROM t WHERE a = 1{}", " OR a = 1".repeat(n)), EXPRESSION_DEPTH_MAX),
    ("casts", |n| format!("SELECT 1{}", "::INT".repeat(n)), EXPRESSION_DEPTH_MAX),
    ("negations", |n| format!("SELECT {}a", "NOT ".repeat(n)), EXPRESSION_DEPTH_MAX),
    ("minus signs", |n| format!("SELECT {}a", "- ".repeat(n)), EXPRESSION_DEPTH_MAX),
    ("null tests", |n| format!("SELECT a{}", " IS NULL".repeat(n)), EXPRESSION_DEPTH_MAX),
    ("cases", |n| format!("SELECT {}1{}", "CASE WHEN a THEN ".repeat(n), " END".repeat(n)), EXPRESSION_DEPTH_MAX),
    ("calls", |n| format!("SELECT {}1{}", "abs(".repeat(n), ")".repeat(n)), EXPRESSION_DEPTH_MAX),
    ("subqueries", |n| format!("SELECT * FROM {}t{}", "(SELECT * FROM ".repeat(n), ") x".repeat(n)), EXPRESSION_DEPTH_MAX),
    ("bare brackets", |n| format!("SELECT * FROM {}t{}", "(".repeat(n), ")".repeat(n)), EXPRESSION_DEPTH_MAX),
    ("unions", |n| format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(n)), EXPRESSION_DEPTH_MAX),
    // `[` may nest inwards, as here, or to its left, as in a type: it counts for both.
    ("arrays", |n| format!("SELECT {}1{}", "[".repeat(n), "]".repeat(n)), EXPRESSION_DEPTH_MAX / 2),
    ("subscripts", |n| format!("SELECT a{}", "[1]".repeat(n)), EXPRESSION_DEPTH_MAX),
    ("types", |n| format!("SELECT CAST(a AS {}INT{})", "ARRAY<".repeat(n), " >".repeat(n)), TYPE_DEPTH_MAX),
    ("array types", |n| format!("SELECT CAST(a AS INT{})", "[]".repeat(n)), EXPRESSION_DEPTH_MAX),
];

#[test]
fn too_deep_is_an_error_and_not_a_crash() {
    for (what, make, most) in NESTED {
        for count in [most + 2, most * 3, 100_000] {
            let text = make(count);
            let error = parse_one(&text).map(drop).expect_err(what);
            assert_eq!(error.code().name(), "LV-S005", "{what}: {error:?}");
            assert!(error.message().contains("_depth_max"), "{what}: {error:?}");
        }
    }
}

#[test]
fn just_inside_the_limit_everything_works() {
    for (what, make, most) in NESTED.iter().filter(|(what, ..)| !what.starts_with("open")) {
        let text = make(most - 10);
        let parsed = parse_one(&text).unwrap_or_else(|error| panic!("{what}: {error:?}"));
        with_stack(|| assert!(parsed.statement.clone() == parsed.statement, "{what}"));
    }
}

#[test]
fn long_statements_and_names() {
    let text = format!("SELECT 1 /* {} */, 2", "x".repeat(STATEMENT_BYTES_MAX));
    let error = parse_one(&text).expect_err("too long");
    assert!(error.message().contains("statement_bytes_max = 16777216"), "{error:?}");
    let script = format!("SELECT 1;\n{text};\nSELECT 3");
    let outcomes: Vec<bool> = parse_all(&script).iter().map(Result::is_ok).collect();
    assert_eq!(outcomes, [true, false, true]);

    let name = |length: usize| format!("DROP TABLE {}", "n".repeat(length));
    assert!(parse_one(&name(IDENTIFIER_BYTES_MAX)).is_ok());
    let error = parse_one(&name(IDENTIFIER_BYTES_MAX + 1)).expect_err("too long");
    assert!(error.message().contains("identifier_bytes_max"), "{error:?}");
}

#[test]
fn many_columns() {
    let text = |count: usize| format!("CREATE TABLE t (c INT{})", ", c INT".repeat(count - 1));
    assert!(parse_one(&text(1_600)).is_ok());
    let error = parse_one(&text(1_601)).expect_err("too many");
    assert!(error.message().contains("columns_max = 1600"), "{error:?}");
}

/// A list is no deep expression: many rows are fine.
#[test]
fn a_long_list_is_not_deep() {
    let rows = "(1, 'a', -2.5), ".repeat(20_000);
    assert!(parse_one(&format!("INSERT INTO t VALUES {rows} (1, 'b', 3)")).is_ok());
}

/// Brackets that may open a subquery or a join are read in both ways: the time must not double with each of them.
#[test]
fn brackets_do_not_take_exponential_time() {
    for count in [10, 30, 60] {
        let open = "(".repeat(count);
        for text in
            [format!("SELECT * FROM {open}"), format!("SELECT * FROM {open}t JOIN"), format!("SELECT * FROM {open}SELECT (")]
        {
            assert!(parse_one(&text).is_err(), "{text}");
        }
    }
}
