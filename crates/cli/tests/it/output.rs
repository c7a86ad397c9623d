//! The formats, where things go, and what a closed pipe means.

use std::io::{BufRead, BufReader};

use crate::support::{Place, sample};

const ROWS: &str = "SELECT * FROM (VALUES (1, 'a,\"b', true), (-20, NULL, false)) AS t (n, name, yes) ORDER BY n DESC";

fn printed(format: &str) -> String {
    Place::new().levada(&["sql", "--format", format, "-c", ROWS]).well()
}

#[test]
fn rows_are_printed_in_each_format() {
    assert_eq!(printed("table"), "   n │ name │ yes\n─────┼──────┼─────\n   1 │ a,\"b │ t\n -20 │ NULL │ f\n(2 rows)\n");
    assert_eq!(printed("csv"), "n,name,yes\n1,\"a,\"\"b\",t\n-20,,f\n");
    assert_eq!(printed("json"), "{\"n\":1,\"name\":\"a,\\\"b\",\"yes\":true}\n{\"n\":-20,\"name\":null,\"yes\":false}\n");
    assert_eq!(printed("changes"), "+1 @0 n=1 name='a,\"b' yes=t\n+1 @0 n=-20 name=NULL yes=f\n");
}

#[test]
fn a_script_may_come_from_the_standard_input() {
    assert_eq!(
        Place::new().levada_with(&["run", "-", "--format", "csv"], "SELECT 1 AS a;\nSELECT 2 AS b").well(),
        "a\n1\nb\n2\n"
    );
}

#[test]
fn q_70_explain_is_text_in_a_table_and_rows_in_other_formats() {
    let place = Place::new();
    let script = "CREATE TABLE t (a INT); EXPLAIN SELECT count(*) FROM t;";
    let text = place.run(script, &[]).well();
    assert!(text.starts_with("result: changing, key () (at most one row)") && text.contains("\noperators:\n"), "{text}");
    assert!(place.run(script, &["--format", "csv"]).well().starts_with("plan\n"));
}

#[test]
fn notices_go_to_the_standard_error_and_are_no_failure() {
    let ran = Place::new().run(
        "CREATE TABLE t (a INT); CREATE TABLE IF NOT EXISTS t (a INT); SELECT count(*) AS n FROM t;",
        &["--format", "csv"],
    );
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "n\n0\n"));
    assert!(ran.err.starts_with("note LV-S901: "), "{}", ran.err);
}

#[test]
fn a_reader_that_goes_away_ends_the_run_quietly() {
    let place = Place::new();
    place.file(
        "job.sql",
        "CREATE SOURCE s (n BIGINT) WITH (connector = 'generator');
                           CREATE SINK k FROM s WITH (connector = 'stdout', format = 'csv');",
    );
    let mut child = place.command(&["run", "job.sql"]).spawn().expect("the binary runs");
    let mut lines = BufReader::new(child.stdout.take().expect("a standard output")).lines();
    let first: Vec<String> = lines.by_ref().take(3).map(|line| line.expect("a line")).collect();
    drop(lines);
    let ended = child.wait_with_output().expect("the binary ends");
    assert_eq!(first, ["n", "0", "1"]);
    assert_eq!((ended.status.code(), String::from_utf8_lossy(&ended.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn version_help_and_completions_are_printed() {
    let place = Place::new();
    assert_eq!(place.levada(&["--version"]).well(), concat!("levada ", env!("CARGO_PKG_VERSION"), "\n"));
    let help = place.levada(&["--help"]).well();
    assert!(help.contains("levada run examples/hot_items.sql") && help.contains("levada sql -c"), "{help}");
    for shell in ["bash", "zsh", "fish"] {
        assert!(place.levada(&["completions", shell]).well().contains("completions"), "{shell}");
    }
}

#[test]
fn files_are_read_by_name_without_any_create() {
    let place = Place::new();
    let sql = format!("SELECT count(*) AS n, min(ts) AS first FROM '{}'", sample("bid.csv"));
    let lines = std::fs::read_to_string(sample("bid.csv")).expect("the sample").lines().count() - 1;
    let out = place.levada(&["sql", "--format", "csv", "-c", &sql]).well();
    assert!(out.starts_with(&format!("n,first\n{lines},2026-01-01 00:00:00")), "{out}");
}
