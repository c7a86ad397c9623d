//! Leases: kept while a handler works, noticed when they are lost, survived when the store is away.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use levada_base::World;
use levada_store::alphabets::{Cause, Phase, PublicState};
use levada_tasks::rules::LaneChange;
use levada_tasks::spec::{GraphEdge, GraphNode, GroupPolicy, NewExecution, RunGraph};
use levada_tasks::worker::{Context, Stop, Worker};
use tokio::sync::{Notify, mpsc};

use crate::drain::gate;
use crate::service::Shaky;
use crate::setup::{attempts, create, ended, engine, new, until, worker};

#[tokio::test]
async fn h_3_a_lease_is_kept_for_longer_than_its_span() {
    let tasks = engine().await;
    // Ends when the lease was renewed twice: that takes longer than two thirds of its span, and no clock is looked at.
    let renewals = Arc::new(Notify::new());
    let done = renewals.clone();
    let slow = move || {
        let done = done.clone();
        async move {
            done.notified().await;
            Ok::<(), Stop>(())
        }
    };
    let id = create(&tasks, new("slow")).await;
    let worker = worker(&tasks).lease(Duration::from_secs(3)).on("slow", slow).build().expect("the worker is complete").start();
    let first = until(&tasks, id, |row| row.phase == Phase::Active).await.lease_until_ms;
    let second = until(&tasks, id, |row| row.lease_until_ms > first).await.lease_until_ms;
    until(&tasks, id, |row| row.lease_until_ms > second).await;
    renewals.notify_one();
    assert_eq!(ended(&tasks, id).await, PublicState::Succeeded);
    assert_eq!(attempts(&tasks, id).await.len(), 1);
    worker.stop().await;
}

#[tokio::test]
async fn h_3_a_lease_that_the_policy_keeps_short_is_renewed_in_time() {
    let tasks = engine().await;
    let renewed = Arc::new(Notify::new());
    let done = renewed.clone();
    let slow = move || {
        let done = done.clone();
        async move {
            done.notified().await;
            Ok::<(), Stop>(())
        }
    };
    let mut brief = new("slow");
    brief.policy.lease_ttl_max_ms = 3_000;
    let id = create(&tasks, brief).await;
    // By the worker's own span it would be renewed after 200 seconds.
    let worker = worker(&tasks).lease(Duration::from_secs(600)).on("slow", slow).build().expect("complete").start();
    let first = until(&tasks, id, |row| row.phase == Phase::Active).await.lease_until_ms;
    until(&tasks, id, |row| row.lease_until_ms > first).await;
    renewed.notify_one();
    assert_eq!(ended(&tasks, id).await, PublicState::Succeeded);
    assert_eq!(attempts(&tasks, id).await.len(), 1);
    worker.stop().await;
}

#[tokio::test]
async fn h_3_a_handler_whose_execution_is_cancelled_learns_it() {
    let tasks = engine().await;
    let told = Arc::new(Notify::new());
    let tell = told.clone();
    let patient = move |context: Context| {
        let tell = tell.clone();
        async move {
            context.cancellation().cancelled().await;
            tell.notify_one();
            Ok::<String, Stop>("too late".to_owned())
        }
    };
    let id = create(&tasks, new("patient")).await;
    // The span is so long that only the hint can tell in time.
    let worker = worker(&tasks).lease(Duration::from_secs(600)).on("patient", patient).build().expect("complete").start();
    until(&tasks, id, |row| row.phase == Phase::Active).await;
    tasks.cancel_execution(id, "test").await.expect("it is active");
    tokio::time::timeout(Duration::from_secs(10), told.notified()).await.expect("the handler is told");
    let report = worker.drain(Duration::from_secs(10)).await;
    assert_eq!(report.unrecorded, 1, "what it returned counts for nothing");
    assert_eq!(ended(&tasks, id).await, PublicState::Cancelled);
}

#[tokio::test]
async fn h_4_an_outage_delays_a_result_and_ends_no_worker() {
    let tasks = engine().await;
    let service = Shaky::of(&tasks);
    let (away, risk) = (service.away.clone(), Arc::new(Notify::new()));
    let (pull, said) = (away.clone(), risk.clone());
    let work = move |mut context: Context| {
        let (pull, said) = (pull.clone(), said.clone());
        async move {
            pull.store(true, Ordering::Relaxed);
            context.at_risk().await;
            said.notify_one();
            Ok::<String, Stop>("done all the same".to_owned())
        }
    };
    let id = create(&tasks, new("work")).await;
    let builder = Worker::builder(service, World::real()).lease(Duration::from_secs(3)).on("work", work);
    let worker = builder.build().expect("complete").start();
    tokio::time::timeout(Duration::from_secs(20), risk.notified()).await.expect("the handler hears of the risk");
    away.store(false, Ordering::Relaxed);
    assert_eq!(ended(&tasks, id).await, PublicState::Succeeded);
    let next = create(&tasks, new("work")).await;
    until(&tasks, next, |row| row.phase == Phase::Active).await;
    away.store(false, Ordering::Relaxed);
    worker.stop().await;
}

#[tokio::test]
async fn h_4_what_a_claim_met_can_be_seen_until_one_is_answered() {
    let tasks = engine().await;
    let service = Shaky::of(&tasks);
    let away = service.away.clone();
    away.store(true, Ordering::Relaxed);
    let builder = Worker::builder(service, World::real()).on("work", async || Ok::<(), Stop>(()));
    let worker = builder.build().expect("complete").start();
    let mut status = worker.status();
    let met = status.wait_for(|status| status.claim_error.is_some()).await.expect("it works").claim_error.clone();
    assert!(met.is_some_and(|error| error.contains("LV-T702")));
    away.store(false, Ordering::Relaxed);
    create(&tasks, new("work")).await;
    status.wait_for(|status| status.claim_error.is_none()).await.expect("it works");
    worker.stop().await;
}

/// A handler that says when its execution was taken away, by the name of the execution.
fn told() -> (
    mpsc::UnboundedReceiver<String>,
    impl Fn(Context) -> futures::future::BoxFuture<'static, Result<(), Stop>> + Send + Sync + 'static,
) {
    let (tell, told) = mpsc::unbounded_channel();
    let handler = move |context: Context| -> futures::future::BoxFuture<'static, Result<(), Stop>> {
        let tell = tell.clone();
        Box::pin(async move {
            context.cancellation().cancelled().await;
            // The test may have seen enough.
            let _ = tell.send(context.name().to_owned());
            Ok(())
        })
    };
    (told, handler)
}

async fn next(told: &mut mpsc::UnboundedReceiver<String>) -> String {
    let heard = tokio::time::timeout(Duration::from_secs(20), told.recv()).await.expect("the handler is told");
    heard.expect("handlers are there")
}

#[tokio::test]
async fn h_3_what_is_lost_while_leases_are_renewed_is_told_after_it() {
    let tasks = engine().await;
    let (mut told, patient) = told();
    let (first, second) = (create(&tasks, new("patient").named("a")).await, create(&tasks, new("patient").named("b")).await);
    let service = Shaky::of(&tasks);
    service.renewals.close();
    // Only hints can tell in time.
    let builder = Worker::builder(service.clone(), World::real()).lease(Duration::from_secs(3_600)).on("patient", patient);
    let worker = builder.build().expect("complete").start();
    for id in [first, second] {
        until(&tasks, id, |row| row.phase == Phase::Active).await;
    }
    tasks.cancel_execution(first, "test").await.expect("it is active");
    // The renewal that the hint asked for is decided; its answer is on the way when the second is lost.
    service.renewals.entered().await;
    tasks.cancel_execution(second, "test").await.expect("it is active");
    service.renewals.open();
    assert_eq!([next(&mut told).await, next(&mut told).await], ["a", "b"]);
    worker.stop().await;
}

#[tokio::test]
async fn h_4_a_renewal_that_fails_is_tried_again_long_before_the_next_one() {
    let tasks = engine().await;
    let (mut told, patient) = told();
    let id = create(&tasks, new("patient").named("a")).await;
    let service = Shaky::of(&tasks);
    let builder = Worker::builder(service.clone(), World::real()).lease(Duration::from_secs(3_600)).on("patient", patient);
    let worker = builder.build().expect("complete").start();
    until(&tasks, id, |row| row.phase == Phase::Active).await;
    service.away.store(true, Ordering::Relaxed);
    tasks.cancel_execution(id, "test").await.expect("it is active");
    service.refused.notified().await;
    service.away.store(false, Ordering::Relaxed);
    assert_eq!(next(&mut told).await, "a", "the next renewal by the clock is twenty minutes away");
    worker.stop().await;
}

#[tokio::test]
async fn h_3_the_lease_of_a_result_that_waits_to_be_recorded_is_kept() {
    let tasks = engine().await;
    let (open, quick) = gate();
    let (first, second) = (create(&tasks, new("gate")).await, create(&tasks, new("gate")).await);
    let service = Shaky::of(&tasks);
    service.completes.close();
    let builder = Worker::builder(service.clone(), World::real()).lease(Duration::from_secs(3)).on("gate", quick);
    let worker = builder.build().expect("complete").start();
    for id in [first, second] {
        until(&tasks, id, |row| row.phase == Phase::Active).await;
    }
    open.notify_one();
    // The answer to the first result does not come, so that the second has to wait.
    service.completes.entered().await;
    open.notify_one();
    let waits = [first, second].map(|id| until(&tasks, id, |_| true));
    let waits = futures::future::join_all(waits).await.into_iter().find(|row| row.phase == Phase::Active).expect("one waits");
    let mut until_ms = waits.lease_until_ms;
    // A renewal under way may have been decided while the handler ran; the ones behind it were not.
    for _ in 0..3 {
        until_ms = until(&tasks, waits.id, |row| row.lease_until_ms > until_ms).await.lease_until_ms;
    }
    service.completes.open();
    for id in [first, second] {
        assert_eq!(ended(&tasks, id).await, PublicState::Succeeded);
        assert_eq!(attempts(&tasks, id).await.len(), 1);
    }
    assert_eq!(worker.stop().await.unrecorded, 0);
}

#[tokio::test]
async fn h_3_a_handler_whose_execution_was_given_to_the_same_worker_again_learns_it() {
    let tasks = engine().await;
    let (tell, mut told) = mpsc::unbounded_channel();
    let patient = move |context: Context| {
        let tell = tell.clone();
        async move {
            context.cancellation().cancelled().await;
            // The test may have seen enough.
            let _ = tell.send((context.attempt_no(), context.cancellation().is_cancelled()));
            Ok::<(), Stop>(())
        }
    };
    let id = create(&tasks, new("patient")).await;
    let service = Shaky::of(&tasks);
    // No renewal tells the worker.
    service.renewals.close();
    let builder = Worker::builder(service.clone(), World::real()).lease(Duration::from_secs(3_600)).on("patient", patient);
    let worker = builder.build().expect("complete").start();
    until(&tasks, id, |row| row.phase == Phase::Active).await;
    tasks.revoke_lease(id, "test").await.expect("it is active");
    let heard = tokio::time::timeout(Duration::from_secs(20), told.recv()).await.expect("the handler is told");
    assert_eq!(heard, Some((1, true)), "both ways to ask agree");
    service.renewals.open();
    worker.stop().await;
}

/// `join` waits for one of two members in a lane for two.
fn race() -> RunGraph {
    let member = |name: &str, lane: &str| GraphNode { execution: new(name).named(name).in_lane(lane), group: None };
    RunGraph {
        nodes: vec![
            member("quick", "pair"),
            member("patient", "pair"),
            GraphNode { group: Some(GroupPolicy::any_of()), ..member("join", "later") },
        ],
        edges: ["quick", "patient"].map(|name| GraphEdge::success(name, "join")).into(),
        ..RunGraph::default()
    }
}

#[tokio::test]
async fn t_071_a_losing_worker_learns_it_and_its_place_is_free() {
    let tasks = engine().await;
    tasks.change_lane("pair", LaneChange::Create { max_active: Some(2) }, "test").await.expect("a new lane");
    let (mut told, patient) = told();
    let go = Arc::new(Notify::new());
    let gate = go.clone();
    let quick = move || {
        let gate = gate.clone();
        async move {
            gate.notified().await;
            Ok::<(), Stop>(())
        }
    };
    let run = tasks.submit_run(race()).await.expect("a graph").into_inner().run;
    let members = tasks.graph(run).await.expect("it is there").executions;
    let of = |name: &str| members.iter().find(|row| row.name == name).map(|row| row.id).expect("a member");
    let builder = worker(&tasks).lane("pair").lease(Duration::from_secs(3_600)).on("quick", quick).on("patient", patient);
    let worker = builder.build().expect("complete").start();
    for name in ["quick", "patient"] {
        until(&tasks, of(name), |row| row.phase == Phase::Active).await;
    }
    let third = create(&tasks, NewExecution { lane: "pair".to_owned(), ..new("quick") }).await;
    go.notify_one();
    assert_eq!(next(&mut told).await, "patient");
    let loser = until(&tasks, of("patient"), |row| row.phase == Phase::Ended).await;
    assert_eq!((loser.public_state(), loser.cause), (PublicState::Cancelled, Some(Cause::GroupSatisfied)));
    assert_eq!(ended(&tasks, of("quick")).await, PublicState::Succeeded);
    go.notify_one();
    assert_eq!(ended(&tasks, third).await, PublicState::Succeeded, "both places of the lane are free again");
    let report = worker.drain(Duration::from_secs(10)).await;
    assert_eq!(report.unrecorded, 1, "what the loser returned counts for nothing");
}
