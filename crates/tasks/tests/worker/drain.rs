//! How a worker ends: gracefully, at once, or by being dropped.

use std::sync::Arc;
use std::time::Duration;

use levada_base::World;
use levada_store::alphabets::{AttemptState, Phase, PublicState, WorkerState};
use levada_tasks::rules::RegisterWorker;
use levada_tasks::worker::{Stop, Worker};
use tokio::sync::Notify;

use crate::service::Shaky;
use crate::setup::{attempts, create, ended, engine, new, until, worker};

/// A handler that waits until it is let go.
pub fn gate() -> (Arc<Notify>, impl Fn() -> futures::future::BoxFuture<'static, Result<(), Stop>> + Send + Sync + 'static) {
    let open = Arc::new(Notify::new());
    let gate = open.clone();
    let handler = move || -> futures::future::BoxFuture<'static, Result<(), Stop>> {
        let gate = gate.clone();
        Box::pin(async move {
            gate.notified().await;
            Ok(())
        })
    };
    (open, handler)
}

#[tokio::test]
async fn h_5_a_drained_worker_finishes_what_it_has_and_takes_nothing_more() {
    let tasks = engine().await;
    let (open, handler) = gate();
    let first = create(&tasks, new("gate")).await;
    let running = worker(&tasks).on("gate", handler).build().expect("complete").start();
    until(&tasks, first, |row| row.phase == Phase::Active).await;
    let drained = tokio::spawn(running.drain(Duration::from_secs(20)));
    // The order to drain is taken before the handler can end: it ends only when it is let go below.
    tokio::task::yield_now().await;
    let second = create(&tasks, new("gate")).await;
    open.notify_one();
    let report = drained.await.expect("it drains");
    assert_eq!(ended(&tasks, first).await, PublicState::Succeeded);
    assert_eq!((report.finished, report.given_back, report.unrecorded), (1, 0, 0));
    let row = until(&tasks, second, |_| true).await;
    assert_eq!(row.public_state(), PublicState::Ready, "a draining worker claims nothing");
}

#[tokio::test]
async fn h_5_what_is_not_finished_in_time_can_be_claimed_at_once() {
    let tasks = engine().await;
    let (_open, handler) = gate();
    let id = create(&tasks, new("gate")).await;
    let running = worker(&tasks).lease(Duration::from_secs(600)).on("gate", handler).build().expect("complete").start();
    until(&tasks, id, |row| row.phase == Phase::Active).await;
    let report = running.drain(Duration::from_millis(10)).await;
    assert_eq!(report.given_back, 1);
    let row = until(&tasks, id, |_| true).await;
    assert_eq!(row.public_state(), PublicState::Ready);
    assert_eq!(attempts(&tasks, id).await[0].state, AttemptState::Revoked);
    assert_eq!(row.crash_used, 1, "given back by the worker itself, it counts as a crash");
}

#[tokio::test]
async fn h_6_a_dropped_worker_gives_its_leases_back() {
    let tasks = engine().await;
    let (_open, handler) = gate();
    let id = create(&tasks, new("gate")).await;
    let running = worker(&tasks).lease(Duration::from_secs(600)).on("gate", handler).build().expect("complete").start();
    until(&tasks, id, |row| row.phase == Phase::Active).await;
    drop(running);
    let row = until(&tasks, id, |row| row.phase == Phase::Runnable).await;
    assert_eq!(row.public_state(), PublicState::Ready);
}

#[test]
fn h_1_a_worker_that_cannot_work_is_refused() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let tasks = engine().await;
        let code = |built: Result<_, levada_base::Error>| built.err().map(|error| error.code().name());
        assert_eq!(code(worker(&tasks).build().map(drop)), Some("LV-T001"), "no handler");
        let (_open, handler) = gate();
        assert_eq!(code(worker(&tasks).on("gate", handler).max_concurrent(0).build().map(drop)), Some("LV-T001"));
        let (_open, handler) = gate();
        let short = worker(&tasks).on("gate", handler).lease(Duration::from_millis(10));
        assert_eq!(code(short.build().map(drop)), Some("LV-T106"));
    });
}

#[tokio::test]
async fn h_5_results_are_recorded_before_a_worker_ends() {
    let tasks = engine().await;
    let (open, handler) = gate();
    let (first, second) = (create(&tasks, new("gate")).await, create(&tasks, new("gate")).await);
    let service = Shaky::of(&tasks);
    service.completes.close();
    let builder = Worker::builder(service.clone(), World::real()).lease(Duration::from_secs(600)).on("gate", handler);
    let running = builder.build().expect("complete").start();
    for id in [first, second] {
        until(&tasks, id, |row| row.phase == Phase::Active).await;
    }
    open.notify_one();
    // The first result is on its way when the second is there and the worker is told to end.
    service.completes.entered().await;
    open.notify_one();
    let stopped = tokio::spawn(running.stop());
    tokio::task::yield_now().await;
    service.completes.open();
    let report = stopped.await.expect("it ends");
    assert_eq!((report.given_back, report.unrecorded), (0, 0));
    for id in [first, second] {
        assert_eq!(until(&tasks, id, |_| true).await.public_state(), PublicState::Succeeded);
    }
}

/// L-8: people and explanations see a worker while it works.
#[tokio::test]
async fn t_056_a_worker_registers_itself_and_says_when_it_has_ended() {
    let tasks = engine().await;
    let (_open, handler) = gate();
    let builder = worker(&tasks).lane("mail").lane("print").capability("gpu").max_concurrent(7).instance("w-1").name("printer");
    let running = builder.on("gate", handler).build().expect("complete").start();
    let listed = async {
        loop {
            if let Some(row) = tasks.workers().await.expect("memory can be read").pop() {
                return row;
            }
            tokio::task::yield_now().await;
        }
    };
    let row = tokio::time::timeout(Duration::from_secs(30), listed).await.expect("it makes itself known");
    assert_eq!((row.worker.as_str(), row.instance.as_str(), row.state), ("printer", "w-1", WorkerState::Live));
    assert_eq!((row.lanes.as_str(), row.capabilities.as_str(), row.max_concurrent), ("mail,print", "gpu", 7));
    running.stop().await;
    let rows = tasks.workers().await.expect("memory can be read");
    assert_eq!(
        rows.iter().map(|row| (row.state, row.reason.as_deref())).collect::<Vec<_>>(),
        [(WorkerState::Dead, Some("it ended"))]
    );
}

/// Instance "w-1" of a worker, as the registry has it.
fn entry(worker: &str) -> RegisterWorker {
    RegisterWorker {
        worker: worker.to_owned(),
        instance: "w-1".to_owned(),
        lanes: ["default".to_owned()].into(),
        capabilities: [].into(),
        max_concurrent: 1,
        ttl_ms: 30_000,
    }
}

#[tokio::test]
async fn t_056_a_worker_that_an_operator_drains_finishes_what_it_has_and_ends() {
    let tasks = engine().await;
    let (open, handler) = gate();
    let worker = worker(&tasks).instance("w-1").name("gates").on("gate", handler).build().expect("complete");
    tasks.register_worker(entry("gates")).await.expect("it is new");
    tasks.drain_worker("w-1", "ann").await.expect("it is known");
    let id = create(&tasks, new("gate")).await;
    open.notify_one();
    let ended = tokio::time::timeout(Duration::from_secs(60), worker.run()).await.expect("nobody else asks it to end");
    assert_eq!((ended.given_back, ended.unrecorded), (0, 0));
    let state = until(&tasks, id, |_| true).await.public_state();
    assert!(matches!(state, PublicState::Ready | PublicState::Succeeded), "nothing is left half done: {state}");
}

#[tokio::test]
async fn t_056_a_registry_that_does_not_answer_stops_no_work() {
    let tasks = engine().await;
    tasks.register_worker(entry("other")).await.expect("it is new");
    let (open, handler) = gate();
    let running = worker(&tasks).instance("w-1").on("gate", handler).build().expect("complete").start();
    let id = create(&tasks, new("gate")).await;
    let mut status = running.status();
    let told = status.wait_for(|status| status.registry_error.is_some()).await.expect("it works").clone();
    assert!(told.registry_error.is_some_and(|error| error.contains("LV-T111")), "somebody learns of it");
    open.notify_one();
    assert_eq!(ended(&tasks, id).await, PublicState::Succeeded);
    running.stop().await;
    let rows = tasks.workers().await.expect("memory can be read");
    assert_eq!(rows[0].state, WorkerState::Live, "the entry of another worker is left alone");
}

/// Asks this process to end, as a service manager would.
#[cfg(unix)]
fn terminate() {
    let kill = std::process::Command::new("kill").args(["-TERM", &std::process::id().to_string()]).status();
    assert!(kill.expect("\"kill\" is there").success());
}

#[cfg(unix)]
#[tokio::test]
async fn h_5_the_first_signal_drains_a_worker_and_the_second_ends_it() {
    let tasks = engine().await;
    let (_open, handler) = gate();
    let id = create(&tasks, new("gate")).await;
    let service = Shaky::of(&tasks);
    let builder = Worker::builder(service.clone(), World::real()).lease(Duration::from_secs(600)).on("gate", handler);
    let worker = builder.grace(Duration::from_secs(3_600)).build().expect("complete");
    let run = tokio::spawn(worker.run());
    until(&tasks, id, |row| row.phase == Phase::Active).await;
    terminate();
    // It claims nothing more: the claim that waited is called back.
    service.recalls.entered().await;
    assert_eq!(until(&tasks, id, |_| true).await.phase, Phase::Active, "the handler may finish");
    terminate();
    let report = tokio::time::timeout(Duration::from_secs(60), run).await.expect("it does not wait for its grace");
    assert_eq!(report.expect("it ends").given_back, 1);
    assert_eq!(until(&tasks, id, |_| true).await.public_state(), PublicState::Ready);
    // Signals are the process's: what comes after the grace is not another test beside this one.
    a_second_signal_after_the_grace().await;
}

/// Says when it is dropped.
#[cfg(unix)]
struct Dropped(Arc<Notify>);

#[cfg(unix)]
impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[cfg(unix)]
async fn a_second_signal_after_the_grace() {
    let tasks = engine().await;
    let cut_off = Arc::new(Notify::new());
    let watched = cut_off.clone();
    let endless = move || {
        let dropped = Dropped(watched.clone());
        async move {
            let _dropped = dropped;
            std::future::pending::<Result<(), Stop>>().await
        }
    };
    let service = Shaky::of(&tasks);
    service.completes.close();
    let builder = Worker::builder(service.clone(), World::real()).lease(Duration::from_secs(600)).grace(Duration::ZERO);
    let worker = builder.on("endless", endless).on("quick", || async { Ok::<(), Stop>(()) }).build().expect("complete");
    let id = create(&tasks, new("endless")).await;
    let run = tokio::spawn(worker.run());
    until(&tasks, id, |row| row.phase == Phase::Active).await;
    create(&tasks, new("quick")).await;
    // The answer to its result does not come.
    service.completes.entered().await;
    terminate();
    cut_off.notified().await;
    terminate();
    // Half of what it would wait for the store by itself.
    let report = tokio::time::timeout(Duration::from_secs(5), run).await.expect("it does not wait for the store");
    assert_eq!(report.expect("it ends").unrecorded, 1);
}
