//! Conditions on `run:<id>` and `execution:<id>`: resolved when that run or execution has ended, satisfied if it succeeded, else missed.
//!
//! Nothing is noted at an end, so nothing can be lost: a step looks for open conditions whose upstream is over, whenever that was. An end
//! wakes the worker only if a condition waits for it.

use std::collections::{BTreeMap, BTreeSet};

use futures::FutureExt;
use futures::future::BoxFuture;
use levada_base::{Error, Kind};
use levada_store::alphabets::Outcome;
use levada_store::rows::{Condition, Fact, Facts};
use levada_store::{ExecutionId, Query, State, Store, Wake};
use parking_lot::Mutex;

use super::postponed::Postponed;
use super::{BackgroundWorker, Report};
use crate::engine::Engine;
use crate::metrics;
use crate::rules::ResolveCondition;
use crate::spec::Resolution;

/// Conditions of one step.
const CONDITIONS_MAX: u32 = 500;

/// The fact under which a condition says how its upstream ended.
const OUTCOME: &str = "outcome";

/// Resolves conditions by what their upstreams came to.
#[derive(Default)]
pub(super) struct AwaitedEnds {
    postponed: Postponed<ExecutionId>,
    awaited: Mutex<Awaited>,
}

/// What conditions wait for, as far as the last step saw.
#[derive(Default)]
enum Awaited {
    /// Any end may be one.
    #[default]
    Unknown,
    Only(BTreeSet<u128>),
}

impl<S: Store> BackgroundWorker<S> for AwaitedEnds {
    fn name(&self) -> &'static str {
        "awaited_ends"
    }

    fn wakes(&self, wake: &Wake) -> bool {
        let is_awaited = |id: u128| match &*self.awaited.lock() {
            Awaited::Unknown => true,
            Awaited::Only(ids) => ids.contains(&id),
        };
        match wake {
            Wake::Awaited(_) => true,
            Wake::Run(run) => is_awaited(run.0),
            Wake::Lost(execution) => is_awaited(execution.0),
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
        // What is staged while this step looks is in no list of it.
        *self.awaited.lock() = Awaited::Unknown;
        let except = self.postponed.waiting(engine.about_now());
        let rows = engine.read(Query::AwaitedEnds(engine.wanted(batch, &except))).await?.rows;
        let is_full = rows.conditions.len() >= batch as usize;
        let (over, open): (Vec<_>, Vec<_>) =
            rows.conditions.values().map(|row| (row, outcome(&rows, row))).partition(|(_, outcome)| outcome.is_some());
        for (row, outcome) in over {
            self.resolve(engine, row, outcome, rows.now_ms, &mut report).await?;
        }
        report.more = is_full && report.count("satisfied") + report.count("missed") > 0;
        if !is_full && except.is_empty() {
            let ids = open.iter().filter_map(|(row, _)| upstream(row)).collect();
            *self.awaited.lock() = Awaited::Only(ids);
        }
        report.again_at(self.postponed.next_ms());
        Ok(report)
    }

    async fn resolve<S: Store>(
        &self,
        engine: &Engine<S>,
        row: &Condition,
        outcome: Option<Outcome>,
        now_ms: i64,
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
                self.postponed.forget(owner);
                report.add(counter, 1_u64);
            }
            Err(error) if error.kind() == Kind::Unavailable => return Err(error),
            // Somebody else resolved it otherwise, which is final.
            Err(error) if error.code() == levada_base::codes::LV_T216 => {}
            Err(_) => {
                metrics::background_error("awaited_ends");
                report.add("errors", 1_u64);
                self.postponed.put(owner, now_ms);
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
