//! Creating, claiming and ending executions that belong to no run.

use levada_store::DueKind;
use levada_store::alphabets::{AttemptCause, AttemptState, Cause, EventKind, FailureClass, Outcome, PublicState};
use levada_tasks::rules::{CreateExecution, Created, Ended, ReplayExecution, Written};
use levada_tasks::spec::{ClaimRequest, ExecutionPolicy, NewExecution, RetryPolicy};

use crate::calls::code;
use crate::world::World;

fn retrying(max_retries: Option<i32>) -> NewExecution {
    let retry = RetryPolicy { max_retries, ..RetryPolicy::default() };
    NewExecution { policy: ExecutionPolicy { retry, ..ExecutionPolicy::default() }, ..NewExecution::of_kind("mail") }
}

#[test]
fn t_001_created_is_claimable() {
    let mut world = World::new();
    let id = world.create(&NewExecution::of_kind("mail"));
    assert_eq!(world.execution(id).public_state(), PublicState::Ready);
    let claimed = world.claim(10);
    assert_eq!(claimed.len(), 1, "the very next claim, with no background worker");
    assert_eq!((claimed[0].handle.execution, claimed[0].kind.as_str()), (id, "mail"));
}

#[test]
fn x_01_a_repeated_create_gives_the_first_execution() {
    let mut world = World::new();
    let new = NewExecution { request_key: Some("order-7".to_owned()), ..NewExecution::of_kind("mail") };
    let first = world.create(&new);
    let other_id = world.execution_id();
    let again = world.no_op(&CreateExecution { id: other_id, new: new.clone() });
    assert_eq!(again, Created::Existing((first, PublicState::Ready)), "the key, whatever id was made for it");
    let changed = NewExecution { priority: 1, ..new.clone() };
    assert_eq!(world.refused(&CreateExecution { id: other_id, new: changed.clone() }), "LV-T004");
    let keyless = NewExecution { request_key: None, ..changed };
    assert_eq!(world.refused(&CreateExecution { id: first, new: keyless }), "LV-T004", "the id has its content too");
}

#[test]
fn t_006_duplicate_end_counts_once() {
    let mut world = World::new();
    let handle = world.active(&NewExecution::of_kind("mail"));
    let first = world.complete(handle).expect("live");
    let Written::Applied(ended) = first else { panic!("the first is no repetition") };
    for _ in 0..3 {
        assert_eq!(world.complete(handle).expect("a repetition is a success"), Written::AlreadyApplied(ended.clone()));
    }
    assert_eq!(world.events(handle.execution, EventKind::Ended).len(), 1);
}

#[test]
fn t_012_attempts_are_one_more_than_retries() {
    for retries in [0, 1, 3] {
        let mut world = World::new();
        let id = world.create(&retrying(Some(retries)));
        for used in 0..=retries {
            let handle = world.claim_one();
            let before_ms = world.ring.now_ms();
            match world.fail(handle, FailureClass::Transient).expect("live") {
                Written::Applied(Ended::Again { due_ms }) => {
                    let delay = 1_000 << used;
                    let bounds = delay * 8 / 10..=delay * 12 / 10;
                    assert!(bounds.contains(&(due_ms - before_ms)), "§1.5: {} after {used}", due_ms - before_ms);
                    assert_eq!(world.execution(id).public_state(), PublicState::Delayed);
                    assert_eq!(world.claim(1), [], "not before it is due");
                    world.ring.advance(due_ms - before_ms);
                    assert_eq!(world.sweep(DueKind::Promote).promoted, 1);
                }
                other => assert_eq!(
                    (used, other),
                    (retries, Written::Applied(Ended::Ended { outcome: Outcome::Failed, result_digest: None }))
                ),
            }
        }
        assert_eq!(world.attempts(id).len() as i32, retries + 1);
        assert_eq!(world.execution(id).cause, Some(Cause::RetriesExhausted));
    }
}

#[test]
fn t_012_what_is_not_retried() {
    let mut world = World::new();
    let permanent = world.active(&retrying(None));
    world.fail(permanent, FailureClass::Permanent).expect("live");
    assert_eq!(world.execution(permanent.execution).cause, Some(Cause::PermanentFailure), "a class that is never retried");

    let mut new = retrying(None);
    new.policy.retry.retry_on.remove(&FailureClass::Resource);
    let filtered = world.active(&new);
    world.fail(filtered, FailureClass::Resource).expect("live");
    assert_eq!(world.execution(filtered.execution).cause, Some(Cause::PermanentFailure), "a class that the policy leaves out");

    let mut new = retrying(None);
    new.policy.deadline_ms = Some(700);
    let cut = world.active(&new);
    world.fail(cut, FailureClass::Transient).expect("live");
    assert_eq!(world.execution(cut.execution).outcome, Some(Outcome::Failed), "a retry would come after the deadline");
}

#[test]
fn t_012_retries_without_limit_go_on() {
    let mut world = World::new();
    let id = world.create(&retrying(None));
    for _ in 0..200 {
        let handle = world.claim_one();
        let Ok(Written::Applied(Ended::Again { due_ms })) = world.fail(handle, FailureClass::Timeout) else {
            panic!("it must be tried again")
        };
        assert!(due_ms - world.ring.now_ms() <= 72_000, "at most the maximum and its jitter");
        world.ring.advance(72_000);
        world.sweep(DueKind::Promote);
    }
    assert_eq!(world.execution(id).retry_used, 200);
}

#[test]
fn t_018_a_lost_reply_strands_nothing() {
    let mut world = World::new();
    let ids: Vec<_> = (0..3).map(|_| world.create(&NewExecution::of_kind("mail"))).collect();
    let token = world.token();
    let claim = world.claim_event(ClaimRequest::of_lane("default", "worker-1", 2, token));
    let first = world.must(&claim);
    assert_eq!(world.no_op(&claim), first, "the same claim again gives the same, and nothing new");
    let mut stolen = claim.clone();
    stolen.request.instance = "worker-2".to_owned();
    let other: Vec<_> = world.must(&stolen).into_iter().map(|claimed| claimed.handle.execution).collect();
    assert_eq!(other, [ids[2]], "a token is its instance's own");
    // The worker dies before it starts: everything is claimable again within the TTL.
    world.ring.advance(30_000);
    assert_eq!(world.sweep(DueKind::Lease).reclaimed, 3);
    assert_eq!(world.claim(10).len(), 3);
}

#[test]
fn t_019_one_attempt_number() {
    let mut world = World::new();
    let id = world.create(&retrying(Some(1)));
    let first = world.claim_one();
    world.fail(first, FailureClass::Transient).expect("live");
    world.ring.advance(2_000);
    world.sweep(DueKind::Promote);
    let second = world.claim_one();
    world.delay(second, world.ring.now_ms() + 1_000).expect("live");
    world.ring.advance(1_000);
    world.sweep(DueKind::Promote);
    let resumed = world.claim_one();
    world.ring.advance(30_000);
    world.sweep(DueKind::Lease);
    let third = world.claim_one();
    world.complete(third).expect("live");
    let actor = "ann".to_owned();
    world.must(&ReplayExecution { execution: id, run: None, ignore_edges: false, generation: None, actor });
    let fourth = world.claim_one();
    let numbers = [first, second, resumed, third, fourth].map(|handle| handle.attempt_no);
    assert_eq!(numbers, [1, 2, 2, 3, 4], "a resumed attempt keeps its number");
    let attempts: Vec<_> =
        world.attempts(id).iter().map(|one| (one.attempt_no, one.cause, one.state, one.generation)).collect();
    assert_eq!(
        attempts,
        [
            (1, AttemptCause::First, AttemptState::Failed, 0),
            (2, AttemptCause::Retry, AttemptState::Crashed, 0),
            (3, AttemptCause::CrashRecovery, AttemptState::Succeeded, 0),
            (4, AttemptCause::Replay, AttemptState::Running, 1),
        ]
    );
    let claimed: Vec<_> = world.events(id, EventKind::Claimed).iter().map(|event| event.attempt_no).collect();
    assert_eq!(claimed, [Some(1), Some(2), Some(3), Some(4)]);
    assert_eq!(world.events(id, EventKind::Resumed)[0].attempt_no, Some(2));
}

#[test]
fn t_027_an_expired_lease_is_not_revived() {
    let mut world = World::new();
    let handle = world.active(&NewExecution::of_kind("mail"));
    world.ring.advance(29_999);
    world.renew(handle).expect("one millisecond is left");
    world.ring.advance(30_000);
    assert_eq!(code(world.renew(handle)), "LV-T102", "at the very end it is over");
    assert_eq!(code(world.complete(handle)), "LV-T102");
    assert_eq!(world.sweep(DueKind::Lease).reclaimed, 1);
    assert_eq!(code(world.complete(handle)), "LV-T101");
}
