//! The gate: random histories equal the interpreter, kept cases stay good, planted bugs are found.

use levada_testing_tasks::planted::Bug;
use levada_testing_tasks::ring0::{Case, first_failure};

/// Histories of each of the parts that run side by side. More of them: `cargo run --release -p levada-testing-tasks --bin sim-tasks`.
const HISTORIES: u64 = 5_000;
const PARTS: u64 = 10;
const STEPS: usize = 40;
/// Histories in which a planted bug must be found.
const HISTORIES_PER_BUG: u64 = 400;

#[track_caller]
fn random_dags(part: u64) {
    assert!(part < PARTS, "parts do not overlap with the seeds of longer runs");
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
fn t_107_random_dags_equal_the_interpreter_c() {
    random_dags(2);
}

#[test]
fn t_107_random_dags_equal_the_interpreter_d() {
    random_dags(3);
}

#[test]
fn t_107_random_dags_equal_the_interpreter_e() {
    random_dags(4);
}

#[test]
fn t_107_random_dags_equal_the_interpreter_f() {
    random_dags(5);
}

#[test]
fn t_107_random_dags_equal_the_interpreter_g() {
    random_dags(6);
}

#[test]
fn t_107_random_dags_equal_the_interpreter_h() {
    random_dags(7);
}

#[test]
fn t_107_random_dags_equal_the_interpreter_i() {
    random_dags(8);
}

#[test]
fn t_107_random_dags_equal_the_interpreter_j() {
    random_dags(9);
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

/// The findings of the contract, §13.1, that rules of this release can have. The others need suspensions, budgets or tokens (T-015,
/// T-016, T-020, T-026), or are about stores (T-022, T-025).
const FINDINGS: [&str; 21] = [
    "T-001", "T-002", "T-003", "T-004", "T-005", "T-006", "T-007", "T-008", "T-009", "T-010", "T-011", "T-012", "T-013",
    "T-014", "T-017", "T-018", "T-019", "T-021", "T-023", "T-024", "T-027",
];

#[track_caller]
fn found(bugs: &[Bug]) {
    let is_found = |bug: &&Bug| (0..HISTORIES_PER_BUG).any(|seed| Case::random(seed, STEPS).play(Some(**bug), false).is_err());
    let missed: Vec<_> = bugs.iter().filter(|bug| !is_found(bug)).collect();
    assert!(missed.is_empty(), "not found: {missed:?}");
}

#[test]
fn t_118_planted_bugs_are_found_a() {
    found(&Bug::ALL[..Bug::ALL.len() / 2]);
}

#[test]
fn t_118_planted_bugs_are_found_b() {
    found(&Bug::ALL[Bug::ALL.len() / 2..]);
}

#[test]
fn t_118_every_finding_has_a_planted_bug() {
    assert!(Bug::ALL.len() >= 30);
    for finding in FINDINGS {
        assert!(Bug::ALL.iter().any(|bug| bug.finding() == finding), "{finding}");
    }
}
