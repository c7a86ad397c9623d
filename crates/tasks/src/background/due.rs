//! The workers that consume stored times: one line each in [`ALL`].
//!
//! A step first asks for the earliest time of each kind, which is one statement if nothing is due; that time is also what the loop sleeps
//! until.

use futures::FutureExt;
use futures::future::BoxFuture;
use levada_base::{Error, Kind};
use levada_store::{DueKind, Query, Scope, Store};

use super::{BackgroundWorker, Report};
use crate::engine::Engine;
use crate::metrics;
use crate::rules::{
    DueConditions, ExpireRequestKeys, FireSchedule, RetainExecutions, RetainRuns, SweepExecutions, SweepRuns, SweepWorkers,
};

/// A worker that consumes stored times.
pub(super) struct Due {
    name: &'static str,
    kinds: &'static [DueKind],
    tick_ms: u64,
    batch: u32,
}

/// All of them.
pub(super) static ALL: [Due; 8] = [
    Due { name: "lease_expiry", kinds: &[DueKind::Lease], tick_ms: 1_000, batch: 1_000 },
    Due { name: "attempt_timeout", kinds: &[DueKind::AttemptDeadline], tick_ms: 1_000, batch: 1_000 },
    Due { name: "deadline", kinds: &[DueKind::Deadline, DueKind::RunDeadline], tick_ms: 1_000, batch: 1_000 },
    Due { name: "due_promote", kinds: &[DueKind::Promote], tick_ms: 500, batch: 2_000 },
    Due { name: "waitpoint_expiry", kinds: &[DueKind::Condition], tick_ms: 1_000, batch: 1_000 },
    Due { name: "retention", kinds: &[DueKind::RetainRun, DueKind::RetainExecution], tick_ms: 30_000, batch: 1_000 },
    Due { name: "schedule", kinds: &[DueKind::Schedule], tick_ms: 500, batch: 100 },
    Due {
        name: "sweep",
        kinds: &[DueKind::RequestKey, DueKind::Worker, DueKind::Staged, DueKind::Building],
        tick_ms: 10_000,
        batch: 1_000,
    },
];

impl<S: Store> BackgroundWorker<S> for &'static Due {
    fn name(&self) -> &'static str {
        self.name
    }

    fn dues(&self) -> &'static [DueKind] {
        self.kinds
    }

    fn tick_ms(&self) -> u64 {
        self.tick_ms
    }

    fn batch(&self) -> u32 {
        self.batch
    }

    fn tick<'a>(&'a self, engine: &'a Engine<S>, batch: u32) -> BoxFuture<'a, Result<Report, Error>> {
        sweep_due(engine, self.kinds, batch).boxed()
    }
}

/// Handles what is due of these kinds, one batch of each.
pub(super) async fn sweep_due<S: Store>(engine: &Engine<S>, kinds: &[DueKind], batch: u32) -> Result<Report, Error> {
    let mut report = Report::default();
    for kind in kinds {
        let next_ms = engine.store.next_due(*kind).await?;
        if next_ms.is_none_or(|at| at > engine.about_now()) {
            report.again_at(next_ms);
            continue;
        }
        let handled = sweep(engine, *kind, batch, &mut report).await?;
        if handled >= batch {
            report.more = true;
        } else {
            report.again_at(engine.store.next_due(*kind).await?);
        }
    }
    Ok(report)
}

/// One batch of one kind; how many rows were handled.
async fn sweep<S: Store>(engine: &Engine<S>, kind: DueKind, limit: u32, report: &mut Report) -> Result<u32, Error> {
    match kind {
        DueKind::Lease | DueKind::AttemptDeadline | DueKind::Deadline | DueKind::Promote | DueKind::Staged => {
            sweep_executions(engine, kind, limit, report).await
        }
        DueKind::RetainRun => {
            let removed = engine.act("retention", RetainRuns { limit }).await?;
            report.add("deleted", removed);
            Ok(removed)
        }
        DueKind::RetainExecution => {
            let removed = engine.act("retention", RetainExecutions { limit }).await?;
            report.add("deleted", removed);
            Ok(removed)
        }
        DueKind::RequestKey => {
            let removed = engine.act("sweep", ExpireRequestKeys { limit }).await?;
            report.add("request_keys", removed);
            Ok(removed)
        }
        DueKind::Worker => {
            let swept = engine.act("sweep", SweepWorkers { limit }).await?;
            report.add("workers_lost", swept.lost);
            report.add("workers_forgotten", swept.forgotten);
            Ok(swept.lost + swept.forgotten)
        }
        DueKind::RunDeadline | DueKind::Building | DueKind::CancelGrace => {
            let swept = engine.act("sweep_runs", SweepRuns { kind, limit }).await?;
            report.add("expired", swept.expired);
            report.add("never_sealed", swept.never_sealed);
            report.add("grace_over", swept.grace_over);
            Ok(swept.total())
        }
        DueKind::Condition => expire_conditions(engine, limit, report).await,
        DueKind::Schedule => fire_schedules(engine, limit, report).await,
    }
}

/// Each condition is missed in a transaction of its own run.
async fn expire_conditions<S: Store>(engine: &Engine<S>, limit: u32, report: &mut Report) -> Result<u32, Error> {
    let due = engine.act("due_conditions", DueConditions { limit }).await?;
    let handled = u32::try_from(due.len()).unwrap_or(u32::MAX);
    for condition in due {
        match engine.act("expire_condition", condition).await {
            Ok(_) => report.add("missed", 1_u64),
            Err(error) if error.kind() == Kind::Unavailable => return Err(error),
            Err(_) => {
                metrics::background_error("waitpoint_expiry");
                report.add("errors", 1_u64);
            }
        }
    }
    Ok(handled)
}

/// Each schedule fires in a transaction of its own, which also moves it on: however many nodes try, one does.
async fn fire_schedules<S: Store>(engine: &Engine<S>, limit: u32, report: &mut Report) -> Result<u32, Error> {
    let due = engine.read(Query::Scope(Scope::Due(DueKind::Schedule, limit))).await?.rows.schedules;
    let mut handled = 0;
    for row in due.into_values().filter(|row| engine.settings.serves(&row.namespace)) {
        let fired = match FireSchedule::of(&row, None) {
            Ok(rule) => engine.act("fire_schedule", rule).await,
            Err(damaged) => Err(damaged),
        };
        match fired {
            Ok(fired) => {
                handled += 1;
                report.add("fired", u64::try_from(fired.runs.len()).unwrap_or(u64::MAX));
                report.add("missed", fired.missed);
                report.add("skipped", fired.skipped);
            }
            Err(error) if error.kind() == Kind::Unavailable => return Err(error),
            Err(_) => {
                metrics::background_error("schedule");
                report.add("errors", 1_u64);
            }
        }
    }
    Ok(handled)
}

async fn sweep_executions<S: Store>(engine: &Engine<S>, kind: DueKind, limit: u32, report: &mut Report) -> Result<u32, Error> {
    let rule = SweepExecutions { kind, limit, random: engine.world.random(), back_since_ms: engine.back_since() };
    let swept = engine.act("sweep_executions", rule).await?;
    let counters = [
        ("reclaimed", swept.reclaimed),
        ("crash_limited", swept.crash_limited),
        ("retried", swept.retried),
        ("ended", swept.ended),
        ("expired", swept.expired),
        ("promoted", swept.promoted),
        ("never_sealed", swept.never_sealed),
        ("errors", swept.failed),
    ];
    counters.into_iter().filter(|(_, count)| *count > 0).for_each(|(name, count)| report.add(name, count));
    Ok(swept.total())
}
