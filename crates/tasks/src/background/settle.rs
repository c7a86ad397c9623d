//! BW-01: the marks of ended executions are settled, a transaction per run, some runs at a time: the store may share a commit among them.

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use levada_base::Error;
use levada_store::{ExecutionId, Query, RunId, Store, Wake};

use super::postponed::{Outages, Postponed};
use super::{BackgroundWorker, Report};
use crate::engine::Engine;
use crate::metrics;
use crate::rules::{SettleRun, Settled};

/// Runs of one step.
const RUNS_MAX: u32 = 200;
/// Runs that are settled at a time.
const SETTLED_AT_ONCE: usize = 8;

/// The settle worker.
#[derive(Default)]
pub(super) struct Settle {
    postponed: Postponed<ExecutionId>,
}

impl<S: Store> BackgroundWorker<S> for Settle {
    fn name(&self) -> &'static str {
        "settle"
    }

    fn wakes(&self, wake: &Wake) -> bool {
        matches!(wake, Wake::Settle(_))
    }

    fn tick_ms(&self) -> u64 {
        500
    }

    fn batch(&self) -> u32 {
        RUNS_MAX
    }

    fn tick<'a>(&'a self, engine: &'a Engine<S>, batch: u32) -> BoxFuture<'a, Result<Report, Error>> {
        self.settle(engine, batch).boxed()
    }
}

impl Settle {
    async fn settle<S: Store>(&self, engine: &Engine<S>, batch: u32) -> Result<Report, Error> {
        let mut report = Report::default();
        let since_ms = engine.about_now();
        let page = engine.read(Query::MarkedRuns(engine.wanted(batch, &self.postponed.waiting(since_ms)))).await?;
        let now_ms = page.rows.now_ms;
        let runs = stream::iter(page.rows.runs.into_keys());
        let acts = runs.map(|run| async move { (run, engine.act("settle", SettleRun { run }).await) });
        let mut outages = Outages::default();
        let mut settled = acts.buffer_unordered(SETTLED_AT_ONCE);
        while let Some((run, outcome)) = settled.next().await {
            self.take(run, outcome, now_ms, &mut outages, &mut report)?;
        }
        drop(settled);
        self.postponed.end(outages)?;
        report.again_at(self.postponed.next_ms(since_ms));
        report.left_alone = self.postponed.waiting(engine.about_now());
        Ok(report)
    }

    fn take(
        &self,
        run: RunId,
        outcome: Result<Settled, Error>,
        now_ms: i64,
        outages: &mut Outages<ExecutionId>,
        report: &mut Report,
    ) -> Result<(), Error> {
        match outcome {
            Ok(settled) => {
                outages.over();
                self.postponed.forget(ExecutionId(run.0));
                report.add("settled", settled.settled);
                report.add("fired", settled.fired);
                report.add("runs_ended", settled.runs_ended);
                // What was settled may have ended others, which are marks now.
                report.more |= settled.settled > 0;
                Ok(())
            }
            Err(error) => {
                metrics::background_error("settle");
                report.add("errors", 1_u64);
                self.postponed.failed(ExecutionId(run.0), error, now_ms, outages)
            }
        }
    }
}
