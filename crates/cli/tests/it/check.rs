//! `levada check`: all errors, nothing run, nothing made.

use crate::support::Place;

const SCRIPT: &str = "CREATE SOURCE s (a BIGINT) WITH (connector = 'file', path = 'in.csv');
CREATE MATERIALIZED VIEW v AS SELECT b FROM s;
SELEC 1;
CREATE SINK k FROM s WITH (connector = 'fil', path = 'out.csv');
CREATE SINK f FROM s WITH (connector = 'file', path = 'out.csv', format = 'csv');
SELECT * FROM v;
SELECT a FROM nothing;
";

fn place() -> Place {
    let place = Place::new();
    place.file("in.csv", "a\nthis is no number\n").file("job.sql", SCRIPT);
    place
}

#[test]
fn every_error_is_told_and_what_only_follows_from_one_is_not() {
    let place = place();
    let ran = place.levada(&["check", "job.sql"]);
    assert_eq!(ran.out, "job.sql: 4 errors\n");
    let err = ran.badly();
    let places: Vec<&str> = err.lines().filter_map(|line| line.trim().strip_prefix("--> job.sql:")).collect();
    assert_eq!(places, ["2:38", "3:1", "4:40", "7:15"], "{err}");
}

#[test]
fn nothing_runs_and_no_file_is_made() {
    let place = Place::new();
    place.file("in.csv", "a\nthis is no number\n").file(
        "job.sql",
        "CREATE SOURCE s (a BIGINT) WITH (connector = 'file', path = 'in.csv');
         CREATE SINK f FROM s WITH (connector = 'file', path = 'out.csv', format = 'csv');
         CREATE MATERIALIZED VIEW v AS SELECT sum(a) AS a FROM s;
         SELECT a FROM v ORDER BY a LIMIT 3; DROP SINK f;",
    );
    assert_eq!(place.levada(&["check", "job.sql"]).well(), "job.sql: nothing is wrong\n");
    assert!(!place.exists("out.csv"));
}

#[test]
fn errors_are_a_json_document_if_asked_for() {
    let ran = place().levada(&["check", "--json", "job.sql"]);
    let document: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""));
    assert_eq!(document["ok"], false);
    assert_eq!(document["errors"].as_array().map(Vec::len), Some(4));
    let first = &document["errors"][0];
    assert_eq!(
        (&first["code"], &first["line"], &first["column"], &first["length"]),
        (&"LV-S110".into(), &2.into(), &38.into(), &1.into())
    );
    assert_eq!(first["help"], "did you mean \"a\"?");
}

#[test]
fn a_long_union_is_checked() {
    let place = Place::new();
    let union = vec!["SELECT 1 AS a"; 900].join(" UNION ALL ");
    place.file("job.sql", format!("CREATE MATERIALIZED VIEW v AS {union};"));
    place.levada(&["check", "job.sql"]).well();
}
