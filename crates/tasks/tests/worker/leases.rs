//! Leases: kept while a handler works, noticed when they are lost, survived when the store is away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use levada_base::{Error, World, codes};
use levada_store::WakeReceiver;
use levada_store::alphabets::{Phase, PublicState};
use levada_tasks::rules::{Claimed, EndedAndClaimed, Renewed, Written};
use levada_tasks::spec::{ClaimRequest, Complete, Delay, Fail, Handle, Payload, ProgressNote, Renew, Skip};
use levada_tasks::worker::{Context, Service, Stop, Worker};
use tokio::sync::Notify;

use crate::setup::{Engine, attempts, create, ended, engine, new, until, worker};

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
    let worker = worker(&tasks).lease(Duration::from_secs(1)).on("slow", slow).build().expect("the worker is complete").start();
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
    brief.policy.lease_ttl_max_ms = 1_000;
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

/// A service that is away while it is told to be.
#[derive(Clone)]
struct Shaky {
    tasks: Engine,
    away: Arc<AtomicBool>,
}

impl Shaky {
    fn there(&self) -> Result<(), Error> {
        if self.away.load(Ordering::Relaxed) {
            return Err(Error::new(codes::LV_T702, "store unreachable: pulled out by the test"));
        }
        Ok(())
    }
}

impl Service for Shaky {
    async fn claim(&self, request: ClaimRequest) -> Result<Vec<Claimed>, Error> {
        self.there()?;
        self.tasks.claim(request).await
    }
    async fn renew(&self, items: Vec<Renew>) -> Result<Vec<Result<Renewed, Error>>, Error> {
        self.there()?;
        self.tasks.renew(items).await
    }
    async fn complete(&self, items: Vec<Complete>, next: Option<ClaimRequest>) -> Result<EndedAndClaimed, Error> {
        self.there()?;
        self.tasks.complete(items, next).await
    }
    async fn fail(&self, items: Vec<Fail>) -> Result<Vec<Result<Written, Error>>, Error> {
        self.there()?;
        Ok(self.tasks.fail(items, None).await?.0)
    }
    async fn skip(&self, items: Vec<Skip>) -> Result<Vec<Result<Written, Error>>, Error> {
        self.there()?;
        self.tasks.skip(items).await
    }
    async fn delay(&self, items: Vec<Delay>) -> Result<Vec<Result<Written, Error>>, Error> {
        self.there()?;
        self.tasks.delay(items).await
    }
    async fn progress(&self, items: Vec<ProgressNote>) -> Result<Vec<Result<(), Error>>, Error> {
        self.there()?;
        self.tasks.progress(items).await
    }
    async fn give_back(&self, handle: Handle) -> Result<(), Error> {
        self.there()?;
        self.tasks.give_back(handle).await.map(drop)
    }
    async fn input(&self, handle: Handle, name: Option<String>) -> Result<Payload, Error> {
        self.there()?;
        Service::input(&self.tasks, handle, name).await
    }
    async fn now(&self) -> Result<i64, Error> {
        self.there()?;
        self.tasks.now().await
    }
    fn lost(&self) -> Option<WakeReceiver> {
        None
    }
}

#[tokio::test]
async fn h_4_an_outage_delays_a_result_and_ends_no_worker() {
    let tasks = engine().await;
    let away = Arc::new(AtomicBool::new(false));
    let risk = Arc::new(Notify::new());
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
    let service = Shaky { tasks: tasks.clone(), away: away.clone() };
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
