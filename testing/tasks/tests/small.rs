//! Small worlds, exhaustively; deeper by `sim-tasks --small DEPTH`.

use levada_testing_tasks::small::{explore, worlds};

const DEPTH: usize = 5;

#[track_caller]
fn every_order(inline_run_max: i32) {
    for world in worlds() {
        match explore(&world, inline_run_max, DEPTH) {
            Ok(tried) => {
                assert!(tried.ends > 100, "{}: a world in which little can happen proves little: {tried:?}", world.name)
            }
            Err(wrong) => panic!("{wrong}"),
        }
    }
}

#[test]
fn t_108_small_worlds_settled_where_they_end() {
    every_order(64);
}

#[test]
fn t_108_small_worlds_settled_by_marks() {
    every_order(0);
}
