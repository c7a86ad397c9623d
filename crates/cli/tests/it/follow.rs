//! SUBSCRIBE, endless inputs and being stopped.

use std::io::{BufRead, BufReader, Read};

use crate::support::{Place, Ran};

#[test]
fn q_60_a_subscription_is_printed_until_the_inputs_end() {
    let place = Place::new();
    place.file("in.csv", "k,n\n1,10\n2,20\n1,30\n");
    let script = "CREATE SOURCE s (k BIGINT, n BIGINT) WITH (connector = 'file', path = 'in.csv');
                  CREATE MATERIALIZED VIEW v AS SELECT k, sum(n) AS total FROM s GROUP BY k;
                  SUBSCRIBE TO v;";
    let one_by_one = ["--set", "source_rows_max=1", "--set", "epoch_rows_max=1", "--set", "shards=1", "--format"];
    let out = place.run(script, &[&one_by_one[..], &["csv"]].concat()).well();
    let changes: Vec<(i64, String)> = out.lines().skip(1).map(without_epoch).collect();
    assert!(out.starts_with("_epoch,_weight,k,total\n"), "{out}");
    assert_eq!(changes[..2], [(1, "1,10".to_owned()), (1, "2,20".to_owned())]);
    let mut last = changes[2..].to_vec();
    last.sort();
    assert_eq!(last, [(-1, "1,10".to_owned()), (1, "1,40".to_owned())]);
}

fn without_epoch(line: &str) -> (i64, String) {
    let mut parts = line.splitn(3, ',').skip(1);
    let weight = parts.next().expect("a weight").parse().expect("a number");
    (weight, parts.next().expect("a row").to_owned())
}

#[test]
fn a_subscription_as_a_table_has_one_header() {
    let place = Place::new();
    place.file("in.csv", "n\n1\n2\n");
    let script = "CREATE SOURCE s (n BIGINT) WITH (connector = 'file', path = 'in.csv'); SUBSCRIBE TO s;";
    let out = place.run(script, &["--set", "source_rows_max=1", "--set", "epoch_rows_max=1"]).well();
    assert_eq!(out.lines().filter(|line| line.contains("_weight")).count(), 1, "{out}");
    assert_eq!(out.lines().filter(|line| line.contains("│      +1 │")).count(), 2, "{out}");
}

/// Starts an endless script, waits for its first lines and asks it to stop.
fn stopped(place: &Place, script: &str, lines: usize, signal: &str) -> (Vec<String>, Ran) {
    place.file("job.sql", script);
    let mut child = place.command(&["run", "job.sql"]).spawn().expect("the binary runs");
    let mut reader = BufReader::new(child.stdout.take().expect("a standard output")).lines();
    let first: Vec<String> = reader.by_ref().take(lines).map(|line| line.expect("a line")).collect();
    let sent = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
    let rest: Vec<String> = reader.map(|line| line.expect("a line")).collect();
    let ended = child.wait_with_output().expect("the binary ends");
    let err = String::from_utf8(ended.stderr).expect("UTF-8");
    (first, Ran { out: rest.join("\n"), err, code: ended.status.code() })
}

const ENDLESS: &str = "CREATE SOURCE s (n BIGINT) WITH (connector = 'generator', rows_per_second = 1000);
                       CREATE SINK k FROM s WITH (connector = 'stdout', format = 'csv');
                       CREATE SINK f FROM s WITH (connector = 'file', path = 'out.csv', format = 'csv');";

#[test]
fn ctrl_c_ends_an_endless_run_cleanly() {
    for signal in ["-INT", "-TERM"] {
        let place = Place::new();
        let (first, ran) = stopped(&place, ENDLESS, 3, signal);
        assert_eq!(first, ["n", "0", "1"]);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{signal}");
        let printed = first.len() + ran.out.lines().count();
        assert_eq!(place.read("out.csv").lines().count(), printed, "both sinks got the same rows, {signal}");
    }
}

#[test]
fn a_select_over_an_endless_input_says_that_it_shows_a_moment() {
    let place = Place::new();
    let script = "CREATE SOURCE s (n BIGINT) WITH (connector = 'generator', rows_per_second = 1000);
                  CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n FROM s;
                  SELECT n >= 0 AS ok FROM v;
                  CREATE SINK k AS SELECT n FROM s WITH (connector = 'stdout', format = 'csv');";
    let (first, ran) = stopped(&place, script, 5, "-INT");
    assert_eq!(first[..4], [" ok", "────", " t", "(1 row)"]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.err.contains("an input never ends"), "{}", ran.err);
}

/// More than come in the time in which several signals are one wish.
const SIGNALS_MAX: usize = 3_000;

#[test]
fn a_second_signal_ends_a_run_that_cannot_follow_the_first() {
    let place = Place::new();
    // One value is more than a pipe holds: once its first byte has come, the binary stands still until somebody reads on.
    place.file("in.csv", format!("t\n{}\n", "x".repeat(1 << 20)));
    let script = "CREATE SOURCE s (t TEXT) WITH (connector = 'file', path = 'in.csv');
                  CREATE SINK k FROM s WITH (connector = 'stdout', format = 'csv');";
    place.file("job.sql", script);
    let mut child = place.command(&["run", "job.sql"]).spawn().expect("the binary runs");
    let mut unread = child.stdout.take().expect("a standard output");
    unread.read_exact(&mut [0; 16]).expect("the first bytes");
    for _ in 0..SIGNALS_MAX {
        if child.try_wait().expect("the child is ours").is_some() {
            return;
        }
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    }
    child.kill().expect("the child is ours");
    panic!("it goes on after {SIGNALS_MAX} signals");
}
