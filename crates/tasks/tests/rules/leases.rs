//! How leases end, what is overdue first, and what is claimed in which order.

use std::collections::BTreeSet;

use levada_store::alphabets::{AttemptState, Cause, EventKind, FailureClass, Outcome, PublicState};
use levada_store::{DueKind, ExecutionId, Token, limits};
use levada_tasks::rules::{CompleteExecutions, FailExecutions, RenewLeases, RevokeLease, Revoked, Written};
use levada_tasks::spec::{ClaimRequest, Complete, Fail, Failure, Handle, NewExecution, Payload, Renew};

use crate::calls::{code, only};
use crate::world::World;

#[test]
fn t_014_a_crash_is_not_a_timeout() {
    let mut world = World::new();
    let mut new = NewExecution::of_kind("mail");
    new.policy.retry.max_retries = Some(0);
    new.policy.deadline_ms = Some(3_600_000);
    let handle = world.active(&new);
    world.ring.advance(30_000);
    assert_eq!(world.sweep(DueKind::Lease).reclaimed, 1);
    let row = world.execution(handle.execution);
    assert_eq!((row.public_state(), row.crash_used, row.retry_used), (PublicState::Ready, 1, 0), "reclaimed");
}

/// whichever sweep looks, the earliest instant wins; of equal ones the deadline, then the attempt timeout, then the lease.
#[test]
fn t_014_six_orders_of_overdue_instants() {
    let orders = [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1], [1, 1, 1], [2, 1, 1], [1, 2, 1], [1, 1, 2]];
    for instants in orders {
        for kind in [DueKind::Deadline, DueKind::AttemptDeadline, DueKind::Lease] {
            let mut world = World::new();
            let mut new = NewExecution::of_kind("mail");
            let [deadline, timeout, lease] = instants.map(|at| at * 10_000);
            new.policy.deadline_ms = Some(deadline);
            new.policy.attempt_timeout_ms = Some(timeout);
            let handle = world.active(&new);
            only(world.must(&RenewLeases { items: vec![Renew { handle, ttl_ms: lease }], back_since_ms: None })).expect("live");
            world.ring.advance(30_000);
            world.sweep(kind);
            let first = instants.iter().position(|at| *at == 1);
            let attempt = world.attempts(handle.execution)[0].state;
            let expected =
                [AttemptState::Cancelled, AttemptState::TimedOut, AttemptState::Crashed][first.expect("one is first")];
            assert_eq!(attempt, expected, "{instants:?} seen by {kind:?}");
            let expired = world.execution(handle.execution).outcome == Some(Outcome::Expired);
            assert_eq!(expired, first == Some(0), "{instants:?} seen by {kind:?}");
        }
    }
}

#[test]
fn t_049_claim_order_and_distinctness() {
    let mut world = World::new();
    let mut expected = Vec::new();
    for priority in [5, 0, 9_000, 5, 0, 7, 9_000, 7] {
        let id = world.create(&NewExecution { priority, ..NewExecution::of_kind("mail") });
        expected.push((-priority, expected.len(), id));
    }
    expected.sort_unstable();
    let expected: Vec<_> = expected.into_iter().map(|(_, _, id)| id).collect();
    let mut claimed = Vec::new();
    for limit in [3, 2, 10] {
        claimed.extend(world.claim(limit).into_iter().map(|one| one.handle.execution));
    }
    assert_eq!(claimed, expected, "priority high to low, then the order of creation; nothing twice");
}

#[test]
fn t_049_retried_work_keeps_its_place() {
    let mut world = World::new();
    let ids: Vec<_> = (0..3).map(|_| world.create(&NewExecution::of_kind("mail"))).collect();
    let first = world.claim(1)[0].handle;
    world.must(&RevokeLease { execution: first.execution, by: None, fence: None, actor: "ann".to_owned() });
    let again: Vec<_> = world.claim(3).into_iter().map(|one| one.handle.execution).collect();
    assert_eq!(again, ids);
}

#[test]
fn t_056_a_lease_that_is_named_is_revoked_once() {
    let mut world = World::new();
    world.create(&NewExecution::of_kind("mail"));
    let first = world.claim(1)[0].handle;
    let event = RevokeLease { execution: first.execution, by: None, fence: Some(first.fence), actor: "ann".to_owned() };
    assert_eq!(world.must(&event), Revoked::Revoked);
    let second = world.claim(1)[0].handle;
    assert_eq!(world.must(&event), Revoked::NoLease, "the next lease is not meant");
    assert_eq!(world.ring.state().executions[&first.execution].fence, second.fence);
}

#[test]
fn t_049_order_holds_over_routes() {
    let mut world = World::new();
    let with = |word: &str| NewExecution { capabilities: BTreeSet::from([word.to_owned()]), ..NewExecution::of_kind("mail") };
    let ids: Vec<_> = ["a", "b", "a", "c", "b"].iter().map(|word| world.create(&with(word))).collect();
    let request = ClaimRequest {
        capabilities: ["a", "b"].map(str::to_owned).into(),
        ..ClaimRequest::of_lane("default", "worker-1", 10, Token(900))
    };
    let claim = world.claim_event(request);
    let got: Vec<_> = world.must(&claim).into_iter().map(|one| one.handle.execution).collect();
    assert_eq!(got, [ids[0], ids[1], ids[2], ids[4]], "creation order over all routes it matches, and nothing else");
}

#[test]
fn t_050_capability_matching() {
    let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<BTreeSet<String>>();
    let matches = |required: &[&str], offered: &[&str]| {
        let mut world = World::new();
        world.create(&NewExecution { capabilities: set(required), ..NewExecution::of_kind("mail") });
        let capabilities = set(offered);
        let claim = world.claim_event(ClaimRequest { capabilities, ..ClaimRequest::of_lane("default", "w", 1, Token(900)) });
        world.must(&claim).len() == 1
    };
    assert!(matches(&[], &[]) && matches(&[], &["gpu"]), "an empty requirement matches all");
    assert!(matches(&["gpu"], &["gpu"]) && matches(&["gpu"], &["cpu", "gpu"]), "exact, superset");
    assert!(!matches(&["gpu"], &[]) && !matches(&["cpu", "gpu"], &["gpu"]), "missing one");
    assert!(!matches(&["gpu"], &["GPU"]) && !matches(&["gpu"], &["gpu2"]) && !matches(&["gpu2"], &["gpu"]), "exact words");
    let many: Vec<String> = (0..256).map(|n| format!("c{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(matches(&many, &many));
}

#[test]
fn t_050_capabilities_that_are_refused() {
    let mut world = World::new();
    let mut create = |words: Vec<String>| {
        let id = world.execution_id();
        let new = NewExecution { capabilities: words.into_iter().collect(), ..NewExecution::of_kind("mail") };
        world.refused(&levada_tasks::rules::CreateExecution { id, new })
    };
    for bad in ["", "a,b", "a b", "a\tb", "a\u{0}", "a\u{a0}b"] {
        assert_eq!(create(vec![bad.to_owned()]), "LV-T001", "{bad:?}");
    }
    assert_eq!(create((0..=limits::CAPABILITIES_MAX).map(|n| n.to_string()).collect()), "LV-T003", "too many");
    assert_eq!(create(vec!["x".repeat(limits::CAPABILITIES_BYTES_MAX + 1)]), "LV-T003", "too long");
}

#[test]
fn t_052_crash_limit_boundary() {
    for limit in [0, 1, 3] {
        let mut world = World::new();
        let mut new = NewExecution::of_kind("mail");
        new.policy.crash.crashes_max = limit;
        let id = world.create(&new);
        for crashes in 1..=limit + 1 {
            world.claim_one();
            world.ring.advance(30_000);
            let swept = world.sweep(DueKind::Lease);
            assert_eq!((swept.reclaimed, swept.crash_limited), if crashes <= limit { (1, 0) } else { (0, 1) });
            // The first crash is tried again at once, the others after 1 s, 2 s, …
            let delay = if crashes == 1 { 0 } else { 1_000 << (crashes - 2) };
            let due = world.execution(id).due_ms.map_or(0, |due| due - world.ring.now_ms());
            assert_eq!(due, if crashes <= limit { delay } else { 0 });
            world.ring.advance(due);
            world.sweep(DueKind::Promote);
        }
        let row = world.execution(id);
        assert_eq!((row.outcome, row.cause), (Some(Outcome::Failed), Some(Cause::CrashLimit)));
        assert_eq!(world.events(id, EventKind::Ended).len(), 1);
        assert_eq!(world.events(id, EventKind::LeaseExpired).len() as i32, limit + 1);
    }
}

#[test]
fn t_052_fences_keep_rising() {
    let mut world = World::new();
    let mut new = NewExecution::of_kind("mail");
    new.policy.crash.crashes_max = i32::MAX;
    let id = world.create(&new);
    let mut fence = -1;
    for _ in 0..1_000 {
        let handle = world.claim_one();
        assert!(handle.fence > fence);
        fence = handle.fence;
        world.ring.advance(90_000);
        world.sweep(DueKind::Lease);
        world.ring.advance(60_000);
        world.sweep(DueKind::Promote);
    }
    assert_eq!(world.execution(id).crash_used, 1_000);
}

#[test]
fn t_053_batches_and_end_with_claim() {
    let mut world = World::new();
    for _ in 0..500 {
        world.create(&NewExecution::of_kind("mail"));
    }
    let handles: Vec<Handle> = world.claim(500).into_iter().map(|one| one.handle).collect();
    assert_eq!(handles.len(), 500);
    // Every fifth is good, closed before, fenced, unknown or of too large a result.
    let item = |at: usize, handle: Handle| match at % 5 {
        3 => Complete {
            handle: Handle { execution: ExecutionId(u128::MAX), ..handle },
            result: Payload::Void,
            facts: Default::default(),
        },
        4 => Complete { handle, result: Payload::Inline(vec![0; limits::RESULT_BYTES_MAX + 1]), facts: Default::default() },
        _ => Complete { handle, result: Payload::Void, facts: Default::default() },
    };
    for (at, handle) in handles.iter().enumerate() {
        match at % 5 {
            1 => drop(world.skip(*handle).expect("live")),
            2 => {
                world.must(&RevokeLease { execution: handle.execution, by: None, fence: None, actor: "ann".to_owned() });
            }
            _ => {}
        }
    }
    let items: Vec<_> = handles.iter().enumerate().map(|(at, handle)| item(at, *handle)).collect();
    let next = world.claim_event(ClaimRequest::of_lane("default", "worker-2", 500, Token(1 << 90)));
    let (results, claimed) = world.must(&CompleteExecutions { items, next: Some(next) });
    assert_eq!(results.len(), 500);
    for (at, result) in results.into_iter().enumerate() {
        match at % 5 {
            0 => assert!(matches!(result, Ok(Written::Applied(_))), "{at}"),
            wrong => assert_eq!(code(result), ["", "LV-T104", "LV-T101", "LV-T002", "LV-T003"][wrong], "{at}"),
        }
    }
    assert_eq!(claimed.len(), 100, "the revoked ones, in the same transaction");
    let states = |state| world.ring.state().executions.values().filter(|row| row.public_state() == state).count();
    assert_eq!(states(PublicState::Succeeded), 100, "the good ones apply whatever the others do");
}

#[test]
fn t_053_a_call_without_items_or_with_too_many_is_refused() {
    let mut world = World::new();
    let handle = world.active(&NewExecution::of_kind("mail"));
    let failure = Failure { class: FailureClass::Transient, code: String::new(), message: String::new() };
    let items = vec![(Fail { handle, failure }, 0); limits::WRITE_BATCH_MAX + 1];
    assert_eq!(world.refused(&FailExecutions { items, next: None }), "LV-T003");
    assert_eq!(world.refused(&CompleteExecutions { items: Vec::new(), next: None }), "LV-T001");
}

#[test]
fn t_056_ttl_edges() {
    let mut world = World::new();
    let mut new = NewExecution::of_kind("mail");
    new.policy.lease_ttl_max_ms = 60_000;
    let handle = world.active(&new);
    let mut renew = |ttl_ms| only(world.must(&RenewLeases { items: vec![Renew { handle, ttl_ms }], back_since_ms: None }));
    assert_eq!(code(renew(999)), "LV-T106");
    assert_eq!(code(renew(60_001)), "LV-T106", "above the policy's own");
    renew(1_000).expect("the shortest");
    let renewed = renew(60_000).expect("the longest");
    assert_eq!(renewed.lease_until_ms, world.ring.now_ms() + 60_000);
    let request = ClaimRequest { ttl_ms: limits::LEASE_TTL_MS_MAX + 1, ..ClaimRequest::of_lane("default", "w", 1, Token(9)) };
    let claim = world.claim_event(request);
    assert_eq!(world.refused(&claim), "LV-T106");
}

#[test]
fn t_056_a_claim_gives_no_longer_lease_than_the_policy_admits() {
    let mut world = World::new();
    let mut new = NewExecution::of_kind("mail");
    new.policy.lease_ttl_max_ms = 5_000;
    world.create(&new);
    let request = ClaimRequest { ttl_ms: 30_000, ..ClaimRequest::of_lane("default", "w", 1, Token(9)) };
    let claim = world.claim_event(request);
    let claimed = world.must(&claim);
    assert_eq!((claimed[0].ttl_ms, claimed[0].lease_until_ms), (5_000, world.ring.now_ms() + 5_000));
}

#[test]
fn f_07_a_renewal_writes_no_event() {
    let mut world = World::new();
    let handle = world.active(&NewExecution::of_kind("mail"));
    let before = world.ring.state().clone();
    world.ring.advance(10_000);
    world.renew(handle).expect("live");
    let mut expected = before.executions[&handle.execution].clone();
    expected.lease_until_ms = Some(world.ring.now_ms() + 30_000);
    let mut after = world.ring.state().clone();
    assert_eq!(after.executions.insert(handle.execution, before.executions[&handle.execution].clone()), Some(expected));
    assert_eq!(crate::calls::rows(&before), crate::calls::rows(&after), "nothing else changed");
}

#[test]
fn x_20_a_worker_that_gives_its_lease_back_is_counted_as_a_crash() {
    let mut world = World::new();
    let handle = world.active(&NewExecution::of_kind("mail"));
    let event = RevokeLease { execution: handle.execution, by: Some(handle), fence: None, actor: "w".to_owned() };
    world.must(&event);
    let row = world.execution(handle.execution);
    assert_eq!((row.public_state(), row.crash_used), (PublicState::Ready, 1), "claimable at once");
}
