//! T-051 and the registry half of T-056: lanes and workers.

use levada_store::Token;
use levada_store::alphabets::{EventKind, LaneState, WorkerState};
use levada_tasks::rules::{
    Applied, ChangeLane, CreateExecution, DEAD_WORKER_KEPT_MS, DrainWorker, HeartbeatWorker, LaneChange, MarkWorkerDead,
    RegisterWorker, Registered, SweepWorkers, WorkersSwept,
};
use levada_tasks::spec::{ClaimRequest, NewExecution};

use crate::world::World;

fn change(lane: &str, change: LaneChange) -> ChangeLane {
    ChangeLane { lane: lane.to_owned(), change, actor: "ann".to_owned() }
}

#[test]
fn t_051_lane_states() {
    // State, how it is brought about, whether it takes new executions, whether it is claimed from.
    let table = [
        (LaneState::Open, LaneChange::Resume, true, true),
        (LaneState::Paused, LaneChange::Pause, true, false),
        (LaneState::Draining, LaneChange::Drain, false, true),
        (LaneState::Disabled, LaneChange::Disable, false, false),
    ];
    for (state, verb, creates, claims) in table {
        let mut world = World::new();
        let active = world.active(&NewExecution::of_kind("mail"));
        world.create(&NewExecution::of_kind("mail"));
        // From another state, so that resuming is a change too.
        let other = if state == LaneState::Paused { LaneChange::Drain } else { LaneChange::Pause };
        world.must(&change("default", other));
        assert_eq!(world.must(&change("default", verb)), Applied::Applied);
        assert_eq!(world.no_op(&change("default", verb)), Applied::AlreadyApplied);
        assert_eq!(world.ring.state().lanes["default"].state, state);
        let id = world.execution_id();
        let new = CreateExecution { id, new: NewExecution::of_kind("mail") };
        if creates {
            world.must(&new);
        } else {
            assert_eq!(world.refused(&new), "LV-T108", "{state}");
        }
        assert_eq!(!world.claim(10).is_empty(), claims, "{state}");
        world.complete(active).expect("an end is never refused by a lane");
        let events = world.ring.state().events.values().filter(|event| event.kind == EventKind::LaneChanged);
        assert_eq!(events.filter(|event| event.lane.as_deref() == Some("default")).count(), 2);
    }
}

#[test]
fn t_051_max_active() {
    let mut world = World::new();
    for _ in 0..5 {
        world.create(&NewExecution::of_kind("mail"));
    }
    world.must(&change("default", LaneChange::SetMaxActive(Some(2))));
    let first = world.claim(10);
    assert_eq!((first.len(), world.claim(10).len()), (2, 0));
    world.complete(first[0].handle).expect("live");
    assert_eq!(world.claim(10).len(), 1, "a free place is taken again");
    world.must(&change("default", LaneChange::SetMaxActive(None)));
    assert_eq!(world.claim(10).len(), 2, "no limit");
    for bad in [0, -1] {
        assert_eq!(world.refused(&change("default", LaneChange::SetMaxActive(Some(bad)))), "LV-T001");
    }
}

/// L-3: what cannot be taken now costs those behind it nothing.
#[test]
fn t_051_a_lane_that_is_full_hides_no_other() {
    let mut world = World::new();
    for lane in ["mail", "mail", "mail", "print"] {
        world.create(&NewExecution::of_kind("work").in_lane(lane));
    }
    world.must(&change("mail", LaneChange::SetMaxActive(Some(1))));
    let mut claim = |limit| {
        let lanes = vec!["mail".to_owned(), "print".to_owned()];
        let request = ClaimRequest { lanes, ..ClaimRequest::of_lane("mail", "w", limit, world.token()) };
        let event = world.claim_event(request);
        world.must(&event).into_iter().map(|claimed| claimed.lane).collect::<Vec<_>>()
    };
    assert_eq!([claim(1), claim(1), claim(1)], [vec!["mail"], vec!["print"], vec![]]);
}

#[test]
fn t_051_creating_lanes() {
    let mut world = World::new();
    let create = |max_active| change("mail", LaneChange::Create { max_active });
    assert_eq!(world.must(&create(Some(3))), Applied::Applied);
    assert_eq!(world.no_op(&create(Some(3))), Applied::AlreadyApplied);
    assert_eq!(world.refused(&create(None)), "LV-T004");
    assert_eq!(world.no_op(&change("unknown", LaneChange::Resume)), Applied::AlreadyApplied, "a lane without a row is open");
    assert_eq!(world.refused(&change("system.refresh", LaneChange::Pause)), "LV-T001");
    assert_eq!(world.refused(&change("", LaneChange::Pause)), "LV-T001");
}

fn register(worker: &str) -> RegisterWorker {
    RegisterWorker {
        worker: worker.to_owned(),
        instance: "host-1".to_owned(),
        lanes: ["default".to_owned()].into(),
        capabilities: ["gpu".to_owned()].into(),
        max_concurrent: 8,
        ttl_ms: 10_000,
    }
}

fn count(world: &World, kind: EventKind) -> usize {
    world.ring.state().events.values().filter(|event| event.kind == kind).count()
}

#[test]
fn t_056_register_refresh_and_take_over() {
    let mut world = World::new();
    assert_eq!(world.must(&register("mailer")), Registered::New);
    assert_eq!(world.must(&register("mailer")), Registered::Refreshed(WorkerState::Live));
    assert_eq!(count(&world, EventKind::WorkerRegistered), 1, "a refresh is no news");
    assert_eq!(world.refused(&register("other")), "LV-T111");
    world.ring.advance(10_000);
    assert_eq!(world.must(&register("other")), Registered::New, "an instance that was not heard of can be taken over");
}

#[test]
fn t_056_drain_and_death() {
    let mut world = World::new();
    let (instance, actor) = ("host-1".to_owned(), "ann".to_owned());
    let drain = DrainWorker { instance: instance.clone(), actor: actor.clone() };
    let heartbeat = HeartbeatWorker { instance: instance.clone() };
    let dead = MarkWorkerDead { instance, reason: "the host burnt down".to_owned(), actor };
    assert_eq!((world.refused(&drain), world.refused(&heartbeat), world.refused(&dead)), ("LV-T002", "LV-T002", "LV-T002"));
    world.must(&register("mailer"));
    assert_eq!(world.must(&heartbeat), WorkerState::Live);
    assert_eq!(world.must(&drain), Applied::Applied);
    assert_eq!(world.no_op(&drain), Applied::AlreadyApplied);
    assert_eq!(world.must(&heartbeat), WorkerState::Draining, "it learns so");
    assert_eq!(world.must(&register("mailer")), Registered::Refreshed(WorkerState::Draining), "and still drains");
    assert_eq!(world.must(&dead), Applied::Applied);
    assert_eq!(world.no_op(&dead), Applied::AlreadyApplied);
    assert_eq!(count(&world, EventKind::WorkerLost), 1);
    assert_eq!(world.refused(&heartbeat), "LV-T002", "it has to register again");
    assert_eq!(world.must(&register("mailer")), Registered::New);
}

#[test]
fn t_056_expiry_is_an_event_and_the_row_goes_later() {
    let mut world = World::new();
    world.must(&register("mailer"));
    world.ring.advance(9_999);
    assert_eq!(world.no_op(&SweepWorkers { limit: 10 }), WorkersSwept::default());
    world.must(&HeartbeatWorker { instance: "host-1".to_owned() });
    world.ring.advance(10_000);
    assert_eq!(world.must(&SweepWorkers { limit: 10 }), WorkersSwept { lost: 1, forgotten: 0 });
    assert_eq!(world.ring.state().workers["host-1"].state, WorkerState::Dead);
    assert_eq!(count(&world, EventKind::WorkerLost), 1);
    assert_eq!(world.no_op(&SweepWorkers { limit: 10 }), WorkersSwept::default(), "once");
    world.ring.advance(DEAD_WORKER_KEPT_MS);
    assert_eq!(world.must(&SweepWorkers { limit: 10 }), WorkersSwept { lost: 0, forgotten: 1 });
    assert!(world.ring.state().workers.is_empty());
}

/// L-8: an expiry is told even if the instance comes back before anybody noticed it.
#[test]
fn t_056_an_expiry_that_nobody_noticed_is_told_by_the_next_registration() {
    let mut world = World::new();
    world.must(&register("one"));
    world.ring.advance(10_000);
    assert_eq!(world.must(&register("two")), Registered::New, "the instance is free again");
    let kinds = [EventKind::WorkerRegistered, EventKind::WorkerLost, EventKind::WorkerRegistered];
    assert_eq!(world.ring.state().events.values().map(|event| event.kind).collect::<Vec<_>>(), kinds);
}

#[test]
fn t_056_claims_are_the_same_without_any_registration() {
    let mut world = World::new();
    world.create(&NewExecution::of_kind("mail"));
    let claim = world.claim_event(ClaimRequest::of_lane("default", "never-registered", 1, Token(900)));
    assert_eq!(world.must(&claim).len(), 1);
}

#[test]
fn t_056_registrations_that_are_refused() {
    let mut world = World::new();
    let mut refused = |event: RegisterWorker| -> &'static str { world.refused(&event) };
    assert_eq!(refused(RegisterWorker { max_concurrent: 0, ..register("w") }), "LV-T001");
    assert_eq!(refused(RegisterWorker { lanes: Default::default(), ..register("w") }), "LV-T001");
    assert_eq!(refused(RegisterWorker { lanes: ["a,b".to_owned()].into(), ..register("w") }), "LV-T001");
    assert_eq!(refused(RegisterWorker { ttl_ms: 0, ..register("w") }), "LV-T106");
}
