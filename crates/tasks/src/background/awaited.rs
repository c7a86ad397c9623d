//! Conditions on `run:<id>` and `execution:<id>`: resolved when that run or execution has ended, satisfied if it succeeded, else missed.
//!
//! Nothing is noted at an end, so nothing can be lost: a step looks for open conditions whose upstream is over, whenever that was. An end
//! that a condition may wait for wakes the worker, which then looks at the conditions of these ends alone.

use std::collections::{BTreeMap, BTreeSet};

use futures::FutureExt;
use futures::future::BoxFuture;
use levada_base::Error;
use levada_store::alphabets::Outcome;
use levada_store::rows::{Condition, Fact, Facts};
use levada_store::{Awaiting, ExecutionId, Query, RunId, State, Store, Wake, Wanted};
use parking_lot::Mutex;

use super::postponed::{Outages, Postponed};
use super::{BackgroundWorker, Report};
use crate::engine::Engine;
use crate::metrics;
use crate::rules::ResolveCondition;
use crate::spec::Resolution;

/// Conditions of one step.
const CONDITIONS_MAX: u32 = 500;

/// The fact under which a condition says how its upstream ended.
const OUTCOME: &str = "outcome";

/// All open conditions are looked at this often; in between only those that may be concerned.
const ALL_MS: i64 = 1_000;

/// Resolves conditions by what their upstreams came to.
#[derive(Default)]
pub(super) struct AwaitedEnds {
    postponed: Postponed<ExecutionId>,
    awaited: Mutex<Awaited>,
}

/// What conditions wait for, and what the next step looks at.
#[derive(Default)]
struct Awaited {
    /// What the open conditions wait for. None if it is not known, so that any end may be one.
    known: Option<BTreeSet<u128>>,
    /// Ends that may be waited for, and runs with new conditions.
    ended: BTreeSet<u128>,
    staged: BTreeSet<RunId>,
    /// Everything has to be looked at.
    all: bool,
    /// When everything was looked at last, in store time.
    all_ms: Option<i64>,
}

impl Awaited {
    fn end(&mut self, id: u128) -> bool {
        let is_awaited = self.known.as_ref().is_none_or(|known| known.contains(&id));
        if is_awaited {
            self.ended.insert(id);
        }
        is_awaited
    }

    /// What a step looks at that begins now, and what was known before. What is staged while it looks is in no list of it, so nothing
    /// is known meanwhile.
    fn begin(&mut self, now_ms: i64) -> (Awaiting, Option<BTreeSet<u128>>) {
        let known = self.known.take();
        let (ended, staged) = (std::mem::take(&mut self.ended), std::mem::take(&mut self.staged));
        let hinted = !ended.is_empty() || !staged.is_empty();
        let is_time = self.all_ms.is_none_or(|at_ms| now_ms - at_ms >= ALL_MS);
        if std::mem::take(&mut self.all) || is_time || !hinted {
            self.all_ms = Some(now_ms);
            return (Awaiting::All, None);
        }
        (Awaiting::Of { upstreams: ended.into_iter().collect(), runs: staged.into_iter().collect() }, known)
    }
}

impl<S: Store> BackgroundWorker<S> for AwaitedEnds {
    fn name(&self) -> &'static str {
        "awaited_ends"
    }

    fn wakes(&self, wake: &Wake) -> bool {
        let mut awaited = self.awaited.lock();
        match wake {
            Wake::Awaited(run) => {
                awaited.staged.insert(*run);
                true
            }
            Wake::Run(run) => awaited.end(run.0),
            Wake::Lost(execution) => awaited.end(execution.0),
            Wake::All => {
                awaited.all = true;
                true
            }
            _ => false,
        }
    }

    fn tick_ms(&self) -> u64 {
        1_000
    }

    fn batch(&self) -> u32 {
        CONDITIONS_MAX
    }

    fn tick<'a>(&'a self, engine: &'a Engine<S>, batch: u32) -> BoxFuture<'a, Result<Report, Error>> {
        self.step(engine, batch).boxed()
    }
}

impl AwaitedEnds {
    async fn step<S: Store>(&self, engine: &Engine<S>, batch: u32) -> Result<Report, Error> {
        let mut report = Report::default();
        let since_ms = engine.about_now();
        let except = self.postponed.waiting(since_ms);
        let (awaiting, known) = self.awaited.lock().begin(since_ms);
        let looked = self.look(engine, &awaiting, engine.wanted(batch, &except), &mut report).await;
        // After an error it is not known what was done of it.
        let open = looked.inspect_err(|_| self.awaited.lock().all = true)?;
        let is_full = open.is_none();
        report.more = is_full && report.count("satisfied") + report.count("missed") > 0;
        let mut awaited = self.awaited.lock();
        awaited.all |= is_full && awaiting != Awaiting::All;
        if awaiting == Awaiting::All {
            awaited.known = open.filter(|_| except.is_empty());
        } else if let (Some(mut known), Some(open)) = (known, open) {
            known.extend(open);
            awaited.known = Some(known);
        }
        drop(awaited);
        report.again_at(self.postponed.next_ms(since_ms));
        report.left_alone = self.postponed.waiting(engine.about_now());
        Ok(report)
    }

    /// Resolves what can be; gives what the others wait for, or none if there may be more than were looked at.
    async fn look<S: Store>(
        &self,
        engine: &Engine<S>,
        awaiting: &Awaiting,
        wanted: Wanted,
        report: &mut Report,
    ) -> Result<Option<BTreeSet<u128>>, Error> {
        let most = wanted.limit as usize;
        let rows = engine.read(Query::AwaitedEnds(wanted, awaiting.clone())).await?.rows;
        let (over, open): (Vec<_>, Vec<_>) =
            rows.conditions.values().map(|row| (row, outcome(&rows, row))).partition(|(_, outcome)| outcome.is_some());
        let mut outages = Outages::default();
        for (row, outcome) in over {
            self.resolve(engine, row, outcome, rows.now_ms, &mut outages, report).await?;
        }
        self.postponed.end(outages)?;
        let is_full = rows.conditions.len() >= most;
        Ok((!is_full).then(|| open.iter().filter_map(|(row, _)| upstream(row)).collect()))
    }

    async fn resolve<S: Store>(
        &self,
        engine: &Engine<S>,
        row: &Condition,
        outcome: Option<Outcome>,
        now_ms: i64,
        outages: &mut Outages<ExecutionId>,
        report: &mut Report,
    ) -> Result<(), Error> {
        let Some(outcome) = outcome else { return Ok(()) };
        let (resolution, counter) = match outcome {
            Outcome::Succeeded => {
                let facts = Facts(BTreeMap::from([(OUTCOME.to_owned(), Fact::Text(outcome.word().to_owned()))]));
                (Resolution::Satisfied(facts), "satisfied")
            }
            _ => (Resolution::Missed, "missed"),
        };
        let owner = ExecutionId(row.run_id.0);
        match engine.act("resolve_condition", ResolveCondition { run: row.run_id, key: row.key.clone(), resolution }).await {
            Ok(_) => {
                outages.over();
                self.postponed.forget(owner);
                report.add(counter, 1_u64);
            }
            // Somebody else resolved it otherwise, which is final.
            Err(error) if error.code() == levada_base::codes::LV_T216 => outages.over(),
            Err(error) => {
                metrics::background_error("awaited_ends");
                report.add("errors", 1_u64);
                self.awaited.lock().all = true;
                self.postponed.failed(owner, error, now_ms, outages)?;
            }
        }
        Ok(())
    }
}

/// How the upstream of a condition ended, if it has.
fn outcome(rows: &State, row: &Condition) -> Option<Outcome> {
    let run = row.upstream_run.and_then(|id| rows.runs.get(&id)).and_then(|run| run.outcome);
    run.or_else(|| row.upstream_execution.and_then(|id| rows.executions.get(&id)).and_then(|execution| execution.outcome))
}

fn upstream(row: &Condition) -> Option<u128> {
    row.upstream_run.map(|run| run.0).or(row.upstream_execution.map(|execution| execution.0))
}
