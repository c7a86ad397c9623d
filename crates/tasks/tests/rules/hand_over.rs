//! An end that carries a claim is one hop: what the end made ready is handed over by the same call (F-9).

use levada_store::alphabets::{CancelPolicy, FailureClass, OnFailure};
use levada_store::apply_in_turn;
use levada_store::rows::Facts;
use levada_tasks::rules::{ChangeLane, Claim, Claimed, CompleteExecutions, FailExecutions, LaneChange, PauseRun, Rule, answer};
use levada_tasks::spec::{ClaimRequest, Complete, Fail, Failure, Handle, Payload};

use crate::world::{World, graph};

fn next(world: &mut World, limit: u32) -> Claim {
    let token = world.token();
    world.claim_event(ClaimRequest::of_lane("default", "worker-1", limit, token))
}

fn item(handle: Handle) -> Complete {
    Complete { handle, result: Payload::Inline(b"some bytes".to_vec()), facts: Facts::default() }
}

/// Completes and claims in one call.
fn complete_and(world: &mut World, handle: Handle, next: Claim) -> Vec<Claimed> {
    let (written, claimed) = world.must(&CompleteExecutions { items: vec![item(handle)], next: Some(next) });
    assert!(written.iter().all(Result::is_ok), "completed");
    claimed
}

fn names(claimed: &[Claimed]) -> Vec<&str> {
    claimed.iter().map(|claimed| claimed.name.as_str()).collect()
}

#[test]
fn t_053_a_completion_hands_over_the_successor_that_it_made_ready() {
    let mut world = World::new();
    let mut chain = graph(&["a", "b"], &[("a", "b")]);
    chain.edges[0].input = Some("from".to_owned());
    chain.nodes[1].execution.input = Payload::Inline(b"its own".to_vec());
    world.submit(&chain);
    let a = world.claim_named("a");
    let next = next(&mut world, 1);
    let claimed = complete_and(&mut world, a.handle, next.clone());
    assert_eq!(names(&claimed), ["b"]);
    assert_eq!(claimed[0].input, None, "its own input did not travel with the slice: it is read");
    let from = &claimed[0].inputs["from"];
    assert_eq!((from.upstream, from.payload.clone()), (a.handle.execution, Some(Payload::Inline(b"some bytes".to_vec()))));
    let again = world.must(&CompleteExecutions { items: vec![item(a.handle)], next: Some(next) }).1;
    assert_eq!(names(&again), ["b"], "the call whose reply was lost gives the same");
}

/// ST-5: a call and its repeat may share a transaction. The slice has the input of what the first of them made ready no more than before.
#[test]
fn t_053_a_repeat_that_shares_the_slice_reads_the_input_too() {
    let mut world = World::new();
    let mut chain = graph(&["a", "b"], &[("a", "b")]);
    chain.nodes[1].execution.input = Payload::Inline(b"its own".to_vec());
    world.submit(&chain);
    let a = world.claim_named("a");
    let next = next(&mut world, 1);
    let rule = CompleteExecutions { items: vec![item(a.handle)], next: Some(next) };
    let mut slice = world.ring.cut(&rule.scope());
    for _ in 0..2 {
        let (commands, (_, claimed)) = answer(&slice, &rule).expect("applied, or repeated");
        assert_eq!((names(&claimed), &claimed[0].input), (vec!["b"], &None));
        apply_in_turn(&mut slice, &commands).expect("they fit");
    }
}

#[test]
fn t_053_a_result_that_is_not_in_the_slice_is_not_given_as_empty() {
    let mut world = World::new();
    let mut join = graph(&["a", "b", "c"], &[("a", "c"), ("b", "c")]);
    for edge in &mut join.edges {
        edge.input = Some(edge.from.clone());
    }
    world.submit(&join);
    let claimed = world.claim(2);
    let first = next(&mut world, 1);
    assert_eq!(complete_and(&mut world, claimed[0].handle, first), []);
    let second = next(&mut world, 1);
    let given = complete_and(&mut world, claimed[1].handle, second);
    assert_eq!(given[0].inputs[&claimed[0].name].payload, None, "of an earlier call: it is read");
    assert!(given[0].inputs[&claimed[1].name].payload.is_some(), "of this call");
}

#[test]
fn t_053_what_became_ready_stands_in_line_with_the_others() {
    let mut world = World::new();
    let mut both = graph(&["a", "low", "high", "b"], &[("a", "b")]);
    both.nodes[2].execution.priority = 5;
    both.nodes[3].execution.priority = 3;
    world.submit(&both);
    let a = world.claim(2).into_iter().find(|claimed| claimed.name == "a").expect("a is ready");
    let more = next(&mut world, 2);
    let claimed = complete_and(&mut world, a.handle, more);
    assert_eq!(names(&claimed), ["b", "low"], "by priority, then by age");
}

#[test]
fn t_053_a_paused_run_or_lane_hands_nothing_over() {
    let mut world = World::new();
    let run = world.submit(&graph(&["a", "b"], &[("a", "b")]));
    let a = world.claim_named("a");
    world.must(&PauseRun { run, actor: "ann".to_owned() });
    let first = next(&mut world, 1);
    assert_eq!(complete_and(&mut world, a.handle, first), []);
    world.submit(&graph(&["c", "d"], &[("c", "d")]));
    let c = world.claim_named("c");
    let pause = ChangeLane { lane: "default".to_owned(), change: LaneChange::Pause, actor: "ann".to_owned() };
    world.must(&pause);
    let second = next(&mut world, 1);
    assert_eq!(complete_and(&mut world, c.handle, second), []);
}

#[test]
fn t_053_a_failure_that_cancels_its_run_hands_nothing_of_it_over() {
    let mut world = World::new();
    let mut answering = graph(&["a", "b"], &[]);
    answering.options.on_failure = OnFailure::CancelPending;
    let run = world.submit(&answering);
    let a = world.claim(1).remove(0);
    let failure = Failure { class: FailureClass::Permanent, code: "no".to_owned(), message: String::new() };
    let next = next(&mut world, 1);
    let items = vec![(Fail { handle: a.handle, failure }, 0)];
    let (_, claimed) = world.must(&FailExecutions { items, next: Some(next) });
    assert_eq!(claimed, [], "K-2: the header of the cancel is part of the same call");
    assert_eq!(world.run(run).cancel_policy, Some(CancelPolicy::CancelPending));
}
