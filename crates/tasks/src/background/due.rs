//! The workers that consume stored times: one line each in [`ALL`].
//!
//! A step first asks for the earliest time of each kind, which is one statement if nothing is due; that time is also what the loop sleeps
//! until.

use futures::FutureExt;
use futures::future::BoxFuture;
use levada_base::{Error, Kind};
use levada_store::{Awaiting, DueKind, ExecutionId, Page, Query, Store};

use super::postponed::Postponed;
use super::{BackgroundWorker, Report};
use crate::engine::Engine;
use crate::metrics;
use crate::rules::{ExpireRequestKeys, RetainExecutions, RetainRuns, SweepExecutions, SweepRuns, SweepWorkers};

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

/// A worker of the list, and what it left alone.
pub(super) struct Sweep {
    due: &'static Due,
    poison: Poison,
}

impl Sweep {
    pub(super) fn of(due: &'static Due) -> Self {
        Self { due, poison: Poison::of(due.name) }
    }
}

impl<S: Store> BackgroundWorker<S> for Sweep {
    fn name(&self) -> &'static str {
        self.due.name
    }

    fn dues(&self) -> &'static [DueKind] {
        self.due.kinds
    }

    fn tick_ms(&self) -> u64 {
        self.due.tick_ms
    }

    fn batch(&self) -> u32 {
        self.due.batch
    }

    fn tick<'a>(&'a self, engine: &'a Engine<S>, batch: u32) -> BoxFuture<'a, Result<Report, Error>> {
        self.poison.step(engine, self.due.kinds, batch).boxed()
    }
}

/// Rows that cannot be loaded or handled: left out of the batches for a while, so that they never block the others.
pub(super) struct Poison {
    /// Whose metric counts them.
    pub(super) worker: &'static str,
    pub(super) ids: Postponed<ExecutionId>,
}

/// Rows of one step that may turn out to be poison. More than that are no single faults: the worker is restarted later.
const POISON_MAX: u32 = 20;

impl Poison {
    pub(super) fn of(worker: &'static str) -> Self {
        Self { worker, ids: Postponed::default() }
    }

    /// Handles what is due of these kinds, one batch of each.
    pub(super) async fn step<S: Store>(&self, engine: &Engine<S>, kinds: &[DueKind], batch: u32) -> Result<Report, Error> {
        let mut report = Report::default();
        let since_ms = engine.about_now();
        for kind in kinds {
            let next = self.first(engine, *kind, 1).await?;
            let next_ms = next.times.first().map(|(at_ms, _)| *at_ms);
            if next_ms.is_none_or(|at| at > next.rows.now_ms) {
                report.again_at(next_ms);
                continue;
            }
            let handled = self.batch(engine, *kind, batch, &mut report).await?;
            if handled >= batch {
                report.more = true;
            } else {
                report.again_at(self.first(engine, *kind, 1).await?.times.first().map(|(at_ms, _)| *at_ms));
            }
        }
        // Store time as it is known here may have been corrected meanwhile.
        report.again_at(self.ids.next_ms(since_ms.min(engine.about_now())));
        report.left_alone = self.ids.waiting(engine.about_now());
        Ok(report)
    }

    /// The earliest times of a kind that are not left alone.
    async fn first<S: Store>(&self, engine: &Engine<S>, kind: DueKind, limit: u32) -> Result<Page, Error> {
        let except = self.ids.waiting(engine.about_now());
        engine.read(Query::Due(kind, engine.wanted(limit, &except))).await
    }

    /// One batch. If it fails as a whole, smaller ones, down to the first row alone: that one is the poison.
    async fn batch<S: Store>(&self, engine: &Engine<S>, kind: DueKind, most: u32, report: &mut Report) -> Result<u32, Error> {
        let (mut size, mut handled, mut poisoned) = (most, 0, 0);
        loop {
            match self.sweep(engine, kind, size, report).await {
                Ok(done) => {
                    handled += done;
                    // A part of the batch succeeded: the next step begins with a whole one.
                    return Ok(if size < most { most } else { handled });
                }
                Err(error) if error.kind() == Kind::Unavailable => return Err(error),
                Err(_) if size > 1 => size /= 2,
                Err(error) => {
                    let first = self.first(engine, kind, 1).await?;
                    let Some((_, id)) = first.times.first().filter(|(_, id)| *id != 0) else { return Err(error) };
                    self.found(ExecutionId(*id), first.rows.now_ms, report);
                    poisoned += 1;
                    if poisoned >= POISON_MAX {
                        return Err(error);
                    }
                    size = most;
                }
            }
        }
    }

    fn found(&self, id: ExecutionId, now_ms: i64, report: &mut Report) {
        metrics::background_error(self.worker);
        report.add("errors", 1_u64);
        self.ids.put(id, now_ms);
    }

    /// Up to so many rows of one kind; how many were handled.
    async fn sweep<S: Store>(&self, engine: &Engine<S>, kind: DueKind, limit: u32, report: &mut Report) -> Result<u32, Error> {
        let except = self.ids.waiting(engine.about_now());
        match kind {
            DueKind::Lease | DueKind::AttemptDeadline | DueKind::Deadline | DueKind::Promote | DueKind::Staged => {
                self.sweep_executions(engine, kind, limit, report).await
            }
            DueKind::RetainRun => {
                let except = [except, awaited(engine).await?].concat();
                let removed = engine.act_except("retention", RetainRuns { limit }, &except).await?;
                self.retained(engine, kind, limit, removed, report).await
            }
            DueKind::RetainExecution => {
                let except = [except, awaited(engine).await?].concat();
                let removed = engine.act_except("retention", RetainExecutions { limit }, &except).await?;
                self.retained(engine, kind, limit, removed, report).await
            }
            DueKind::RequestKey => {
                let swept = engine.act_except("sweep", ExpireRequestKeys { limit }, &except).await?;
                report.add("request_keys", swept.forgotten);
                Ok(swept.forgotten + swept.kept)
            }
            DueKind::Worker => {
                let swept = engine.act("sweep", SweepWorkers { limit }).await?;
                report.add("workers_lost", swept.lost);
                report.add("workers_forgotten", swept.forgotten);
                Ok(swept.lost + swept.forgotten)
            }
            DueKind::RunDeadline | DueKind::Building | DueKind::CancelGrace => {
                let swept = engine.act_except("sweep_runs", SweepRuns { kind, limit }, &except).await?;
                report.add("expired", swept.expired);
                report.add("never_sealed", swept.never_sealed);
                report.add("grace_over", swept.grace_over);
                Ok(swept.total())
            }
            DueKind::Condition => self.expire_conditions(engine, limit, report).await,
            DueKind::Schedule => self.fire_schedules(engine, limit, report).await,
        }
    }

    /// What should have been removed and was not will not be removed by the next try either.
    async fn retained<S: Store>(
        &self,
        engine: &Engine<S>,
        kind: DueKind,
        limit: u32,
        removed: u32,
        report: &mut Report,
    ) -> Result<u32, Error> {
        report.add("deleted", removed);
        if removed == 0 {
            let due = self.first(engine, kind, limit).await?;
            let now_ms = due.rows.now_ms;
            due.times.iter().filter(|(at_ms, _)| *at_ms <= now_ms).for_each(|(_, id)| self.ids.put(ExecutionId(*id), now_ms));
        }
        Ok(removed)
    }

    async fn sweep_executions<S: Store>(
        &self,
        engine: &Engine<S>,
        kind: DueKind,
        limit: u32,
        report: &mut Report,
    ) -> Result<u32, Error> {
        let except = self.ids.waiting(engine.about_now());
        if kind == DueKind::Lease {
            engine.notice_outage(engine.about_now()).await?;
        }
        let rule = SweepExecutions { kind, limit, random: engine.world.random(), back_since_ms: engine.back_since() };
        let swept = engine.act_except("sweep_executions", rule, &except).await?;
        let counters = [
            ("reclaimed", swept.reclaimed),
            ("crash_limited", swept.crash_limited),
            ("retried", swept.retried),
            ("ended", swept.ended),
            ("expired", swept.expired),
            ("promoted", swept.promoted),
            ("never_sealed", swept.never_sealed),
        ];
        counters.into_iter().filter(|(_, count)| *count > 0).for_each(|(name, count)| report.add(name, count));
        swept.failed.iter().for_each(|id| self.found(*id, engine.about_now(), report));
        // A batch that is full of poison is as good as handled: the next one has others.
        Ok(swept.total() + u32::try_from(swept.failed.len()).unwrap_or(u32::MAX))
    }
}

/// Conditions that one look for awaited ends brings.
const AWAITED_MAX: u32 = 10_000;

/// Runs and executions whose end a condition has not been told yet: if they were removed before, it would wait for ever.
async fn awaited<S: Store>(engine: &Engine<S>) -> Result<Vec<ExecutionId>, Error> {
    let rows = engine.read(Query::AwaitedEnds(AWAITED_MAX.into(), Awaiting::All)).await?.rows;
    let runs = rows.runs.keys().map(|run| ExecutionId(run.0));
    Ok(runs.chain(rows.executions.keys().copied()).collect())
}
