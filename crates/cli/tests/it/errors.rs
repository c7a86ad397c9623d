//! What is wrong is told with its code, its place, why and what to type, on the standard error, with exit code 1 and no panic.

use crate::support::Place;

/// A source over a file with columns `a` and `b`.
fn source(path: &str) -> String {
    format!("CREATE SOURCE s (a BIGINT, b BIGINT) WITH (connector = 'file', path = '{path}');\n")
}

const TOTAL: &str = "CREATE MATERIALIZED VIEW v AS SELECT sum(b) AS total FROM s;\nSELECT * FROM v;\n";

#[test]
fn s_110_a_misspelt_column_has_a_caret_and_the_nearest_name() {
    let place = Place::new();
    place.file("in.csv", "a,b\n1,2\n");
    let err = place.run(&(source("in.csv") + "CREATE VIEW v AS\n  SELECT a, bb FROM s;"), &[]).badly();
    let expected =
        "error LV-S110: column \"bb\" not found\n  --> job.sql:3:13\n   |\n 3 |   SELECT a, bb FROM s;\n   |             ^^\n";
    assert!(err.starts_with(expected), "{err}");
    assert!(err.contains("= help: did you mean \"b\"?"), "{err}");
}

#[test]
fn a_place_in_a_script_counts_from_its_first_line() {
    let err = Place::new().run("-- nothing\n\nCREATE TABLE t (a INT);\nSELEC 1;", &[]).badly();
    assert!(err.contains("--> job.sql:4:1\n   |\n 4 | SELEC 1;\n   | ^^^^^\n"), "{err}");
}

#[test]
fn a_missing_file_is_named() {
    let err = Place::new().run(&source("nowhere.csv"), &[]).badly();
    assert!(err.starts_with("error LV-C010: ") && err.contains("\"nowhere.csv\"") && err.contains("= help: "), "{err}");
}

#[test]
fn a_missing_script_is_named() {
    let err = Place::new().levada(&["run", "nowhere.sql"]).badly();
    assert!(err.starts_with("error LV-C010: script \"nowhere.sql\" can't be read"), "{err}");
}

#[test]
fn a_script_that_is_no_text_is_refused() {
    let place = Place::new();
    place.file("job.sql", b"SELECT '\xff';");
    let err = place.levada(&["run", "job.sql"]).badly();
    assert!(err.contains("not UTF-8"), "{err}");
}

#[test]
fn broken_csv_is_told_with_its_line_and_column() {
    let place = Place::new();
    place.file("in.csv", "a,b\n1,2\n3,x\n5,6\n");
    let err = place.run(&(source("in.csv") + TOTAL), &[]).badly();
    assert!(
        err.contains("LV-C040") && err.contains("in.csv, line 3, column \"b\"") && err.contains("\"x\" is not a BIGINT"),
        "{err}"
    );
}

#[test]
fn broken_json_is_told_with_its_line() {
    let place = Place::new();
    place.file("in.jsonl", "{\"a\":1,\"b\":2}\n{\"a\":1,\"b\":\n");
    let err = place.run(&(source("in.jsonl") + TOTAL), &[]).badly();
    assert!(err.contains("LV-C040") && err.contains("in.jsonl, line 2"), "{err}");
}

#[test]
fn broken_parquet_and_arrow_are_told_with_their_file() {
    let place = Place::new();
    place.file("in.csv", "a,b\n1,2\n3,4\n");
    let write = |format| {
        format!("CREATE SINK k_{format} FROM s WITH (connector = 'file', path = 'in.{format}', format = '{format}');\n")
    };
    place.run(&(source("in.csv") + &write("parquet") + &write("arrow")), &[]).well();
    for format in ["parquet", "arrow"] {
        let name = format!("in.{format}");
        let mut bytes = std::fs::read(place.path().join(&name)).expect("what was written");
        let half = bytes.len() / 2;
        bytes.truncate(half);
        place.file(&name, &bytes);
        let err = place.run(&(source(&name) + TOTAL), &[]).badly();
        assert!(err.contains("error LV-") && err.contains(&name), "{err}");
    }
}

#[test]
fn a_column_of_another_type_than_the_file_has_is_told() {
    let place = Place::new();
    place.file("in.csv", "a,b\nx,2\n");
    let err = place.run(&(source("in.csv") + "CREATE MATERIALIZED VIEW v AS SELECT a FROM s;"), &[]).badly();
    assert!(err.contains("column \"a\"") && err.contains("\"x\" is not a BIGINT"), "{err}");
}

#[test]
fn an_unknown_connector_option_has_a_caret_and_the_nearest_name() {
    let script = "CREATE SOURCE s (a INT)\nWITH (connector = 'file', path = 'in.csv', formt = 'csv');";
    let err = Place::new().run(script, &[]).badly();
    assert!(err.contains("error LV-C002") && err.contains("--> job.sql:2:44"), "{err}");
    assert!(err.contains("did you mean \"format\"?"), "{err}");
}

#[test]
fn s_602_an_unknown_setting_has_the_nearest_name() {
    let place = Place::new();
    let err = place.run("SELECT 1;", &["--set", "shrads=2"]).badly();
    assert!(err.contains("error LV-S602") && err.contains("did you mean \"shards\"?"), "{err}");
    let err = place.run("SELECT 1;", &["--set", "shards"]).badly();
    assert!(err.contains("write --set name=value"), "{err}");
}

#[test]
fn what_was_written_before_an_error_is_kept() {
    let place = Place::new();
    place.file("in.csv", "a,b\n1,2\n");
    let ran = place.run(
        &(source("in.csv") + "CREATE MATERIALIZED VIEW v AS SELECT a + b AS c FROM s; SELECT c FROM v; SELECT d FROM v;"),
        &[],
    );
    assert_eq!(ran.out, " c\n───\n 3\n(1 row)\n");
    assert!(ran.badly().contains("column \"d\" not found"));
}

#[test]
fn s_120_a_source_can_not_be_read_at_once() {
    let place = Place::new();
    let err = place.run("CREATE SOURCE s (a BIGINT) WITH (connector = 'generator');\nSELECT * FROM s;", &[]).badly();
    assert!(err.contains("LV-S120") && err.contains("SUBSCRIBE TO s"), "{err}");
}
