//! BW-03: pending rows that the dispatcher will not finish are put right. It cancels nothing.

use futures::FutureExt;
use futures::future::BoxFuture;
use levada_base::{Error, Kind};
use levada_store::{ExecutionId, Store};

use super::dispatch::{exists, pending};
use super::{BackgroundWorker, Report};
use crate::engine::Engine;
use crate::metrics;
use crate::rules::{ReconcileGroup, Reconciled};

/// Rows younger than this are the dispatcher's.
const OLDER_THAN_MS: i64 = 5_000;

/// The edge-cancel reconciler.
pub(super) struct Reconcile;

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
        step(engine, batch).boxed()
    }
}

async fn step<S: Store>(engine: &Engine<S>, batch: u32) -> Result<Report, Error> {
    let mut report = Report::default();
    for row in pending(engine, OLDER_THAN_MS, batch).await? {
        match reconcile(engine, row.child).await {
            Ok(action) => {
                metrics::reconciled(action);
                report.add(action, 1_u64);
            }
            Err(error) if error.kind() == Kind::Unavailable => return Err(error),
            Err(_) => {
                metrics::background_error("edge_cancel_reconcile");
                report.add("errors", 1_u64);
            }
        }
    }
    Ok(report)
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
