//! Unlikely orders of events: late repetitions, races of the background with calls, operators who change their minds.

use levada_store::alphabets::{AttemptState, CancelPolicy, EdgeWhen, EventKind, FailureClass, Outcome, PublicState};
use levada_store::rows::{Fact, Facts};
use levada_store::{DueKind, ExecutionId, RunId, limits};
use levada_tasks::rules::{
    Applied, BacklogStep, CancelBacklog, CancelExecution, CancelRun, ChangeLane, CompleteExecutions, DispatchGroup, Ended,
    ExtendRun, FailExecutions, LaneChange, ReplayExecution, RestartRun, RevokeLease, SkipExecutions, StageEdge, Written,
};
use levada_tasks::spec::{
    ClaimRequest, Complete, Fail, Failure, Fragment, GroupPolicy, NewCondition, NewEdge, NewExecution, Payload, RestartOptions,
    Skip, Upstream, from_json,
};

use crate::built::Built;
use crate::calls::{code, only};
use crate::world::{World, graph, node};

fn cancel(run: RunId, policy: CancelPolicy) -> CancelRun {
    let (reason, actor) = ("enough".to_owned(), "ann".to_owned());
    CancelRun { run, policy, reason, actor, include_finalizers: false, grace_ms: limits::CANCEL_GRACE_MS }
}

fn replay(execution: ExecutionId, run: Option<RunId>) -> ReplayExecution {
    ReplayExecution { execution, run, ignore_edges: false, generation: None, actor: "ann".to_owned() }
}

#[test]
fn k_02_a_marked_run_that_was_never_sealed_leaves_nothing_to_the_backlog() {
    let mut built = Built::new();
    let said = built.world.must(&cancel(built.run, CancelPolicy::MarkOnly));
    assert!(!said.has_backlog, "it would find nothing to do for the whole of the grace");
    built.world.drain();
}

#[test]
fn k_04_a_backlog_step_by_a_policy_that_was_upgraded_is_not_the_last() {
    let mut world = World::settling_up_to(0);
    let names: Vec<String> = (0..1_002).map(|number| format!("n{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let run = world.submit(&graph(&names, &[]));
    (0..3).for_each(|_| drop(world.claim(500)));
    world.must(&cancel(run, CancelPolicy::CancelPending));
    let late = CancelBacklog { run, policy: CancelPolicy::CancelPending, include_finalizers: false };
    assert!(world.must(&cancel(run, CancelPolicy::CancelAll)).has_backlog);
    assert_eq!(world.must(&late), BacklogStep { cancelled: 0, left: true });
    world.drain();
    assert_eq!(world.ended(run), Outcome::Cancelled);
}

#[test]
fn f_08_a_failure_is_repeated_as_it_was_after_a_replay_that_was_cancelled() {
    let mut world = World::new();
    let handle = world.active(&NewExecution::of_kind("mail"));
    let Written::Applied(ended) = world.fail(handle, FailureClass::Permanent).expect("live") else { panic!("it is new") };
    world.must(&replay(handle.execution, None));
    world.must(&CancelExecution { execution: handle.execution, actor: "ann".to_owned() });
    assert_eq!(world.fail(handle, FailureClass::Permanent).expect("F-8"), Written::AlreadyApplied(ended));
}

#[test]
fn f_08_a_delay_is_repeated_as_it_was_after_its_attempt_timed_out() {
    let mut world = World::new();
    let mut new = NewExecution::of_kind("mail");
    new.policy.attempt_timeout_ms = Some(5_000);
    new.policy.retry.max_retries = Some(0);
    let handle = world.active(&new);
    let until_ms = world.ring.now_ms() + 1_000;
    let Written::Applied(ended) = world.delay(handle, until_ms).expect("live") else { panic!("it is new") };
    world.ring.advance(1_000);
    world.sweep(DueKind::Promote);
    world.claim_one();
    world.ring.advance(5_000);
    world.sweep(DueKind::AttemptDeadline);
    assert_eq!(world.attempts(handle.execution)[0].state, AttemptState::TimedOut);
    assert_eq!(ended, Ended::Again { due_ms: until_ms });
    assert_eq!(world.delay(handle, until_ms).expect("F-8"), Written::AlreadyApplied(ended));
}

#[test]
fn f_02_a_handle_gives_back_its_own_lease_only() {
    let mut world = World::new();
    world.submit(&graph(&["a", "b"], &[]));
    let claimed = world.claim(2);
    let event =
        RevokeLease { execution: claimed[1].handle.execution, by: Some(claimed[0].handle), fence: None, actor: "w".to_owned() };
    assert_eq!(world.refused(&event), "LV-T001");
}

#[test]
fn r_04_an_edge_with_another_timeout_of_its_condition_is_another_edge() {
    let mut built = Built::new();
    let child = built.down;
    let mut event = StageEdge {
        run: built.run,
        expected: built.revision(),
        edge: NewEdge {
            upstream: Upstream::Condition("ready".to_owned()),
            child,
            satisfied_by: EdgeWhen::Success,
            predicates: Default::default(),
            input: None,
            condition: NewCondition::default(),
        },
    };
    built.world.must(&event);
    built.world.no_op(&event);
    event.expected = built.revision();
    event.edge.condition.expires_ms = Some(built.world.ring.now_ms() + 1_000);
    assert_eq!(built.world.refused(&event), "LV-T207");
}

#[test]
fn f_09_what_an_end_gives_back_of_a_lanes_limit_is_there_for_its_claim() {
    let mut world = World::new();
    world.must(&ChangeLane { lane: "default".to_owned(), change: LaneChange::SetMaxActive(Some(1)), actor: "ann".to_owned() });
    let first = world.active(&NewExecution::of_kind("mail"));
    let second = world.create(&NewExecution::of_kind("mail"));
    let third = world.create(&NewExecution::of_kind("mail"));
    let token = world.token();
    let next = Some(world.claim_event(ClaimRequest::of_lane("default", "worker-1", 5, token)));
    let items = vec![Complete { handle: first, result: Payload::Void, facts: Default::default() }];
    let (_, claimed) = world.must(&CompleteExecutions { items, next });
    assert_eq!(claimed.iter().map(|claimed| claimed.handle.execution).collect::<Vec<_>>(), [second]);
    assert_eq!(world.execution(third).public_state(), PublicState::Ready);
}

#[test]
fn z_03_a_finalizer_cannot_be_added_when_finalizers_have_begun() {
    let mut world = World::new();
    let mut with_finalizer = graph(&["a"], &[]);
    let mut last = node("last");
    last.execution.finalizer = true;
    with_finalizer.nodes.push(last.clone());
    let run = world.submit(&with_finalizer);
    let a = world.claim_named("a");
    world.finish(&a, Outcome::Succeeded);
    last.execution.name = "later".to_owned();
    let fragment = Fragment { key: "more".to_owned(), nodes: vec![node("b"), last], edges: vec![] };
    let ids = vec![world.execution_id(), world.execution_id()];
    let event = ExtendRun { run, expected: world.run(run).revision, ids, fragment, fence: None };
    assert_eq!(world.refused(&event), "LV-T005", "it would begin before b has ended, without seeing the outcome");
}

/// `a` and `b` race for `first`; `a` wins.
fn won_race(world: &mut World) -> RunId {
    let mut race = graph(&["a", "b", "first"], &[("a", "first"), ("b", "first")]);
    race.nodes[2].group = Some(GroupPolicy::any_of());
    let run = world.submit(&race);
    let claimed = world.claim(2);
    let winner = claimed.iter().find(|claimed| claimed.name == "a").expect("it is ready").clone();
    world.finish(&winner, Outcome::Succeeded);
    run
}

#[test]
fn q_04_a_winner_that_was_replayed_is_no_loser() {
    let mut world = World::new();
    let run = won_race(&mut world);
    let (a, first) = (world.named(run, "a").id, world.named(run, "first").id);
    world.must(&replay(a, Some(run)));
    world.must(&DispatchGroup { group: first });
    assert_eq!(world.public(run, "b"), PublicState::Cancelled);
    assert_eq!(world.public(run, "a"), PublicState::Ready, "the race is over, and this is not what remained of it");
}

#[test]
fn q_04_a_loser_that_was_begun_again_by_force_is_no_loser() {
    let mut world = World::new();
    let run = won_race(&mut world);
    let (b, first) = (world.named(run, "b").id, world.named(run, "first").id);
    let options = RestartOptions { force: true, ..RestartOptions::default() };
    world.must(&RestartRun { run, from: b, options, actor: "ann".to_owned() });
    assert_eq!((world.group(first).satisfied, world.group(first).missed), (1, 1), "the cancel before it came late");
    world.must(&DispatchGroup { group: first });
    assert_eq!(world.public(run, "b"), PublicState::Ready, "the race is over, and this is not what remained of it");
}

#[test]
fn z_04_a_withdrawn_one_that_is_replayed_waits_for_an_upstream_that_was_replayed_before() {
    for a_was in [Outcome::Succeeded, Outcome::Failed] {
        let mut world = World::new();
        let run = world.submit(&graph(&["a", "b", "c"], &[("a", "c"), ("b", "c")]));
        let (a, c) = (world.named(run, "a").id, world.named(run, "c").id);
        world.must(&CancelExecution { execution: c, actor: "ann".to_owned() });
        let handle = world.claim_named("a");
        world.finish(&handle, a_was);
        world.must(&replay(a, Some(run)));
        let event = replay(c, Some(run));
        assert_eq!(world.must(&event).public_state, PublicState::WaitingEdges);
        assert_eq!((world.group(c).satisfied, world.group(c).missed), (0, 0), "after {a_was}: nothing is known of a yet");
    }
}

#[test]
fn k_04_a_cancel_that_names_the_finalizers_too_is_stronger() {
    for inline in [0, 64] {
        let mut world = World::settling_up_to(inline);
        let mut with_finalizer = graph(&["a"], &[]);
        let mut last = node("last");
        last.execution.finalizer = true;
        with_finalizer.nodes.push(last);
        let run = world.submit(&with_finalizer);
        world.must(&cancel(run, CancelPolicy::CancelAll));
        world.drain();
        let begun = world.claim_named("last");
        let both = CancelRun { include_finalizers: true, ..cancel(run, CancelPolicy::CancelAll) };
        assert_eq!(world.must(&both).applied, Applied::Applied);
        world.drain();
        assert_eq!(world.public(run, "last"), PublicState::Cancelled);
        assert!(world.execution(begun.handle.execution).fence > begun.handle.fence);
        assert_eq!(world.ended(run), Outcome::Cancelled);
        assert_eq!(world.no_op(&both).applied, Applied::AlreadyApplied);
    }
}

/// What people write is kept as every store can keep it; whoever names himself otherwise is refused.
#[test]
fn g_08_the_character_with_number_zero_is_in_no_row() {
    let mut world = World::new();
    let handle = world.active(&NewExecution::of_kind("mail"));
    let failure = Failure { class: FailureClass::Permanent, code: "broken".to_owned(), message: "a\0b".to_owned() };
    world.must(&FailExecutions { items: vec![(Fail { handle, failure }, 0)], next: None });
    assert_eq!(world.attempts(handle.execution)[0].failure_message.as_deref(), Some("a\u{fffd}b"));
    let handle = world.active(&NewExecution::of_kind("mail"));
    let by = |actor: &str| CancelExecution { execution: handle.execution, actor: actor.to_owned() };
    assert_eq!(world.refused(&by("ann\0")), "LV-T001");
    assert_eq!(world.refused(&by(&"n".repeat(limits::NAME_BYTES_MAX + 1))), "LV-T003");
    let run = world.submit(&graph(&["a"], &[]));
    let because = |reason: &str| CancelRun { reason: reason.to_owned(), ..cancel(run, CancelPolicy::CancelAll) };
    assert_eq!(world.refused(&because("zero\0")), "LV-T001");
    assert_eq!(world.refused(&because(&"r".repeat(limits::NOTE_BYTES_MAX + 1))), "LV-T003");
    world.must(&because("two\nlines"));
}

/// G-7: what a worker says about a skip is in the event, cut like what it says about a failure.
#[test]
fn g_07_the_reason_of_a_skip_is_told() {
    for (reason, told) in [
        ("nothing \"new\"".to_owned(), Some("nothing \"new\"".to_owned())),
        (String::new(), None),
        ("ä".repeat(limits::NOTE_BYTES_MAX), Some("ä".repeat(limits::NOTE_BYTES_MAX / 2))),
    ] {
        let mut world = World::new();
        let handle = world.active(&NewExecution::of_kind("mail"));
        world.must(&SkipExecutions { items: vec![Skip { handle, reason }] });
        let detail: serde_json::Value =
            serde_json::from_str(&world.events(handle.execution, EventKind::Ended)[0].detail).expect("a document");
        assert_eq!(detail.get("reason").and_then(|reason| reason.as_str()), told.as_deref());
    }
}

#[test]
fn g_07_facts_are_small() {
    let mut world = World::new();
    let handle = world.active(&NewExecution::of_kind("mail"));
    let with = |bytes| {
        let facts = Facts([("note".to_owned(), Fact::Text("f".repeat(bytes)))].into());
        CompleteExecutions { items: vec![Complete { handle, result: Payload::Void, facts }], next: None }
    };
    assert_eq!(code(only(world.must(&with(limits::FACT_BYTES_MAX + 1)).0)), "LV-T003");
    only(world.must(&with(limits::FACT_BYTES_MAX)).0).expect("it is within the limit");
}

/// Crashes are not spread, so nobody can ask for it.
#[test]
fn g_07_a_crash_has_no_jitter() {
    let text = r#"{"kind": "mail", "policy": {"crash": {"backoff": {"jitter_permille": 5}}}}"#;
    assert_eq!(code(from_json::<NewExecution>(text)), "LV-T005");
    let text = r#"{"kind": "mail", "policy": {"crash": {"backoff": {"initial_ms": 5}}}}"#;
    let crash = from_json::<NewExecution>(text).expect("an option that is there").policy.crash.backoff;
    assert_eq!((crash.initial_ms, crash.factor_permille, crash.max_ms), (5, 2_000, 60_000));
}
