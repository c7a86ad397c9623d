//! What cancelling a run does to members in every state, by policy, and that nothing starts again in a cancelled run.

use levada_store::alphabets::{CancelPolicy, Cause, EventKind, FailureClass, OnFailure, Outcome, Phase, PublicState, RunPhase};
use levada_store::{DueKind, RunId, limits};
use levada_tasks::rules::{
    Applied, BacklogStep, CancelBacklog, CancelRun, CompleteExecutions, FailExecutions, HoldExecution, RevokeLease,
};
use levada_tasks::spec::{Complete, Fail, Failure, Payload};

use crate::calls::only;
use crate::world::{World, graph, node};

fn cancel(run: RunId, policy: CancelPolicy) -> CancelRun {
    CancelRun {
        run,
        policy,
        reason: "not wanted".to_owned(),
        actor: "ann".to_owned(),
        include_finalizers: false,
        grace_ms: limits::CANCEL_GRACE_MS,
    }
}

/// A run with a member in every state that a member of a running run can be in.
fn run_in_all_states(world: &mut World) -> RunId {
    let names = ["done", "broken", "skipped", "active", "ready", "delayed", "held", "waiting"];
    let mut graph = graph(&names, &[("active", "waiting")]);
    for (at, node) in graph.nodes.iter_mut().enumerate() {
        node.execution.priority = 100 - i32::try_from(at).expect("few nodes");
    }
    let run = world.submit(&graph);
    let held = world.named(run, "held").id;
    world.must(&HoldExecution { execution: held, actor: "ann".to_owned() });
    for claimed in world.claim(6) {
        let (handle, now_ms) = (claimed.handle, world.ring.now_ms());
        match claimed.name.as_str() {
            "done" => world.finish(&claimed, Outcome::Succeeded),
            "broken" => world.finish(&claimed, Outcome::Failed),
            "skipped" => world.finish(&claimed, Outcome::Skipped),
            "delayed" => drop(world.delay(handle, now_ms + 60_000).expect("live")),
            "ready" => {
                world.must(&RevokeLease { execution: handle.execution, by: None, fence: None, actor: "ann".to_owned() });
            }
            _ => {}
        }
    }
    let states: Vec<_> = names.iter().map(|name| world.public(run, name)).collect();
    use PublicState as P;
    assert_eq!(
        states,
        [P::Succeeded, P::Failed, P::Skipped, P::Active, P::Ready, P::Delayed, P::Held, P::WaitingEdges],
        "the world is as intended"
    );
    run
}

#[test]
fn t_009_cancel_spares_ended() {
    for policy in [CancelPolicy::MarkOnly, CancelPolicy::CancelPending, CancelPolicy::CancelAll] {
        for members in [0, 64] {
            let mut world = World::settling_up_to(members);
            let run = run_in_all_states(&mut world);
            world.drain();
            let fence = world.named(run, "active").fence;
            let applied = world.must(&cancel(run, policy)).applied;
            assert_eq!(applied, Applied::Applied);
            world.drain();
            assert_eq!(world.public(run, "done"), PublicState::Succeeded);
            assert_eq!(world.public(run, "broken"), PublicState::Failed);
            assert_eq!(world.public(run, "skipped"), PublicState::Skipped);
            for name in ["ready", "delayed", "held", "waiting"] {
                let row = world.named(run, name).clone();
                let ended = policy != CancelPolicy::MarkOnly;
                assert_eq!(row.phase == Phase::Ended, ended, "{policy} and {name}");
                if ended {
                    assert_eq!((row.outcome, row.cause), (Some(Outcome::Cancelled), Some(Cause::RunCancelled)), "{name}");
                    assert_eq!(world.events(row.id, EventKind::Ended)[0].actor.as_deref(), Some("ann"));
                }
            }
            let active = world.named(run, "active");
            let all = policy == CancelPolicy::CancelAll;
            assert_eq!((active.phase == Phase::Ended, active.fence > fence), (all, all), "{policy} fences the active one");
            assert_eq!(world.claim(100), [], "{policy}: nothing new starts");
            assert_eq!(world.run(run).phase, if all { RunPhase::Ended } else { RunPhase::Cancelling });
        }
    }
}

#[test]
fn t_009_a_repeated_cancel_tells_the_stored_policy_and_a_stronger_one_upgrades() {
    let mut world = World::new();
    let run = run_in_all_states(&mut world);
    world.must(&cancel(run, CancelPolicy::CancelPending));
    let weaker = CancelRun { reason: "another".to_owned(), ..cancel(run, CancelPolicy::MarkOnly) };
    let answer = world.no_op(&weaker);
    assert_eq!((answer.applied, answer.policy), (Applied::AlreadyApplied, CancelPolicy::CancelPending));
    assert_eq!(answer.reason, "not wanted", "K-4: the stored reason");
    let answer = world.must(&cancel(run, CancelPolicy::CancelAll));
    assert_eq!((answer.applied, answer.outcome), (Applied::Applied, Some(Outcome::Cancelled)));
    let answer = world.no_op(&cancel(run, CancelPolicy::CancelAll));
    assert_eq!((answer.applied, answer.outcome), (Applied::AlreadyApplied, Some(Outcome::Cancelled)));
    let unknown = world.run_id();
    assert_eq!(world.refused(&cancel(unknown, CancelPolicy::CancelAll)), "LV-T002");
}

/// Everything that would make an active member wait again ends it, so that the run ends although no claim comes.
#[test]
fn k_02_nothing_starts_again_in_a_cancelled_run() {
    let ways = ["fail", "delay", "crash", "revoke", "give back"];
    for members in [0, 64] {
        for way in ways {
            let mut world = World::settling_up_to(members);
            let run = world.submit(&graph(&["work"], &[]));
            let handle = world.claim_named("work").handle;
            world.must(&cancel(run, CancelPolicy::CancelPending));
            assert_eq!(world.public(run, "work"), PublicState::Active, "left to finish");
            match way {
                "fail" => {
                    let first = world.fail(handle, FailureClass::Transient).expect("live");
                    let again = world.fail(handle, FailureClass::Transient).expect("a repetition");
                    let told = |written| match written {
                        levada_tasks::rules::Written::Applied(ended) | levada_tasks::rules::Written::AlreadyApplied(ended) => {
                            ended
                        }
                    };
                    assert_eq!(told(first), told(again), "F-8");
                }
                "delay" => drop(world.delay(handle, world.ring.now_ms() + 1_000).expect("live")),
                "crash" => {
                    world.ring.advance(30_000);
                    world.sweep(DueKind::Lease);
                }
                "revoke" => {
                    world.must(&RevokeLease { execution: handle.execution, by: None, fence: None, actor: "ann".to_owned() });
                }
                _ => {
                    world.must(&RevokeLease {
                        execution: handle.execution,
                        by: Some(handle),
                        fence: None,
                        actor: "w".to_owned(),
                    });
                }
            }
            world.drain();
            assert_eq!(world.public(run, "work"), PublicState::Cancelled, "{way}");
            assert_eq!(world.ended(run), Outcome::Cancelled, "{way}");
        }
    }
}

#[test]
fn l_05_a_delayed_member_of_a_cancelled_run_ends_when_it_is_due() {
    let mut world = World::settling_up_to(0);
    let run = world.submit(&graph(&["work"], &[]));
    let handle = world.claim_named("work").handle;
    world.delay(handle, world.ring.now_ms() + 1_000).expect("live");
    world.must(&CancelRun { grace_ms: 500, ..cancel(run, CancelPolicy::MarkOnly) });
    world.ring.advance(1_000);
    world.sweep(DueKind::Promote);
    assert_eq!(world.public(run, "work"), PublicState::Held, "mark_only leaves it untouched but never offers it");
    assert_eq!(world.claim(1), []);
}

/// The claim that travels with an end may find members of the run that this very end cancelled.
#[test]
fn f_09_a_claim_that_ends_candidates_leaves_their_ends_settled() {
    for way in [Outcome::Failed, Outcome::Succeeded] {
        let mut world = World::new();
        let mut two = graph(&["first", "second"], &[]);
        two.nodes[0].execution.priority = 1;
        two.options.on_failure = OnFailure::CancelAll;
        let run = world.submit(&two);
        let handle = world.claim(1)[0].handle;
        let token = world.token();
        let next = world.claim_event(levada_tasks::spec::ClaimRequest::of_lane("default", "worker-1", 5, token));
        let claimed = if way == Outcome::Failed {
            let failure = Failure { class: FailureClass::Permanent, code: "broken".into(), message: String::new() };
            let items = vec![(Fail { handle, failure }, 0)];
            let (written, claimed) = world.must(&FailExecutions { items, next: Some(next) });
            only(written).expect("live");
            claimed
        } else {
            let items = vec![Complete { handle, result: Payload::Void, facts: Default::default() }];
            let (written, claimed) = world.must(&CompleteExecutions { items, next: Some(next) });
            only(written).expect("live");
            claimed
        };
        world.drain();
        if way == Outcome::Failed {
            assert_eq!(claimed, [], "the failure cancelled the rest");
            assert_eq!(world.ended(run), Outcome::Failed);
        } else {
            assert_eq!(claimed.len(), 1, "one commit per hop");
        }
    }
}

#[test]
fn z_03_finalizers_run_after_a_cancel_unless_they_are_cancelled_too() {
    for include_finalizers in [false, true] {
        let mut world = World::new();
        let mut graph = graph(&["work"], &[]);
        let mut last = node("last");
        last.execution.finalizer = true;
        graph.nodes.push(last);
        let run = world.submit(&graph);
        world.must(&CancelRun { include_finalizers, ..cancel(run, CancelPolicy::CancelAll) });
        world.drain();
        if include_finalizers {
            assert_eq!(world.public(run, "last"), PublicState::Cancelled);
        } else {
            assert_eq!(world.public(run, "last"), PublicState::Ready);
            assert_eq!(world.work(|_| Outcome::Succeeded), ["last"]);
        }
        assert_eq!(world.ended(run), Outcome::Cancelled);
    }
}

/// K-2: as many finalizers as a step looks at stand before the members that are to end.
#[test]
fn k_02_many_finalizers_do_not_hide_what_is_to_end() {
    for policy in [CancelPolicy::CancelPending, CancelPolicy::CancelAll] {
        let mut world = World::settling_up_to(0);
        let names: Vec<String> = (0..limits::RUN_FINALIZERS_MAX + 5).map(|number| format!("n{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut graph = graph(&names, &[]);
        let last = graph.nodes.len() - 5;
        graph.nodes[..last].iter_mut().for_each(|node| node.execution.finalizer = true);
        let run = world.submit(&graph);
        world.must(&cancel(run, policy));
        let step = CancelBacklog::of(world.run(run));
        assert_eq!(world.must(&step), BacklogStep { cancelled: 4, left: false }, "the call itself had room for one");
        world.drain();
        let cancelled = world.ring.state().executions.values().filter(|row| row.outcome == Some(Outcome::Cancelled)).count();
        assert_eq!(cancelled, 5);
        assert_eq!(world.claim(500).len(), 500, "the finalizers run");
    }
}
