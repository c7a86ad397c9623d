//! T-046: every cell of the table phase × event of the contract, §1.4, for phases that an execution can be in without suspension.

use levada_store::alphabets::{AttemptState, Cause, EventKind, FailureClass, GroupState, Hold, Outcome, Phase, PublicState};
use levada_store::rows::Facts;
use levada_store::{DueKind, ExecutionId, limits};
use levada_tasks::rules::{
    Applied, CancelExecution, ChangePriority, HoldExecution, OverrideOutcome, ReleaseExecution, ReplayExecution, RevokeLease,
    Revoked, RunNow,
};
use levada_tasks::spec::{Handle, NewExecution, Payload};

use crate::calls::{code, rows};
use crate::world::World;

/// Where an execution can be. All but `Active` have no live lease.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Where {
    Staged,
    Ready,
    Delayed,
    Held,
    Active,
    Succeeded,
    Cancelled,
}

use Where as W;

const EVERYWHERE: [Where; 7] = [W::Staged, W::Ready, W::Delayed, W::Held, W::Active, W::Succeeded, W::Cancelled];

/// A world with one execution there, with a deadline in a minute, and the handle of its last lease, if it had one.
fn world(at: Where) -> (World, ExecutionId, Option<Handle>) {
    let mut world = World::new();
    let mut new = NewExecution { staged: at == W::Staged, ..NewExecution::of_kind("mail") };
    new.policy.deadline_ms = Some(60_000);
    let id = world.create(&new);
    let actor = || "ann".to_owned();
    let mut handle = None;
    if !matches!(at, W::Staged | W::Ready | W::Held) {
        handle = Some(world.claim_one());
    }
    match at {
        W::Staged | W::Ready | W::Active => {}
        W::Delayed => drop(world.delay(handle.expect("claimed"), world.ring.now_ms() + 10_000).expect("live")),
        W::Held => {
            world.must(&HoldExecution { execution: id, actor: actor() });
        }
        W::Succeeded => drop(world.complete(handle.expect("claimed")).expect("live")),
        W::Cancelled => {
            world.must(&CancelExecution { execution: id, actor: actor() });
        }
    }
    (world, id, handle)
}

fn is_ended(at: Where) -> bool {
    matches!(at, W::Succeeded | W::Cancelled)
}

#[test]
fn t_046_offered_to_claim() {
    for at in EVERYWHERE {
        let (mut world, _, _) = world(at);
        assert_eq!(world.claim(10).len(), usize::from(at == W::Ready), "{at:?}");
    }
}

#[test]
fn t_046_worker_writes_with_the_current_fence() {
    for at in EVERYWHERE {
        let (mut world, id, _) = world(at);
        let handle = Handle {
            execution: id,
            fence: world.execution(id).fence,
            attempt_no: world.execution(id).attempt_no,
            store: levada_store::Token(0),
        };
        let result = world.complete(handle);
        match at {
            W::Active => drop(result.expect("X-11")),
            W::Staged => assert_eq!(code(result), "LV-T101", "{at:?}"),
            // Ended: nobody was ever given the fence that an end leaves, so it is one that was replaced.
            W::Succeeded | W::Cancelled => assert_eq!(code(result), "LV-T101", "{at:?}"),
            W::Ready | W::Delayed | W::Held => assert_eq!(code(result), "LV-T103", "{at:?}"),
        }
    }
}

#[test]
fn t_046_worker_writes_with_an_old_fence() {
    for at in EVERYWHERE {
        let (mut world, id, _) = world(at);
        // The fence before the first lease was never anybody's.
        if world.execution(id).fence == 0 {
            continue;
        }
        let old = Handle { execution: id, fence: 0, attempt_no: 0, store: levada_store::Token(0) };
        for result in [world.complete(old), world.fail(old, FailureClass::Transient), world.skip(old)] {
            assert_eq!(code(result), "LV-T101", "{at:?}");
        }
        assert_eq!(code(world.renew(old)), "LV-T101", "{at:?}");
        assert_eq!(code(world.delay(old, world.ring.now_ms() + 1)), "LV-T101", "{at:?}");
    }
}

#[test]
fn t_046_due() {
    for at in EVERYWHERE {
        let (mut world, id, _) = world(at);
        world.ring.advance(10_000);
        let before = rows(world.ring.state());
        assert_eq!(world.sweep(DueKind::Promote).promoted, u32::from(at == W::Delayed), "{at:?}");
        if at == W::Delayed {
            assert_eq!(world.execution(id).public_state(), PublicState::Ready, "X-06");
        } else {
            assert_eq!(before, rows(world.ring.state()), "{at:?}");
        }
    }
    let (mut world, id, _) = world(W::Delayed);
    world.must(&HoldExecution { execution: id, actor: "ann".to_owned() });
    assert_eq!(world.execution(id).public_state(), PublicState::Delayed, "its time comes first");
    world.ring.advance(10_000);
    world.sweep(DueKind::Promote);
    assert_eq!(world.execution(id).public_state(), PublicState::Held, "X-06: or operator");
}

#[test]
fn t_046_lease_expiry_and_attempt_timeout() {
    for at in EVERYWHERE {
        let (mut world, id, _) = world(at);
        world.ring.advance(30_000);
        let before = rows(world.ring.state());
        let swept = world.sweep(DueKind::Lease);
        assert_eq!(swept.reclaimed, u32::from(at == W::Active), "{at:?}");
        assert_eq!(world.sweep(DueKind::AttemptDeadline).total(), 0, "{at:?}: no attempt timeout was asked for");
        if at == W::Active {
            assert_eq!(world.execution(id).public_state(), PublicState::Ready, "X-19: the first crash is tried again at once");
            assert_eq!(world.attempts(id)[0].state, AttemptState::Crashed);
        } else {
            assert_eq!(before, rows(world.ring.state()), "{at:?}");
        }
    }
}

#[test]
fn t_046_attempt_timeout_of_an_active_execution() {
    for (retries, state) in [(1, PublicState::Delayed), (0, PublicState::Failed)] {
        let mut world = World::new();
        let mut new = NewExecution::of_kind("mail");
        new.policy.attempt_timeout_ms = Some(5_000);
        new.policy.retry.max_retries = Some(retries);
        let handle = world.active(&new);
        world.ring.advance(5_000);
        world.sweep(DueKind::AttemptDeadline);
        let row = world.execution(handle.execution);
        assert_eq!(row.public_state(), state, "X-21");
        assert_eq!(row.cause, (retries == 0).then_some(Cause::AttemptTimeout));
        assert_eq!(world.attempts(handle.execution)[0].state, AttemptState::TimedOut);
    }
}

#[test]
fn t_046_deadline() {
    for at in EVERYWHERE {
        let (mut world, id, _) = world(at);
        world.ring.advance(60_000);
        let before = rows(world.ring.state());
        assert_eq!(world.sweep(DueKind::Deadline).expired, u32::from(!is_ended(at) && at != W::Active), "{at:?}");
        let row = world.execution(id);
        match at {
            // The lease ended before: X-28, the earliest instant wins.
            W::Active => assert_eq!(row.public_state(), PublicState::Ready),
            _ if is_ended(at) => assert_eq!(before, rows(world.ring.state()), "{at:?}"),
            _ => assert_eq!((row.outcome, row.cause), (Some(Outcome::Expired), Some(Cause::Deadline)), "X-22 {at:?}"),
        }
        world.sweep(DueKind::Deadline);
        assert!(
            is_ended(at) || world.execution(id).outcome == Some(Outcome::Expired),
            "X-22 {at:?}, at the latest by the next sweep"
        );
    }
}

#[test]
fn t_046_cancel() {
    for at in EVERYWHERE {
        let (mut world, id, handle) = world(at);
        let event = CancelExecution { execution: id, actor: "bob".to_owned() };
        match at {
            W::Succeeded => assert_eq!(world.refused(&event), "LV-T805"),
            W::Cancelled => assert_eq!(world.no_op(&event), Applied::AlreadyApplied),
            _ => {
                let fence = world.execution(id).fence;
                assert_eq!(world.must(&event), Applied::Applied);
                let row = world.execution(id);
                assert_eq!((row.outcome, row.cause), (Some(Outcome::Cancelled), Some(Cause::Operator)), "X-23 {at:?}");
                assert!(row.fence > fence, "EE: fence + 1");
                assert_eq!(world.events(id, EventKind::Ended)[0].actor.as_deref(), Some("bob"));
                if at == W::Active {
                    assert_eq!(code(world.complete(handle.expect("claimed"))), "LV-T101");
                }
            }
        }
    }
}

#[test]
fn t_046_revoke_lease() {
    for at in EVERYWHERE {
        let (mut world, id, handle) = world(at);
        let event = RevokeLease { execution: id, by: None, fence: None, actor: "ann".to_owned() };
        if at == W::Active {
            assert_eq!(world.must(&event), Revoked::Revoked);
            let row = world.execution(id);
            assert_eq!((row.public_state(), row.retry_used, row.crash_used), (PublicState::Ready, 0, 0), "X-20");
            assert_eq!(code(world.renew(handle.expect("claimed"))), "LV-T101");
            assert_eq!(world.attempts(id)[0].state, AttemptState::Revoked);
        } else {
            assert_eq!(world.no_op(&event), Revoked::NoLease, "{at:?}");
        }
    }
}

#[test]
fn t_046_hold_and_release() {
    for at in EVERYWHERE {
        let (mut world, id, _) = world(at);
        let (execution, actor) = (id, "ann".to_owned());
        let hold = HoldExecution { execution, actor: actor.clone() };
        let release = ReleaseExecution { execution, actor };
        if is_ended(at) {
            assert_eq!((world.refused(&hold), world.refused(&release)), ("LV-T104", "LV-T104"), "{at:?}");
            continue;
        }
        let before = (world.execution(id).phase, world.execution(id).hold);
        let applied = world.must(&hold);
        assert_eq!(applied, if at == W::Held { Applied::AlreadyApplied } else { Applied::Applied });
        assert_eq!(world.no_op(&hold), Applied::AlreadyApplied);
        let now = world.execution(id).public_state();
        let held = matches!(at, W::Ready | W::Held);
        assert_eq!(now == PublicState::Held, held, "X-24 {at:?}: takes effect when next runnable");
        assert_eq!(world.must(&release), Applied::Applied);
        assert_eq!(world.no_op(&release), Applied::AlreadyApplied);
        let after = (world.execution(id).phase, world.execution(id).hold);
        assert_eq!(after, if at == W::Held { (Phase::Runnable, Hold::None) } else { before }, "{at:?}");
    }
}

#[test]
fn t_046_a_hold_takes_effect_when_next_runnable() {
    let (mut world, id, handle) = world(W::Active);
    world.must(&HoldExecution { execution: id, actor: "ann".to_owned() });
    world.renew(handle.expect("claimed")).expect("it goes on");
    world.must(&RevokeLease { execution: id, by: None, fence: None, actor: "ann".to_owned() });
    assert_eq!(world.execution(id).public_state(), PublicState::Held);
    assert_eq!(world.claim(1), []);
}

#[test]
fn t_046_change_priority() {
    for at in EVERYWHERE {
        let (mut world, id, _) = world(at);
        let change = |priority| ChangePriority { execution: id, priority, actor: "ann".to_owned() };
        assert_eq!((world.refused(&change(-1)), world.refused(&change(9_001))), ("LV-T001", "LV-T001"), "never clamped");
        if is_ended(at) {
            assert_eq!(world.refused(&change(5)), "LV-T104", "{at:?}");
            continue;
        }
        let before = world.execution(id).clone();
        assert_eq!(world.must(&change(9_000)), Applied::Applied);
        assert_eq!(world.no_op(&change(9_000)), Applied::AlreadyApplied);
        let expected = levada_store::rows::Execution { priority: 9_000, ..before };
        assert_eq!(*world.execution(id), expected, "X-25: its place only");
        assert_eq!(world.events(id, EventKind::PriorityChanged)[0].actor.as_deref(), Some("ann"));
    }
}

#[test]
fn t_046_override_outcome() {
    for at in EVERYWHERE {
        for outcome in Outcome::ALL.iter().copied() {
            let (mut world, id, handle) = world(at);
            let event = OverrideOutcome {
                execution: id,
                outcome,
                result: Some(Payload::Inline(b"by hand".to_vec())),
                facts: Facts::default(),
                actor: "ann".to_owned(),
            };
            if matches!(outcome, Outcome::Cancelled | Outcome::Expired) {
                assert_eq!(world.refused(&event), "LV-T001", "{outcome}");
                continue;
            }
            if is_ended(at) {
                assert_eq!(world.refused(&event), "LV-T104", "{at:?}");
                continue;
            }
            assert_eq!(world.must(&event), Applied::Applied);
            let row = world.execution(id);
            assert_eq!((row.outcome, row.cause), (Some(outcome), Some(Cause::Operator)), "X-26 {at:?}");
            assert_eq!(world.ring.state().results[&(id, 0)].bytes, b"by hand");
            assert_eq!(world.events(id, EventKind::OperatorAction).len(), 1, "audited");
            if at == W::Active {
                assert_eq!(code(world.complete(handle.expect("claimed"))), "LV-T101");
            }
        }
    }
}

#[test]
fn t_046_run_now() {
    for at in EVERYWHERE {
        let (mut world, id, _) = world(at);
        let event = RunNow { execution: id, actor: "ann".to_owned() };
        match at {
            W::Staged | W::Active => assert_eq!(world.refused(&event), "LV-T105", "{at:?}"),
            W::Ready | W::Held => assert_eq!(world.no_op(&event), Applied::AlreadyApplied, "{at:?}"),
            W::Delayed => {
                assert_eq!(world.must(&event), Applied::Applied);
                assert_eq!(world.execution(id).public_state(), PublicState::Ready, "X-06");
                assert_eq!(world.events(id, EventKind::OperatorAction).len(), 1, "audited");
            }
            W::Succeeded | W::Cancelled => assert_eq!(world.refused(&event), "LV-T104", "{at:?}"),
        }
    }
}

#[test]
fn t_046_replay() {
    for at in EVERYWHERE {
        let (mut world, id, _) = world(at);
        let event =
            ReplayExecution { execution: id, run: None, ignore_edges: false, generation: None, actor: "ann".to_owned() };
        if !is_ended(at) {
            assert_eq!(world.refused(&event), "LV-T801", "{at:?}");
            continue;
        }
        world.ring.advance(1_000);
        let replayed = world.must(&event);
        assert_eq!((replayed.generation, replayed.public_state), (1, PublicState::Ready), "X-27 {at:?}");
        let row = world.execution(id);
        assert_eq!(row.deadline_ms, Some(world.ring.now_ms() + 60_000), "the deadline starts anew");
        assert_eq!((row.retry_used, row.crash_used, row.retain_until_ms), (0, 0, None));
        assert_eq!(world.events(id, EventKind::Replayed)[0].generation, Some(1));
    }
}

#[test]
fn t_046_replays_have_a_limit() {
    let (mut world, id, _) = world(W::Succeeded);
    let event = ReplayExecution { execution: id, run: None, ignore_edges: false, generation: None, actor: "ann".to_owned() };
    for generation in 1..=limits::REPLAYS_MAX {
        assert_eq!(world.must(&event).generation, generation);
        let handle = world.claim_one();
        world.complete(handle).expect("live");
    }
    assert_eq!(world.refused(&event), "LV-T802");
    let results = world.ring.state().results.range((id, 0)..=(id, i32::MAX)).count();
    assert_eq!(results as i32, limits::REPLAYS_MAX + 1, "every generation keeps its result");
}

#[test]
fn t_046_what_does_not_exist() {
    let mut world = World::new();
    let (execution, actor) = (world.execution_id(), "ann".to_owned());
    assert_eq!(world.refused(&HoldExecution { execution, actor: actor.clone() }), "LV-T002");
    assert_eq!(world.refused(&RunNow { execution, actor: actor.clone() }), "LV-T002");
    assert_eq!(world.refused(&CancelExecution { execution, actor: actor.clone() }), "LV-T002");
    assert_eq!(
        world.refused(&ReplayExecution { execution, run: None, ignore_edges: false, generation: None, actor }),
        "LV-T002"
    );
}

#[test]
fn t_046_groups_of_executions_that_ended_do_nothing_more() {
    use crate::world::graph;
    let mut world = World::new();
    let run = world.submit(&graph(&["up", "child"], &[("up", "child")]));
    let child = world.named(run, "child").id;
    assert_eq!(world.execution(child).hold, Hold::Edges);
    world.must(&CancelExecution { execution: child, actor: "ann".to_owned() });
    assert_eq!(world.group(child).state, GroupState::Withdrawn, "E-6");
    let up = world.claim_named("up");
    world.finish(&up, Outcome::Succeeded);
    assert_eq!(world.group(child).state, GroupState::Withdrawn, "· for what has ended");
    assert_eq!(world.execution(child).outcome, Some(Outcome::Cancelled));
}
