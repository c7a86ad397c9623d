//! The example, as users run it: the same results on both stores, and after being killed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// What the contract says about this graph: two quotes of three are enough, a retry and a crash cost nothing, and a failure that
/// is waited for with `done` is absorbed.
const RESULTS: &str = "\
execution    outcome    result
receive      succeeded  order 1234
quote_north  succeeded  310
quote_south  succeeded  295
quote_west   cancelled
choose       succeeded  295
charge       succeeded  charged 295
pack         succeeded  one parcel
loyalty      failed
ship         succeeded  one parcel, charged 295
report       succeeded  the order succeeded
order-1234 succeeded
";

/// The example is built beside the tests.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own file");
    let target = test.parent().and_then(Path::parent).expect("tests lie in target/<profile>/deps");
    target.join("examples").join(format!("orders{}", std::env::consts::EXE_SUFFIX))
}

fn start(store: &str) -> Child {
    let mut command = Command::new(program());
    command.arg(store).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the example was built with the tests")
}

fn results(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Lets the example run for a while and kills it, unless it has ended by then.
fn killed_after(store: &str, span: Duration) {
    let mut child = start(store);
    let mut output = child.stdout.take().expect("it is piped");
    let (ended, end) = mpsc::channel();
    let reader = std::thread::Builder::new();
    #[expect(clippy::disallowed_methods, reason = "a test waits for another process's end of output, with a limit")]
    let reader = reader.spawn(move || {
        let copied = std::io::copy(&mut output, &mut std::io::sink());
        ended.send(copied.is_ok()).is_ok()
    });
    let by_itself = end.recv_timeout(span).is_ok();
    if !by_itself {
        child.kill().expect("it runs");
    }
    child.wait().expect("it was started");
    assert!(reader.expect("a thread starts").join().is_ok());
}

#[test]
fn the_example_gives_its_results_on_sqlite_and_again_when_it_is_started_again() {
    let directory = tempfile::tempdir().expect("a directory for temporary files");
    let store = directory.path().join("orders.db");
    let store = store.to_str().expect("the path is text");
    for _ in 0..2 {
        assert_eq!(results(&start(store).wait_with_output().expect("it ends")), RESULTS);
    }
}

#[test]
fn the_example_gives_the_same_results_on_postgres() {
    let Some(database) = levada_testing_postgres::database() else { return };
    for _ in 0..2 {
        assert_eq!(results(&start(&database.url()).wait_with_output().expect("it ends")), RESULTS);
    }
}

/// Kills the example some times, spread over the time that one run takes, and lets it end.
fn killed_and_started_again(store: &str, round: u64) {
    for kill in 0..4 {
        killed_after(store, Duration::from_millis(15 + round * 37 + kill * 180));
    }
    assert_eq!(results(&start(store).wait_with_output().expect("it ends")), RESULTS, "round {round}");
}

#[test]
fn the_example_ends_the_same_however_often_it_is_killed() {
    for round in 0..4 {
        let directory = tempfile::tempdir().expect("a directory for temporary files");
        let store = directory.path().join("orders.db");
        killed_and_started_again(store.to_str().expect("the path is text"), round);
    }
}

#[test]
fn the_example_ends_the_same_on_postgres_however_often_it_is_killed() {
    for round in 0..2 {
        let Some(database) = levada_testing_postgres::database() else { return };
        killed_and_started_again(&database.url(), round);
    }
}
