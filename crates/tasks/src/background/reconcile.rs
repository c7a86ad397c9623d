//! BW-03: pending rows that the dispatcher will not finish are put right. It cancels nothing.

use futures::FutureExt;
use futures::future::BoxFuture;
use levada_base::Error;
use levada_store::{ExecutionId, Store};

use super::dispatch::{exists, pending};
use super::postponed::{Outages, Postponed};
use super::{BackgroundWorker, Report};
use crate::engine::Engine;
use crate::metrics;
use crate::rules::{ReconcileGroup, Reconciled};

/// Rows younger than this are the dispatcher's.
const OLDER_THAN_MS: i64 = 5_000;

/// The edge-cancel reconciler.
#[derive(Default)]
pub(super) struct Reconcile {
    postponed: Postponed<ExecutionId>,
}

impl<S: Store> BackgroundWorker<S> for Reconcile {
    fn name(&self) -> &'static str {
        "edge_cancel_reconcile"
    }

    fn tick_ms(&self) -> u64 {
        10_000
    }

    fn batch(&self) -> u32 {
        50
    }

    fn tick<'a>(&'a self, engine: &'a Engine<S>, batch: u32) -> BoxFuture<'a, Result<Report, Error>> {
        self.step(engine, batch).boxed()
    }
}

impl Reconcile {
    async fn step<S: Store>(&self, engine: &Engine<S>, batch: u32) -> Result<Report, Error> {
        let mut report = Report::default();
        let mut outages = Outages::default();
        let left_alone = self.postponed.waiting(engine.about_now());
        for row in pending(engine, OLDER_THAN_MS, batch, &left_alone).await? {
            match reconcile(engine, row.child).await {
                Ok(action) => {
                    outages.over();
                    self.postponed.forget(row.child);
                    metrics::reconciled(action);
                    report.add(action, 1_u64);
                }
                Err(error) => {
                    metrics::background_error("edge_cancel_reconcile");
                    report.add("errors", 1_u64);
                    self.postponed.failed(row.child, error, engine.about_now(), &mut outages)?;
                }
            }
        }
        self.postponed.end(outages)?;
        report.left_alone = self.postponed.waiting(engine.about_now());
        Ok(report)
    }
}

async fn reconcile<S: Store>(engine: &Engine<S>, group: ExecutionId) -> Result<&'static str, Error> {
    let mut found = engine.act("edge_cancel_reconcile", ReconcileGroup { group, is_absent: false }).await?;
    if found == Reconciled::SkippedLocked && !exists(engine, group).await? {
        found = engine.act("edge_cancel_reconcile", ReconcileGroup { group, is_absent: true }).await?;
    }
    Ok(match found {
        Reconciled::RemovedStale => "removed_stale",
        Reconciled::CompletedDrain => "completed_drain",
        Reconciled::NoOp => "no_op",
        Reconciled::SkippedLocked => "skipped_locked",
    })
}
