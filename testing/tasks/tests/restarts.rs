//! Restarting from each member of random runs, with and without what follows from it, equals the interpreter; what is kept stays byte
//! for byte what it was.

use levada_testing_tasks::ring0::restart_from_each;

/// Graphs of each of the parts that run side by side.
const GRAPHS: u64 = 250;

#[track_caller]
fn every_restart(part: u64) {
    let mut restarts = 0;
    for seed in part * GRAPHS..(part + 1) * GRAPHS {
        match restart_from_each(seed) {
            Ok(done) => restarts += done,
            Err(wrong) => panic!("seed {seed}: {wrong}"),
        }
    }
    assert!(restarts > GRAPHS * 4, "{restarts} restarts prove little");
}

#[test]
fn t_076_restarts_equal_the_interpreter_a() {
    every_restart(0);
}

#[test]
fn t_076_restarts_equal_the_interpreter_b() {
    every_restart(1);
}
