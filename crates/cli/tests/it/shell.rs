//! The shell without a terminal.

use crate::support::{Place, Ran, sample};

fn shell(input: &str) -> Ran {
    Place::new().levada_with(&["shell"], input)
}

#[test]
fn statements_are_executed_one_by_one_and_say_what_they_did() {
    let input = "CREATE TABLE t (a INT, b TEXT);\nINSERT INTO t VALUES (1, 'x'),\n (2, ';');\nSELECT * FROM t\nORDER BY a;\n";
    let expected = "CREATE TABLE\n2 rows\n a │ b\n───┼───\n 1 │ x\n 2 │ ;\n(2 rows)\n";
    assert_eq!(shell(input).well(), expected);
    assert_eq!(Place::new().levada_with(&[], input).well(), expected, "without the word shell");
}

#[test]
fn an_error_is_placed_in_the_input_and_the_rest_goes_on() {
    let ran = shell("SELECT 1 AS a;\n\nSELECT\n  x;\nSELECT 2 AS b;\n");
    assert_eq!(ran.out, " a\n───\n 1\n(1 row)\n b\n───\n 2\n(1 row)\n");
    assert!(ran.err.contains("--> stdin:4:3\n   |\n 4 |   x;\n   |   ^\n"), "{}", ran.err);
    ran.badly();
}

#[test]
fn a_select_waits_for_the_bounded_inputs_below_it() {
    let input = format!(
        "CREATE SOURCE b (price BIGINT) WITH (connector = 'file', path = '{}');
         CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n FROM b;
         SELECT n > 9000 AS all_of_it FROM v;",
        sample("bid.csv")
    );
    assert!(shell(&input).well().ends_with(" t\n(1 row)\n"));
}

#[test]
fn q_77_d_lists_objects_and_describes_one() {
    let out = shell("\\d\nCREATE TABLE t (a INT NOT NULL);\nCREATE VIEW v AS SELECT a FROM t;\n\\d\n\\d t\n").well();
    assert!(out.starts_with("Nothing has been created yet.\nCREATE TABLE\n"), "{out}");
    assert!(out.contains(" t    │ table │ ready\n v    │ view  │ ready\n(2 rows)\n"), "{out}");
    assert!(out.contains("INT"), "{out}");
}

#[test]
fn live_without_a_terminal_draws_once() {
    let out =
        shell("CREATE TABLE t (a INT);\nINSERT INTO t VALUES (2), (1);\n\\live t\n\\live SELECT max(a) AS m FROM t;\n").well();
    assert!(out.ends_with(" a\n───\n 1\n 2\n(2 rows)\n m\n───\n 2\n(1 row)\n"), "{out}");
}

#[test]
fn timing_prints_beside_the_rows() {
    let ran = shell("\\timing\nSELECT 1 AS a;\n\\timing\nSELECT 2 AS b;\n");
    assert_eq!(ran.code, Some(0));
    assert_eq!(ran.err.matches("Time: ").count(), 1, "{}", ran.err);
}

#[test]
fn quit_ends_it_and_an_unknown_command_is_told() {
    assert_eq!(shell("\\q\nSELECT 1;\n").well(), "");
    assert_eq!(shell("exit;\nSELECT 1;\n").well(), "");
    assert!(shell("\\x\n").badly().contains("there is no command \"\\x\""));
    assert!(shell("\\?\n").well().contains("\\live NAME"));
}

#[test]
fn q_60_a_subscription_shows_what_there_is_and_ends_with_the_inputs() {
    let ran = Place::new().levada_with(
        &["shell", "--format", "changes"],
        "CREATE TABLE t (a INT);\nINSERT INTO t VALUES (7);\nSUBSCRIBE TO t;\n",
    );
    let out = ran.well();
    assert!(out.starts_with("+1 @") && out.ends_with(" a=7\n") && out.lines().count() == 1, "{out}");
}
