//! BW-12: the members of cancelled runs that are still to be ended, batch by batch.

use futures::FutureExt;
use futures::future::BoxFuture;
use levada_base::Error;
use levada_store::{DueKind, ExecutionId, Query, Store, Wake};

use super::due::Poison;
use super::postponed::{Outages, Postponed};
use super::{BackgroundWorker, Report};
use crate::engine::Engine;
use crate::metrics;
use crate::rules::CancelBacklog;

/// Runs of one step.
const RUNS_MAX: u32 = 100;

/// The worker of the cancel backlog.
pub(super) struct Backlog {
    postponed: Postponed<ExecutionId>,
    graces: Poison,
}

impl Default for Backlog {
    fn default() -> Self {
        Self { postponed: Postponed::default(), graces: Poison::of("cancel_backlog") }
    }
}

impl<S: Store> BackgroundWorker<S> for Backlog {
    fn name(&self) -> &'static str {
        "cancel_backlog"
    }

    fn dues(&self) -> &'static [DueKind] {
        &[DueKind::CancelGrace]
    }

    fn wakes(&self, wake: &Wake) -> bool {
        matches!(wake, Wake::Backlog(_))
    }

    fn tick_ms(&self) -> u64 {
        500
    }

    fn batch(&self) -> u32 {
        RUNS_MAX
    }

    fn tick<'a>(&'a self, engine: &'a Engine<S>, batch: u32) -> BoxFuture<'a, Result<Report, Error>> {
        self.step(engine, batch).boxed()
    }
}

impl Backlog {
    async fn step<S: Store>(&self, engine: &Engine<S>, batch: u32) -> Result<Report, Error> {
        let mut report = self.graces.step(engine, &[DueKind::CancelGrace], batch).await?;
        let since_ms = engine.about_now();
        let page = engine.read(Query::BacklogRuns(engine.wanted(batch, &self.postponed.waiting(since_ms)))).await?;
        let now_ms = page.rows.now_ms;
        let mut outages = Outages::default();
        for run in page.rows.runs.into_values() {
            match engine.act("cancel_backlog", CancelBacklog::of(&run)).await {
                Ok(step) => {
                    outages.over();
                    self.postponed.forget(ExecutionId(run.id.0));
                    report.add("cancelled", step.cancelled);
                    report.add("left", u64::from(step.left));
                    report.more |= step.left && step.cancelled > 0;
                }
                Err(error) => {
                    metrics::background_error("cancel_backlog");
                    report.add("errors", 1_u64);
                    self.postponed.failed(ExecutionId(run.id.0), error, now_ms, &mut outages)?;
                }
            }
        }
        self.postponed.end(outages)?;
        report.again_at(self.postponed.next_ms(since_ms));
        // Beside those of the graces, which are there already.
        report.left_alone.extend(self.postponed.waiting(engine.about_now()));
        Ok(report)
    }
}
