//! Firing: the runs of the nominal times that have come, and the next one, in one transaction.

use std::collections::BTreeSet;

use levada_base::Error;
use levada_store::alphabets::EventKind;
use levada_store::rows::{Row, Schedule, ScheduleFire};
use levada_store::{ExecutionId, RunId, ScheduleId, Scope};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::row::{graph, move_to, timetable};
use crate::rules::schedule::{member_id, run_id};
use crate::rules::{Draft, Rule};
use crate::spec::RunGraph;

/// Begin the runs of a schedule whose times have come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FireSchedule {
    pub schedule: ScheduleId,
    /// The lanes of its graph, which never change.
    pub lanes: BTreeSet<String>,
    /// The epoch at which the statements of the runs read, unless the graph names one.
    pub epoch: Option<i64>,
}

/// What a schedule did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fired {
    /// The runs that began, oldest nominal time first.
    pub runs: Vec<RunId>,
    /// Nominal times that were passed over by the policy for missed ones.
    pub missed: u64,
    /// Nominal times whose run was refused: a lane of it takes nothing new, for example.
    pub skipped: u32,
    /// When it fires next.
    pub next_fire_ms: Option<i64>,
}

impl FireSchedule {
    /// The event for a schedule as it was read.
    ///
    /// # Errors
    /// `LV-T710` if the stored graph is damaged.
    pub fn of(row: &Schedule, epoch: Option<i64>) -> Result<Self, Error> {
        let lanes = graph(row)?.nodes.into_iter().map(|node| node.execution.lane).collect();
        Ok(Self { schedule: row.id, lanes, epoch })
    }
}

impl Rule for FireSchedule {
    type Answer = Fired;

    fn scope(&self) -> Scope {
        Scope::All(vec![Scope::Schedule(self.schedule), Scope::Lanes(self.lanes.iter().cloned().collect())])
    }

    fn decide(&self, draft: &mut Draft) -> Result<Fired, Error> {
        let now_ms = draft.now();
        let Some(mut row) = draft.state.schedules.get(&self.schedule).filter(|row| !row.paused).cloned() else {
            return Ok(Fired::default());
        };
        let Some(nominal_ms) = row.next_nominal_ms.filter(|_| row.next_fire_ms.is_some_and(|at| at <= now_ms)) else {
            return Ok(Fired { next_fire_ms: row.next_fire_ms, ..Fired::default() });
        };
        let (timetable, graph) = (timetable(&row)?, graph(&row)?);
        let due = timetable.due(row.id.0, nominal_ms.saturating_sub(1), now_ms);
        let mut fired = Fired { missed: due.skipped, ..Fired::default() };
        if due.skipped > 0 {
            let detail = json!({ "missed": due.skipped, "policy": row.missed_policy.word() });
            draft.schedule_event(EventKind::ScheduleMissed, (&row, None), None, detail);
        }
        for nominal_ms in due.fires {
            self.fire(draft, &row, &graph, nominal_ms, &mut fired);
        }
        move_to(&mut row, &timetable, due.next);
        fired.next_fire_ms = row.next_fire_ms;
        draft.state.schedules.insert(row.id, row);
        Ok(fired)
    }
}

impl FireSchedule {
    /// One nominal time. A run that is refused leaves nothing behind but the event that says so: the schedule goes on.
    fn fire(&self, draft: &mut Draft, row: &Schedule, graph: &RunGraph, nominal_ms: i64, fired: &mut Fired) {
        let run = RunId(run_id(row.id.0, nominal_ms));
        let ids: Vec<_> = (0..graph.nodes.len()).map(|index| ExecutionId(member_id(run.0, index))).collect();
        let before = draft.clone();
        if let Err(cause) = draft.submit(run, &ids, graph, self.epoch) {
            *draft = before;
            let detail = json!({ "nominal_ms": nominal_ms, "code": cause.code().to_string(), "reason": cause.message() });
            draft.schedule_event(EventKind::ScheduleSkipped, (row, None), None, detail);
            fired.skipped += 1;
            return;
        }
        let missed = if fired.runs.is_empty() { i64::try_from(fired.missed).unwrap_or(i64::MAX) } else { 0 };
        let fire = ScheduleFire { schedule_id: row.id, nominal_ms, run_id: run, fired_ms: draft.now(), missed };
        draft.state.schedule_fires.insert(fire.key(), fire);
        draft.schedule_event(EventKind::ScheduleFired, (row, Some(run)), None, json!({ "nominal_ms": nominal_ms }));
        fired.runs.push(run);
    }
}
