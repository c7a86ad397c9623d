//! T-007: every cell of the table of what a worker's write answers, §2.3 of the contract; what is refused changes nothing.

use levada_base::Error;
use levada_store::DueKind;
use levada_store::alphabets::{FailureClass, Outcome};
use levada_store::rows::Facts;
use levada_tasks::rules::{CancelExecution, OverrideOutcome, RecordProgress, ReplayExecution, RevokeLease, Written};
use levada_tasks::spec::{Handle, NewExecution, ProgressNote};

use crate::calls::{only, rows};
use crate::world::World;

/// The calls of a worker.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Call {
    Renew,
    Progress,
    Complete,
    Fail,
    Skip,
    Delay,
}

const CALLS: [Call; 6] = [Call::Renew, Call::Progress, Call::Complete, Call::Fail, Call::Skip, Call::Delay];

/// What a call answers: done, done before, or the code of a refusal.
fn say(world: &mut World, call: Call, handle: Handle, until_ms: i64) -> &'static str {
    let written = match call {
        Call::Renew => return spoken(world.renew(handle)),
        Call::Progress => {
            let items = vec![ProgressNote { handle, permille: Some(500), note: "half".to_owned() }];
            return spoken(only(world.must(&RecordProgress { items })));
        }
        Call::Complete => world.complete(handle),
        Call::Fail => world.fail(handle, FailureClass::Permanent),
        Call::Skip => world.skip(handle),
        Call::Delay => world.delay(handle, until_ms),
    };
    match written {
        Ok(Written::AlreadyApplied(_)) => "already",
        other => spoken(other),
    }
}

fn spoken<T>(result: Result<T, Error>) -> &'static str {
    match result {
        Ok(_) => "done",
        Err(refusal) => refusal.code().name(),
    }
}

fn leased() -> (World, Handle, i64) {
    let mut world = World::new();
    let handle = world.active(&NewExecution::of_kind("mail"));
    let until_ms = world.ring.now_ms() + 100_000;
    (world, handle, until_ms)
}

/// Says every call after `situation`, each in a world of its own; what is no success must change nothing.
fn after(situation: impl Fn(&mut World, Handle), answers: [&str; 6]) {
    for (call, expected) in CALLS.into_iter().zip(answers) {
        let (mut world, handle, until_ms) = leased();
        situation(&mut world, handle);
        let before = rows(world.ring.state());
        assert_eq!(say(&mut world, call, handle, until_ms), expected, "{call:?}");
        if expected != "done" {
            assert_eq!(before, rows(world.ring.state()), "{call:?} of a zombie");
        }
    }
}

const T101: [&str; 6] = ["LV-T101"; 6];

#[test]
fn t_007_a_live_lease() {
    after(|_, _| {}, ["done"; 6]);
}

#[test]
fn t_007_a_lease_that_ended_and_was_not_swept() {
    after(|world, _| world.ring.advance(30_000), ["LV-T102"; 6]);
}

#[test]
fn t_007_a_lease_that_was_taken_away() {
    let actor = || "ann".to_owned();
    after(
        |world, _| {
            world.ring.advance(30_000);
            world.sweep(DueKind::Lease);
        },
        T101,
    );
    after(
        |world, handle| {
            world.ring.advance(30_000);
            world.sweep(DueKind::Lease);
            let again = world.claim_one();
            assert!(again.fence > handle.fence, "F-1");
        },
        T101,
    );
    after(
        |world, handle| {
            world.must(&RevokeLease { execution: handle.execution, by: None, fence: None, actor: actor() });
        },
        T101,
    );
    after(
        |world, handle| {
            world.must(&CancelExecution { execution: handle.execution, actor: actor() });
        },
        T101,
    );
    after(
        |world, handle| {
            world.must(&OverrideOutcome {
                execution: handle.execution,
                outcome: Outcome::Succeeded,
                result: None,
                facts: Facts::default(),
                actor: actor(),
            });
        },
        T101,
    );
    after(
        |world, handle| {
            world.must(&CancelExecution { execution: handle.execution, actor: actor() });
            let (execution, run) = (handle.execution, None);
            world.must(&ReplayExecution { execution, run, ignore_edges: false, generation: None, actor: actor() });
            world.claim_one();
        },
        T101,
    );
}

#[test]
fn t_007_a_time_that_ended_it() {
    for (timeout, deadline) in [(Some(5_000), None), (None, Some(5_000))] {
        for call in CALLS {
            let mut world = World::new();
            let mut new = NewExecution::of_kind("mail");
            new.policy.attempt_timeout_ms = timeout;
            new.policy.deadline_ms = deadline;
            let handle = world.active(&new);
            world.ring.advance(5_000);
            world.sweep(DueKind::AttemptDeadline);
            world.sweep(DueKind::Deadline);
            let before = rows(world.ring.state());
            assert_eq!(say(&mut world, call, handle, i64::MAX), "LV-T101", "{call:?}, {timeout:?}, {deadline:?}");
            assert_eq!(before, rows(world.ring.state()));
        }
    }
}

/// The rows "closed by the same call" and "closed by another call" of the table, also after whatever came then.
#[test]
fn t_007_an_attempt_that_was_closed_through_this_fence() {
    let closing = [Call::Complete, Call::Fail, Call::Skip];
    for did in closing {
        for replayed in [false, true] {
            for call in CALLS {
                let (mut world, handle, until_ms) = leased();
                assert_eq!(say(&mut world, did, handle, until_ms), "done");
                if replayed {
                    let (execution, actor) = (handle.execution, "ann".to_owned());
                    world.must(&ReplayExecution { execution, run: None, ignore_edges: false, generation: None, actor });
                    world.claim_one();
                }
                let before = rows(world.ring.state());
                let expected = if call == did { "already" } else { "LV-T104" };
                assert_eq!(say(&mut world, call, handle, until_ms), expected, "{call:?} after {did:?}, replayed: {replayed}");
                assert_eq!(before, rows(world.ring.state()), "{call:?} after {did:?}");
            }
        }
    }
}

#[test]
fn t_007_a_retry_is_repeated_with_its_time() {
    let (mut world, handle, _) = leased();
    let first = world.fail(handle, FailureClass::Transient).expect("live");
    let Written::Applied(ended) = first else { panic!("no repetition") };
    world.ring.advance(2_000);
    world.sweep(DueKind::Promote);
    let second = world.claim_one();
    assert_eq!(world.fail(handle, FailureClass::Transient).expect("F-8"), Written::AlreadyApplied(ended));
    world.complete(second).expect("the repetition did not disturb the second attempt");
}

#[test]
fn t_007_an_attempt_that_was_parked_through_this_fence() {
    for resumed in [false, true] {
        for call in CALLS {
            let (mut world, handle, until_ms) = leased();
            assert_eq!(say(&mut world, Call::Delay, handle, until_ms), "done");
            if resumed {
                world.ring.advance(100_000);
                world.sweep(DueKind::Promote);
                world.claim_one();
            }
            let before = rows(world.ring.state());
            let expected = if call == Call::Delay { "already" } else { "LV-T103" };
            assert_eq!(say(&mut world, call, handle, until_ms), expected, "{call:?}, resumed: {resumed}");
            assert_eq!(before, rows(world.ring.state()));
        }
    }
    let (mut world, handle, until_ms) = leased();
    say(&mut world, Call::Delay, handle, until_ms);
    assert_eq!(say(&mut world, Call::Delay, handle, until_ms + 1), "LV-T103", "another request");
}

#[test]
fn t_007_an_unknown_execution() {
    for call in CALLS {
        let (mut world, handle, until_ms) = leased();
        let unknown = Handle { execution: world.execution_id(), ..handle };
        assert_eq!(say(&mut world, call, unknown, until_ms), "LV-T002", "{call:?}");
    }
}

/// The holder is told why, which fence counts, and how it ended.
#[test]
fn t_007_a_refusal_carries_facts() {
    let (mut world, handle, _) = leased();
    world.must(&CancelExecution { execution: handle.execution, actor: "ann".to_owned() });
    let refusal = world.complete(handle).expect_err("fenced");
    let fact = |name| refusal.details().iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str());
    assert_eq!(fact("why"), Some("operator"));
    assert_eq!(fact("phase"), Some("ended"));
    assert_eq!(fact("outcome"), Some("cancelled"));
    assert_eq!(fact("fence").map(str::to_owned), Some(world.execution(handle.execution).fence.to_string()));
}
