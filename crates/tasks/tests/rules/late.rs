//! What comes late: settlement after other ends, a cancel after an answer to failure, a delay in a run that is being cancelled.

use levada_store::RunId;
use levada_store::alphabets::{CancelPolicy, FailureClass, GroupState, OnFailure, Outcome, PublicState};
use levada_tasks::rules::{
    Applied, CancelBacklog, CancelExecution, CancelRun, Claimed, DelayExecutions, Ended, PauseRun, ReplayExecution, SettleRun,
    Written,
};
use levada_tasks::spec::{Delay, GroupPolicy};

use crate::world::{World, graph, node};

fn cancel(run: RunId, policy: CancelPolicy) -> CancelRun {
    let (reason, actor) = ("enough".to_owned(), "ann".to_owned());
    CancelRun { run, policy, reason, actor, include_finalizers: false, grace_ms: 1_000_000 }
}

/// "a" and "b", claimed.
fn both(world: &mut World) -> (Claimed, Claimed) {
    let mut claimed = world.claim(2);
    claimed.sort_by(|one, other| one.name.cmp(&other.name));
    let names: Vec<_> = claimed.iter().map(|claimed| claimed.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    (claimed[0].clone(), claimed[1].clone())
}

#[test]
fn t_062_a_group_whose_child_is_over_is_withdrawn_however_late_it_settles() {
    for upstream_ends in [Outcome::Succeeded, Outcome::Failed] {
        let mut world = World::settling_up_to(0);
        let run = world.submit(&graph(&["a", "b"], &[("a", "b")]));
        let a = world.claim_named("a");
        world.finish(&a, upstream_ends);
        let child = world.named(run, "b").id;
        assert_eq!(world.must(&CancelExecution { execution: child, actor: "ann".to_owned() }), Applied::Applied);
        world.drain();
        assert_eq!(world.group(child).state, GroupState::Withdrawn, "after {upstream_ends}");
    }
}

#[test]
fn t_024_the_winner_of_any_of_is_the_first_to_end_however_late_it_settles() {
    let mut world = World::settling_up_to(0);
    let mut any = graph(&["a", "b", "c"], &[("a", "c"), ("b", "c")]);
    any.nodes[2].group = Some(GroupPolicy::any_of());
    for edge in &mut any.edges {
        edge.input = Some(format!("from_{}", edge.from));
    }
    let run = world.submit(&any);
    let (a, b) = both(&mut world);
    assert!(a.handle.execution < b.handle.execution, "the winner is not the one with the lower id");
    world.finish(&b, Outcome::Succeeded);
    world.ring.advance(1);
    world.finish(&a, Outcome::Succeeded);
    world.drain();
    assert_eq!(world.claim_named("c").inputs.keys().collect::<Vec<_>>(), ["from_b"]);
    assert_eq!(world.public(run, "c"), PublicState::Active);
}

#[test]
fn t_075_the_finalizer_of_a_marked_run_does_not_wait_for_the_grace() {
    for inline in [0, 64] {
        let mut world = World::settling_up_to(inline);
        let mut marked = graph(&["a"], &[]);
        let mut last = node("last");
        last.execution.finalizer = true;
        marked.nodes.push(last);
        let run = world.submit(&marked);
        let a = world.claim_named("a");
        world.must(&cancel(run, CancelPolicy::MarkOnly));
        world.finish(&a, Outcome::Succeeded);
        world.drain();
        assert_eq!(world.public(run, "last"), PublicState::Ready);
        assert_eq!(world.claim_named("last").inputs["run"].outcome, Outcome::Succeeded);
    }
}

#[test]
fn t_074_a_cancel_that_goes_beyond_the_answer_to_a_failure_is_the_outcome() {
    for inline in [0, 64] {
        let mut world = World::settling_up_to(inline);
        let mut answering = graph(&["a", "b"], &[]);
        answering.options.on_failure = OnFailure::CancelPending;
        let run = world.submit(&answering);
        let (a, _) = both(&mut world);
        world.finish(&a, Outcome::Failed);
        world.drain();
        assert_eq!(world.public(run, "b"), PublicState::Active, "it is left to finish");
        let said = world.must(&cancel(run, CancelPolicy::CancelAll));
        assert_eq!((said.applied, said.reason.as_str()), (Applied::Applied, "enough"));
        world.drain();
        assert_eq!(world.ended(run), Outcome::Cancelled);
    }
}

#[test]
fn t_007_a_delay_in_a_run_that_is_being_cancelled_is_told_that_it_is_over() {
    let mut world = World::new();
    let run = world.submit(&graph(&["a", "b"], &[]));
    let (a, _) = both(&mut world);
    world.must(&cancel(run, CancelPolicy::CancelPending));
    let until_ms = world.ring.now_ms() + 1_000;
    let delay = DelayExecutions { items: vec![Delay { handle: a.handle, until_ms }] };
    let over = Ended::Ended { outcome: Outcome::Cancelled, result_digest: None };
    for said in [Written::Applied(over.clone()), Written::AlreadyApplied(over)] {
        let answers = world.must(&delay);
        assert!(matches!(&answers[..], [Ok(answer)] if *answer == said), "{answers:?}");
    }
}

#[test]
fn t_075_a_cancel_lets_the_finalizers_of_a_paused_run_go() {
    for inline in [0, 64] {
        for policy in CancelPolicy::ALL {
            let mut world = World::settling_up_to(inline);
            let mut paused = graph(&["a"], &[]);
            let mut last = node("last");
            last.execution.finalizer = true;
            paused.nodes.push(last);
            let run = world.submit(&paused);
            let a = world.claim_named("a");
            world.finish(&a, Outcome::Succeeded);
            world.drain();
            world.must(&PauseRun { run, actor: "ann".to_owned() });
            assert_eq!(world.public(run, "last"), PublicState::Held);
            world.must(&cancel(run, *policy));
            world.drain();
            assert_eq!(world.public(run, "last"), PublicState::Ready, "after {policy}");
        }
    }
}

#[test]
fn t_064_ends_of_one_millisecond_are_settled_in_the_order_in_which_they_came() {
    let mut pinned = Vec::new();
    for inline_run_max in [levada_store::limits::INLINE_RUN_MAX, 0] {
        let mut world = World::settling_up_to(inline_run_max);
        let mut any = graph(&["a", "b", "c"], &[("a", "c"), ("b", "c")]);
        any.nodes[2].group = Some(GroupPolicy::any_of());
        for edge in &mut any.edges {
            edge.input = Some(format!("from_{}", edge.from));
        }
        let run = world.submit(&any);
        let (a, b) = both(&mut world);
        assert!(a.handle.execution < b.handle.execution, "the first to end is not the one with the lower id");
        world.finish(&b, Outcome::Succeeded);
        world.finish(&a, Outcome::Succeeded);
        world.drain();
        let child = world.named(run, "c").id;
        let names: Vec<_> =
            world.ring.state().pins.keys().filter(|(id, _)| *id == child).map(|(_, name)| name.clone()).collect();
        pinned.push(names);
    }
    assert_eq!(pinned, [["from_b"], ["from_b"]], "settled where they end, and by marks");
}

#[test]
fn t_074_a_call_that_finds_nobody_left_to_cancel_does_not_make_a_failed_run_a_cancelled_one() {
    for settled_before_the_call in [true, false] {
        let mut world = World::settling_up_to(0);
        let mut answering = graph(&["a", "b", "c"], &[]);
        answering.options.on_failure = OnFailure::CancelPending;
        let run = world.submit(&answering);
        let (a, b) = both(&mut world);
        world.finish(&a, Outcome::Failed);
        // "c" is cancelled because "a" failed, "b" goes on.
        world.must(&SettleRun { run });
        let policy = CancelPolicy::CancelPending;
        world.must(&CancelBacklog { run, policy, include_finalizers: false });
        assert_eq!(world.public(run, "c"), PublicState::Cancelled);
        if settled_before_the_call {
            world.must(&SettleRun { run });
        }
        world.finish(&b, Outcome::Succeeded);
        assert_eq!(world.must(&cancel(run, CancelPolicy::CancelAll)).applied, Applied::Applied, "a stronger one");
        world.drain();
        assert_eq!(world.ended(run), Outcome::Failed, "no call ended a member");
    }
}

#[test]
fn t_074_a_call_that_ends_a_member_makes_a_failed_run_a_cancelled_one() {
    let mut world = World::settling_up_to(0);
    let mut answering = graph(&["a", "b"], &[]);
    answering.options.on_failure = OnFailure::CancelPending;
    let run = world.submit(&answering);
    let (a, _) = both(&mut world);
    world.finish(&a, Outcome::Failed);
    world.must(&SettleRun { run });
    world.must(&cancel(run, CancelPolicy::CancelAll));
    world.drain();
    assert!(world.named(run, "b").cancelled_by_call);
    assert_eq!(world.ended(run), Outcome::Cancelled);
}

#[test]
fn t_006_a_failure_that_ended_with_its_run_is_told_the_same_after_a_replay() {
    let mut world = World::new();
    let mut once = graph(&["a"], &[]);
    once.nodes[0].execution.policy.retry.max_retries = Some(1);
    let run = world.submit(&once);
    let a = world.claim_named("a");
    world.must(&cancel(run, CancelPolicy::CancelPending));
    let cancelled = Ended::Ended { outcome: Outcome::Cancelled, result_digest: None };
    let said = world.fail(a.handle, FailureClass::Transient);
    assert!(matches!(&said, Ok(Written::Applied(ended)) if *ended == cancelled), "{said:?}");
    let (execution, actor) = (a.handle.execution, "ann".to_owned());
    world.must(&ReplayExecution { execution, run: Some(run), ignore_edges: false, generation: None, actor });
    let said = world.fail(a.handle, FailureClass::Transient);
    assert!(matches!(&said, Ok(Written::AlreadyApplied(ended)) if *ended == cancelled), "{said:?}");
}
