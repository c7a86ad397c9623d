//! BW-13 and R-02: what goes when its time is over, and what stays.

use levada_store::ExecutionId;
use levada_store::alphabets::Outcome;
use levada_store::limits::{REQUEST_KEY_LOOK_MS, REQUEST_KEY_WINDOW_MS_DEFAULT, RETENTION_MS_DEFAULT};
use levada_tasks::rules::{CreateExecution, ExpireRequestKeys, KeysSwept, RetainExecutions, RetainRuns};
use levada_tasks::spec::NewExecution;

use crate::world::{World, graph};

#[test]
fn bw_13_an_ended_execution_goes_with_everything_of_it() {
    let mut world = World::new();
    let mut new = NewExecution { request_key: Some("order-7".to_owned()), ..NewExecution::of_kind("mail").with_input("x") };
    new.tags.insert("team".to_owned(), "red".to_owned());
    let handle = world.active(&new);
    world.complete(handle).expect("live");
    let open = world.create(&NewExecution::of_kind("mail").with_input("y"));
    world.ring.advance(RETENTION_MS_DEFAULT - 1);
    assert_eq!(world.no_op(&RetainExecutions { limit: 10 }), 0);
    world.ring.advance(1);
    assert_eq!(world.must(&RetainExecutions { limit: 10 }), 1);
    let state = world.ring.state();
    assert_eq!(state.executions.keys().copied().collect::<Vec<_>>(), [open], "what has not ended stays");
    let left = [state.attempts.len(), state.results.len(), state.tags.len(), state.inputs.len()];
    assert_eq!(left, [0, 0, 0, 1], "the input of the open one");
    assert_eq!(world.no_op(&RetainExecutions { limit: 10 }), 0);
}

#[test]
fn bw_13_an_ended_run_goes_as_a_whole() {
    let mut world = World::new();
    let run = world.submit(&graph(&["a", "b"], &[("a", "b")]));
    world.work(|_| Outcome::Succeeded);
    let other = world.submit(&graph(&["c"], &[]));
    world.ring.advance(RETENTION_MS_DEFAULT);
    assert_eq!(world.no_op(&RetainExecutions { limit: 10 }), 0, "members go with their run");
    assert_eq!(world.must(&RetainRuns { limit: 10 }), 1);
    let state = world.ring.state();
    assert!(!state.runs.contains_key(&run) && state.runs.contains_key(&other), "a run with open members stays");
    assert!(state.executions.values().all(|row| row.run_id == Some(other)));
    assert!(state.edges.is_empty() && state.groups.is_empty() && state.attempts.is_empty() && state.results.is_empty());
}

#[test]
fn r_02_a_request_key_lives_for_its_window_and_as_long_as_its_execution() {
    let mut world = World::new();
    let mut new = NewExecution { request_key: Some("order-7".to_owned()), ..NewExecution::of_kind("mail") };
    new.policy.retention_ms = 0;
    let handle = world.active(&new);
    world.ring.advance(1_000);
    world.complete(handle).expect("live");
    world.ring.advance(REQUEST_KEY_WINDOW_MS_DEFAULT);
    assert_eq!(world.must(&ExpireRequestKeys { limit: 10 }), KeysSwept { forgotten: 0, kept: 1 }, "it is stored");
    assert_eq!(world.no_op(&ExpireRequestKeys { limit: 10 }), KeysSwept::default(), "it was looked at just now");
    assert_eq!(world.create(&new), handle.execution, "the key still stands for it");
    world.must(&RetainExecutions { limit: 10 });
    world.ring.advance(REQUEST_KEY_LOOK_MS);
    assert_eq!(world.must(&ExpireRequestKeys { limit: 10 }), KeysSwept { forgotten: 1, kept: 0 });
    assert_ne!(world.create(&new), handle.execution);
}

#[test]
fn r_02_a_key_of_what_is_kept_for_long_is_looked_at_again_when_that_may_go() {
    let mut world = World::new();
    let new = NewExecution { request_key: Some("order-7".to_owned()), ..NewExecution::of_kind("mail") };
    let handle = world.active(&new);
    world.complete(handle).expect("live");
    world.ring.advance(REQUEST_KEY_WINDOW_MS_DEFAULT);
    world.must(&ExpireRequestKeys { limit: 10 });
    let next = levada_store::earliest(world.ring.state(), levada_store::DueKind::RequestKey);
    assert_eq!(next, world.ring.state().executions[&handle.execution].retain_until_ms);
}

#[test]
fn r_02_a_request_key_outlives_an_execution_that_is_kept_for_less_than_its_window() {
    let mut world = World::new();
    let mut new = NewExecution { request_key: Some("order-7".to_owned()), ..NewExecution::of_kind("mail") };
    new.policy.retention_ms = 0;
    let handle = world.active(&new);
    world.complete(handle).expect("live");
    world.must(&RetainExecutions { limit: 10 });
    assert_eq!(world.no_op(&ExpireRequestKeys { limit: 10 }), KeysSwept::default(), "its window is open");
    let event = CreateExecution { id: ExecutionId(77), new: new.clone() };
    assert_eq!(world.refused(&event), "LV-T002", "a repetition makes no second one, and the first is gone");
    world.ring.advance(REQUEST_KEY_WINDOW_MS_DEFAULT);
    assert_ne!(world.create(&new), handle.execution);
}
