//! An engine, work for it, and waiting for ends without looking at the clock.

use std::time::Duration;

use levada_base::World;
use levada_store::alphabets::{Phase, PublicState};
use levada_store::rows::{Attempt, Execution};
use levada_store::{ExecutionId, MemoryStore, Query, Store};
use levada_tasks::spec::NewExecution;
use levada_tasks::worker::{Worker, WorkerBuilder};
use levada_tasks::{Settings, Tasks};

pub type Engine = Tasks<MemoryStore>;

/// An engine on a fresh store.
pub async fn engine() -> Engine {
    let world = World::real();
    let opened = Tasks::open(MemoryStore::new(world.clone()), Settings::default(), world).await;
    opened.expect("an engine in memory opens")
}

/// A worker in the making, with leases that outlast a machine that does many other things.
pub fn worker(tasks: &Engine) -> WorkerBuilder<Engine> {
    Worker::builder(tasks.clone(), World::real()).lease(Duration::from_secs(60))
}

/// A new execution that is tried again at once, if at all.
pub fn new(kind: &str) -> NewExecution {
    let mut new = NewExecution::of_kind(kind);
    new.policy.retry.backoff.initial_ms = 0;
    new.policy.retry.max_retries = Some(1);
    new
}

/// Creates an execution.
pub async fn create(tasks: &Engine, new: NewExecution) -> ExecutionId {
    tasks.create_execution(new).await.expect("the execution is valid").into_inner().0
}

/// The execution once `wanted` holds of it.
pub async fn until(tasks: &Engine, id: ExecutionId, wanted: impl Fn(&Execution) -> bool) -> Execution {
    let mut wakes = tasks.store().wake();
    let look = async {
        loop {
            let page = tasks.store().read(Query::Attempts(id)).await.expect("memory can be read");
            if let Some(row) = page.rows.executions.get(&id).filter(|row| wanted(row)) {
                return row.clone();
            }
            // A hint that was missed is as good as one that was seen, and renewals give none.
            let _ = tokio::time::timeout(Duration::from_millis(20), wakes.recv()).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), look).await.expect("what is waited for happens")
}

/// The public state once the execution has ended.
pub async fn ended(tasks: &Engine, id: ExecutionId) -> PublicState {
    until(tasks, id, |row| row.phase == Phase::Ended).await.public_state()
}

/// All attempts, in order.
pub async fn attempts(tasks: &Engine, id: ExecutionId) -> Vec<Attempt> {
    let page = tasks.store().read(Query::Attempts(id)).await.expect("memory can be read");
    page.rows.attempts.into_values().collect()
}

/// The bytes of the result.
pub async fn result(tasks: &Engine, id: ExecutionId) -> Vec<u8> {
    let page = tasks.store().read(Query::Payload(id)).await.expect("memory can be read");
    page.rows.results.into_values().find(|row| row.execution_id == id).map(|row| row.bytes).expect("there is a result")
}
