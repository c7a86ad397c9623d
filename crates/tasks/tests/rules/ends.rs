//! T-002 and T-010: every field of a policy acts, and every cause of an end writes one event and lets the other downstreams resolve.

use std::collections::{BTreeMap, BTreeSet};

use levada_store::alphabets::{
    CancelPolicy, Cause, EdgeWhen, EventKind, FailureClass, OnFired, OnTimeout, Outcome, Phase, PublicState,
};
use levada_store::{DueKind, ExecutionId, RunId, limits};
use levada_tasks::rules::{CancelExecution, CancelRun, CreateRun, DueConditions, OverrideOutcome, SweepRuns};
use levada_tasks::spec::{
    CrashPolicy, ExecutionPolicy, GraphEdge, GroupPolicy, NewCondition, NewExecution, NewRun, RetryPolicy, RunGraph, from_json,
};

use crate::world::{World, graph, node};

/// A field that is added to [`NewExecution`] or its policy without a case here does not compile.
#[test]
fn t_002_every_policy_field_acts() {
    let NewExecution {
        id: _,           // x_01_a_repeated_create_gives_the_first_execution
        namespace: _,    // t_002_namespace_lane_and_capabilities
        name: _,         // shown with every claim: below
        kind: _,         // t_001_created_is_claimable
        input: _,        // below
        lane: _,         // t_002_namespace_lane_and_capabilities
        capabilities: _, // t_050_capability_matching
        priority: _,     // t_049_claim_order_and_distinctness
        due_ms: _,       // below
        policy,
        essential: _,   // below
        finalizer: _,   // t_076_finalizers_run_again_after_a_cascade
        tags: _,        // below
        request_key: _, // x_01, r_02
        staged: _,      // t_046
    } = NewExecution::default();
    let ExecutionPolicy {
        retry: RetryPolicy { max_retries: _, retry_on: _, backoff: _ }, // t_012
        crash: CrashPolicy { crashes_max: _, backoff: _ },              // t_052
        attempt_timeout_ms: _,                                          // t_046_attempt_timeout_of_an_active_execution
        deadline_ms: _,                                                 // t_046_deadline
        retention_ms: _,                                                // below
        request_key_window_ms: _,                                       // below
        lease_ttl_max_ms: _,                                            // t_056_ttl_edges
    } = policy;

    let mut world = World::new();
    let now_ms = world.ring.now_ms();
    let mut new = NewExecution {
        due_ms: Some(now_ms + 5_000),
        request_key: Some("key".to_owned()),
        tags: BTreeMap::from([("team".to_owned(), "red".to_owned())]),
        ..NewExecution::of_kind("mail").named("first").with_input("bytes")
    };
    new.policy.retention_ms = 3_000;
    new.policy.request_key_window_ms = limits::REQUEST_KEY_WINDOW_MS_MIN;
    let id = world.create(&new);
    assert_eq!(world.execution(id).public_state(), PublicState::Delayed, "due_ms");
    world.ring.advance(5_000);
    world.sweep(DueKind::Promote);
    let claimed = world.claim(1).remove(0);
    assert_eq!((claimed.name.as_str(), claimed.input), ("first", Some(new.input.clone())));
    let state = world.ring.state();
    assert_eq!(state.tags[&(id, "team".to_owned())].value, "red");
    let expires_ms = state.request_keys[&("default".to_owned(), "key".to_owned())].expires_ms;
    assert_eq!(expires_ms, now_ms + limits::REQUEST_KEY_WINDOW_MS_MIN);
    world.complete(claimed.handle).expect("live");
    assert_eq!(world.execution(id).retain_until_ms, Some(world.ring.now_ms() + 3_000), "retention_ms");
}

#[test]
fn t_002_a_failure_that_is_not_essential_does_not_fail_its_run() {
    for (essential, outcome) in [(true, Outcome::Failed), (false, Outcome::Succeeded)] {
        let mut world = World::new();
        let mut one = graph(&["a"], &[]);
        one.nodes[0].execution.essential = essential;
        let run = world.submit(&one);
        world.work(|_| Outcome::Failed);
        assert_eq!(world.ended(run), outcome);
    }
}

#[test]
fn t_002_namespace_lane_and_capabilities() {
    use levada_store::Token;
    use levada_tasks::spec::ClaimRequest;
    let mut world = World::new();
    let new = NewExecution {
        namespace: "red".to_owned(),
        capabilities: BTreeSet::from(["gpu".to_owned()]),
        ..NewExecution::of_kind("mail").in_lane("bulk")
    };
    world.create(&new);
    let fits = ClaimRequest {
        capabilities: BTreeSet::from(["gpu".to_owned()]),
        namespaces: Some(vec!["red".to_owned()]),
        ..ClaimRequest::of_lane("bulk", "w", 1, Token(900))
    };
    let others = [
        ClaimRequest { lanes: vec!["default".to_owned()], ..fits.clone() },
        ClaimRequest { capabilities: BTreeSet::new(), ..fits.clone() },
        ClaimRequest { namespaces: Some(vec!["blue".to_owned()]), ..fits.clone() },
    ];
    for other in others {
        let claim = world.claim_event(other);
        assert_eq!(world.no_op(&claim), []);
    }
    let claim = world.claim_event(fits);
    assert_eq!(world.must(&claim).len(), 1);
}

#[test]
fn t_002_what_is_not_known_is_refused() {
    for unknown in [r#"{"kind": "mail", "budget": "b"}"#, r#"{"kind": "mail", "policy": {"quota": 1}}"#] {
        assert_eq!(from_json::<NewExecution>(unknown).expect_err("unknown").code().name(), "LV-T005", "{unknown}");
    }
    assert_eq!(from_json::<NewExecution>(r#"{"kind": 7}"#).expect_err("no text").code().name(), "LV-T001");
    let read = from_json::<NewExecution>(r#"{"kind": "mail"}"#).expect("the rest has defaults");
    assert_eq!(read, NewExecution::of_kind("mail"));
}

/// `a`, which is to end, and `after`, which waits for its end however it comes.
fn two(change: impl FnOnce(&mut RunGraph)) -> RunGraph {
    let mut two = graph(&["a", "after"], &[]);
    two.edges.push(GraphEdge::success("a", "after").when(EdgeWhen::Done));
    change(&mut two);
    two
}

fn policy(two: &mut RunGraph) -> &mut ExecutionPolicy {
    &mut two.nodes[0].execution.policy
}

/// The end of `a` by a cause. Returns the run, for `after`; none if no member of a run can end so.
fn end_by(world: &mut World, cause: Cause) -> Option<(RunId, ExecutionId)> {
    if cause == Cause::NeverSealed {
        never_sealed(world);
    }
    let comes_with_later_releases = [Cause::SuspensionTimeout, Cause::ApprovalRejected, Cause::GroupWithdrawn].contains(&cause);
    if comes_with_later_releases || cause == Cause::NeverSealed {
        return None;
    }
    let run = world.submit(&two(|two| prepare(two, cause)));
    let a = world.named(run, "a").id;
    come_about(world, cause, run, a);
    world.drain();
    Some((run, a))
}

fn never_sealed(world: &mut World) {
    let run = world.run_id();
    let execution = world.create(&NewExecution { staged: true, ..NewExecution::of_kind("mail").named("a") });
    let new = NewRun { name: "never".to_owned(), ..NewRun::default() };
    world.must(&CreateRun { id: run, new });
    world.ring.advance(limits::BUILD_MS_MAX);
    world.sweep(DueKind::Staged);
    world.must(&SweepRuns { kind: DueKind::Building, limit: 10 });
    assert_eq!(world.execution(execution).cause, Some(Cause::NeverSealed));
}

/// Gives a run what its member `a` needs to end by a cause.
fn prepare(two: &mut RunGraph, cause: Cause) {
    match cause {
        Cause::AttemptTimeout => {
            policy(two).attempt_timeout_ms = Some(1_000);
            policy(two).retry.max_retries = Some(0);
        }
        Cause::CrashLimit => policy(two).crash.crashes_max = 0,
        Cause::Deadline => policy(two).deadline_ms = Some(1_000),
        Cause::RetriesExhausted => policy(two).retry.max_retries = Some(0),
        Cause::RunExpired => two.options.deadline_ms = Some(1_000),
        Cause::EdgesImpossible | Cause::ConditionTimeout => {
            let on_timeout = if cause == Cause::ConditionTimeout { OnTimeout::Fail } else { OnTimeout::Miss };
            let condition = NewCondition { expires_ms: Some(1_767_225_601_000), on_timeout };
            two.edges.push(GraphEdge { is_condition: true, condition, ..GraphEdge::success("outside", "a") });
        }
        Cause::GroupSatisfied | Cause::GroupImpossible => {
            let join = if cause == Cause::GroupSatisfied { GroupPolicy::any_of() } else { GroupPolicy::quorum(2) };
            two.nodes.push(node("other"));
            two.nodes.push(levada_tasks::spec::GraphNode { group: Some(join), ..node("join") });
            two.edges.push(GraphEdge::success("a", "join"));
            two.edges.push(GraphEdge::success("other", "join"));
            // A group that still waited for "a" would spare it.
            two.nodes[1].group = Some(GroupPolicy::any_of().with(OnFired::LetRun));
            two.edges.push(GraphEdge::success("other", "after").when(EdgeWhen::Done));
            two.nodes[2].execution.priority = 1;
        }
        _ => {}
    }
}

fn come_about(world: &mut World, cause: Cause, run: RunId, a: ExecutionId) {
    let actor = || "ann".to_owned();
    match cause {
        Cause::Worker => {
            let handle = world.claim_one();
            world.complete(handle).expect("live");
        }
        Cause::RetriesExhausted | Cause::PermanentFailure => {
            let handle = world.claim_one();
            let class = if cause == Cause::PermanentFailure { FailureClass::Permanent } else { FailureClass::Transient };
            world.fail(handle, class).expect("live");
        }
        Cause::AttemptTimeout | Cause::CrashLimit | Cause::Deadline => {
            world.claim_one();
            world.ring.advance(if cause == Cause::CrashLimit { 30_000 } else { 1_000 });
        }
        Cause::Operator => {
            world.must(&CancelExecution { execution: a, actor: actor() });
        }
        Cause::RunCancelled => {
            let (policy, include_finalizers, grace_ms) = (CancelPolicy::CancelAll, false, 0);
            world.must(&CancelRun { run, policy, reason: String::new(), actor: actor(), include_finalizers, grace_ms });
        }
        Cause::RunExpired => {
            world.ring.advance(1_000);
            world.must(&SweepRuns { kind: DueKind::RunDeadline, limit: 10 });
        }
        Cause::EdgesImpossible | Cause::ConditionTimeout => {
            world.ring.advance(1_000);
            for due in world.must(&DueConditions { limit: 10 }) {
                world.must(&due);
            }
        }
        Cause::GroupSatisfied | Cause::GroupImpossible => {
            let other = world.claim(1)[0].clone();
            let won = cause == Cause::GroupSatisfied;
            world.finish(&other, if won { Outcome::Succeeded } else { Outcome::Failed });
        }
        _ => {}
    }
}

#[test]
fn t_010_every_end_is_one_event() {
    for members in [0, 64] {
        for cause in Cause::ALL.iter().copied() {
            let mut world = World::settling_up_to(members);
            // The laws count the events of every end after every step.
            let Some((run, a)) = end_by(&mut world, cause) else { continue };
            let row = world.execution(a);
            assert_eq!((row.phase, row.cause), (Phase::Ended, Some(cause)));
            assert_eq!(world.events(a, EventKind::Ended).len(), 1, "{cause}");
            let after = world.public(run, "after");
            let expected = match cause {
                Cause::RunCancelled | Cause::RunExpired => PublicState::Cancelled,
                _ => PublicState::Ready,
            };
            assert_eq!(after, expected, "{cause}: the other downstream resolves");
        }
    }
}

/// An override is another way to the cause `operator`; its downstream resolves like any other's.
#[test]
fn t_010_an_override_resolves_what_follows() {
    for (outcome, child) in [(Outcome::Succeeded, PublicState::Ready), (Outcome::Failed, PublicState::Skipped)] {
        let mut world = World::new();
        let run = world.submit(&graph(&["a", "b"], &[("a", "b")]));
        let (execution, actor) = (world.named(run, "a").id, "ann".to_owned());
        world.must(&OverrideOutcome { execution, outcome, result: None, facts: Default::default(), actor });
        assert_eq!(world.public(run, "b"), child);
    }
}
