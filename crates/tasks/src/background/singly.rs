//! Due conditions and schedules, each of which is handled in a transaction of its own.

use levada_base::Error;
use levada_store::rows::Schedule;
use levada_store::{DueKind, ExecutionId, Query, Scope, Store};

use super::Report;
use super::due::Poison;
use super::postponed::Outages;
use crate::engine::Engine;
use crate::metrics;
use crate::rules::{DueConditions, FireSchedule};

impl Poison {
    /// Each condition is missed in a transaction of its own run.
    pub(super) async fn expire_conditions<S: Store>(
        &self,
        engine: &Engine<S>,
        limit: u32,
        report: &mut Report,
    ) -> Result<u32, Error> {
        let except = self.ids.waiting(engine.about_now());
        let due = engine.act_except("due_conditions", DueConditions { limit }, &except).await?;
        let handled = u32::try_from(due.len()).unwrap_or(u32::MAX);
        let mut outages = Outages::default();
        for condition in due {
            let owner = ExecutionId(condition.run.0);
            match engine.act("expire_condition", condition).await {
                Ok(_) => {
                    outages.over();
                    self.ids.forget(owner);
                    report.add("missed", 1_u64);
                }
                Err(error) => self.failed(owner, error, engine.about_now(), &mut outages, report)?,
            }
        }
        self.ids.end(outages)?;
        Ok(handled)
    }

    /// Each schedule fires in a transaction of its own, which also moves it on: however many nodes try, one does.
    pub(super) async fn fire_schedules<S: Store>(
        &self,
        engine: &Engine<S>,
        limit: u32,
        report: &mut Report,
    ) -> Result<u32, Error> {
        let except = self.ids.waiting(engine.about_now());
        let scope = Scope::Due(DueKind::Schedule, engine.wanted(limit, &except));
        let due = engine.read(Query::Scope(scope)).await?.rows.schedules;
        let (mut handled, mut outages) = (0, Outages::default());
        for row in due.into_values() {
            match fire(engine, &row, report).await {
                Ok(()) => {
                    outages.over();
                    self.ids.forget(ExecutionId(row.id.0));
                    handled += 1;
                }
                Err(error) => self.failed(ExecutionId(row.id.0), error, engine.about_now(), &mut outages, report)?,
            }
        }
        self.ids.end(outages)?;
        Ok(handled)
    }

    /// One of several failed. The others are handled nevertheless, unless the store is away.
    fn failed(
        &self,
        id: ExecutionId,
        error: Error,
        now_ms: i64,
        outages: &mut Outages<ExecutionId>,
        report: &mut Report,
    ) -> Result<(), Error> {
        metrics::background_error(self.worker);
        report.add("errors", 1_u64);
        self.ids.failed(id, error, now_ms, outages)
    }
}

/// Fires a schedule until it has kept up.
async fn fire<S: Store>(engine: &Engine<S>, row: &Schedule, report: &mut Report) -> Result<(), Error> {
    let rule = FireSchedule::of(row, None)?;
    loop {
        let fired = engine.act("fire_schedule", rule.clone()).await?;
        report.add("fired", u64::from(fired.run.is_some()));
        report.add("missed", fired.missed);
        report.add("skipped", u64::from(fired.is_skipped));
        if !fired.more {
            return Ok(());
        }
    }
}
