//! The gate: random histories equal the interpreter, kept cases stay good, planted bugs are found.

use levada_testing_tasks::planted::Bug;
use levada_testing_tasks::ring0::{Case, first_failure};

/// Histories of each of the parts that run side by side. More of them: `cargo run --release -p levada-testing-tasks --bin sim-tasks`.
const HISTORIES: u64 = 5_000;
const STEPS: usize = 40;
/// Histories in which a planted bug must be found.
const HISTORIES_PER_BUG: u64 = 400;

#[track_caller]
fn random_dags(part: u64) {
    let first = part * HISTORIES;
    if let Some((case, wrong)) = first_failure(first..first + HISTORIES, STEPS, None) {
        let document = serde_json::to_string(&case).expect("a case is plain data");
        panic!(
            "{wrong}\nreplay it: cargo run -p levada-testing-tasks --bin sim-tasks -- --seed {} --schedules 1 --loud\n\
             keep it in testing/tasks/kept/: {document}",
            case.seed
        );
    }
}

#[test]
fn t_107_random_dags_equal_the_interpreter_a() {
    random_dags(0);
}

#[test]
fn t_107_random_dags_equal_the_interpreter_b() {
    random_dags(1);
}

#[test]
fn t_107_kept_cases_stay_good() {
    let folder = std::path::Path::new("kept");
    for entry in std::fs::read_dir(folder).expect("the folder of kept cases") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        #[expect(clippy::disallowed_methods, reason = "a test reads its cases")]
        let text = std::fs::read_to_string(&path).expect("a readable case");
        let case: Case = serde_json::from_str(&text).expect("a case");
        if let Err(wrong) = case.play(None, false) {
            panic!("{}: {wrong}", path.display());
        }
    }
}

#[test]
fn t_118_planted_bugs_are_found() {
    let missed: Vec<_> = Bug::ALL
        .into_iter()
        .filter(|bug| !(0..HISTORIES_PER_BUG).any(|seed| Case::random(seed, STEPS).play(Some(*bug), false).is_err()))
        .collect();
    assert!(missed.is_empty(), "not found: {missed:?}");
}
