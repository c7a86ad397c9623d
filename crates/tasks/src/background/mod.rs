//! Background work: everything that follows from time passing or from an end that was only marked. One list ([`registry`]), one shape
//! ([`BackgroundWorker`]), one supervisor that owns all loops.
//!
//! A worker decides nothing: it finds out what is to be done and acts by rules, one transaction per batch, so it may be stopped at any
//! moment and run on any number of nodes at once.
//!
//! ```text
//! commit ─▶ Wake ─▶ pump ─┬─▶ post of a worker ─▶ tick ─▶ Report ─▶ sleep until the next stored time
//!                         └─▶ desk of waiting claims
//! ```

mod awaited;
mod backlog;
mod dispatch;
mod due;
mod events;
mod gauges;
mod node;
mod post;
mod postponed;
mod pump;
mod reconcile;
mod report;
mod settle;
mod singly;
mod supervisor;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use futures::future::BoxFuture;
use levada_base::{Error, codes};
use levada_store::{DueKind, Store, Wake};

use crate::engine::Engine;

pub use post::BackgroundStatus;
pub use report::Report;
pub(crate) use supervisor::Supervisor;

/// One kind of background work.
pub(crate) trait BackgroundWorker<S: Store>: Send + Sync {
    fn name(&self) -> &'static str;

    /// The stored times that it consumes; nobody else does.
    fn dues(&self) -> &'static [DueKind] {
        &[]
    }

    /// Whether a wake-up that is no due time is for it.
    fn wakes(&self, _wake: &Wake) -> bool {
        false
    }

    /// How often it looks by itself.
    fn tick_ms(&self) -> u64;

    /// Rows of one transaction.
    fn batch(&self) -> u32;

    /// One step, of at most `batch` rows per transaction.
    fn tick<'a>(&'a self, engine: &'a Engine<S>, batch: u32) -> BoxFuture<'a, Result<Report, Error>>;
}

/// The background workers of a node, which remember what they left alone.
pub(crate) type Workers<S> = Vec<Arc<dyn BackgroundWorker<S>>>;

/// Every background worker, each once.
pub(crate) fn registry<S: Store>() -> Workers<S> {
    let mut workers: Workers<S> = vec![
        Arc::new(node::Heartbeat),
        Arc::new(settle::Settle::default()),
        Arc::new(dispatch::Dispatch::default()),
        Arc::new(reconcile::Reconcile::default()),
        Arc::new(backlog::Backlog::default()),
        Arc::new(awaited::AwaitedEnds::default()),
        Arc::new(gauges::Gauges::default()),
        Arc::new(events::EventRetention),
    ];
    workers.extend(due::ALL.iter().map(|kind| Arc::new(due::Sweep::of(kind)) as Arc<dyn BackgroundWorker<S>>));
    workers
}

/// The names of all background workers.
pub(crate) fn names() -> Vec<&'static str> {
    registry::<levada_store::MemoryStore>().iter().map(|worker| worker.name()).collect()
}

/// One step of the named worker.
pub(crate) async fn tick<S: Store>(engine: &Engine<S>, workers: &Workers<S>, name: &str) -> Result<Report, Error> {
    let Some(worker) = workers.iter().find(|worker| worker.name() == name) else {
        return Err(Error::new(codes::LV_T002, format!("background worker \"{name}\" does not exist"))
            .with_hint(format!("the background workers are {}", names().join(", "))));
    };
    let batch = batch_of(engine, &**worker);
    worker.tick(engine, batch).await
}

fn batch_of<S: Store>(engine: &Engine<S>, worker: &dyn BackgroundWorker<S>) -> u32 {
    let settings = engine.settings.background.workers.get(worker.name());
    settings.and_then(|settings| settings.batch).map_or(worker.batch(), |batch| batch.min(worker.batch()))
}
