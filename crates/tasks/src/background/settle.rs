//! BW-01: the marks of ended executions are settled, run by run.

use futures::FutureExt;
use futures::future::BoxFuture;
use levada_base::{Error, Kind};
use levada_store::{ExecutionId, Query, RunId, Store, Wake};

use super::postponed::Postponed;
use super::{BackgroundWorker, Report};
use crate::engine::Engine;
use crate::metrics;
use crate::rules::SettleRun;

/// Runs of one step.
const RUNS_MAX: u32 = 200;

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
        let page = engine.read(Query::MarkedRuns(engine.wanted(batch, &self.postponed.waiting(engine.about_now())))).await?;
        let now_ms = page.rows.now_ms;
        let runs: Vec<RunId> = page.rows.runs.keys().copied().collect();
        for run in runs {
            self.settle_run(engine, run, now_ms, &mut report).await?;
        }
        report.again_at(self.postponed.next_ms());
        Ok(report)
    }

    async fn settle_run<S: Store>(
        &self,
        engine: &Engine<S>,
        run: RunId,
        now_ms: i64,
        report: &mut Report,
    ) -> Result<(), Error> {
        match engine.act("settle", SettleRun { run }).await {
            Ok(settled) => {
                self.postponed.forget(ExecutionId(run.0));
                report.add("settled", settled.settled);
                report.add("fired", settled.fired);
                report.add("runs_ended", settled.runs_ended);
                // What was settled may have ended others, which are marks now.
                report.more |= settled.settled > 0;
                Ok(())
            }
            Err(error) if error.kind() == Kind::Unavailable => Err(error),
            Err(_) => {
                metrics::background_error("settle");
                report.add("errors", 1_u64);
                self.postponed.put(ExecutionId(run.0), now_ms);
                Ok(())
            }
        }
    }
}
