//! Firing: the run of a nominal time that has come, and the next time, in one transaction. What was missed and is to be made up for takes a
//! transaction each.

use std::collections::BTreeSet;

use levada_base::Error;
use levada_store::alphabets::EventKind;
use levada_store::rows::{Row, Schedule, ScheduleFire};
use levada_store::{ExecutionId, RunId, ScheduleId, Scope};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::row::{graph, move_to, timetable};
use crate::rules::schedule::{MISSED_FIRES_MAX, Missed, Timetable, member_id, run_id};
use crate::rules::{Draft, Rule};
use crate::spec::RunGraph;

/// Begin the run of a schedule whose time has come.
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
    /// The run that began.
    pub run: Option<RunId>,
    /// Nominal times that were passed over by the policy for missed ones.
    pub missed: u64,
    /// The run was refused: a lane of it takes nothing new, for example.
    pub is_skipped: bool,
    /// When it fires next.
    pub next_fire_ms: Option<i64>,
    /// That is now: another time has come, or a missed one is still to be made up for.
    pub more: bool,
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
        let step = step(&mut row, &timetable, nominal_ms.saturating_sub(1), now_ms);
        let mut fired = Fired { missed: step.missed, more: step.more, ..Fired::default() };
        if step.missed > 0 {
            let detail = json!({ "missed": step.missed, "policy": row.missed_policy.word() });
            draft.schedule_event(EventKind::ScheduleMissed, (&row, None), None, detail);
        }
        if let Some(nominal_ms) = step.fire {
            self.fire(draft, &row, &graph, nominal_ms, &mut fired);
        }
        move_to(&mut row, &timetable, step.next);
        fired.next_fire_ms = row.next_fire_ms;
        fired.more |= row.next_fire_ms.is_some_and(|at| at <= now_ms);
        draft.state.schedules.insert(row.id, row);
        Ok(fired)
    }
}

/// What one transaction does about the times that have come.
struct Step {
    fire: Option<i64>,
    /// Times that are passed over.
    missed: u64,
    next: Option<i64>,
    more: bool,
}

/// The oldest of the times that have come: by itself while it is seen in time. Of those that were missed at most so many are made up for in
/// a row; then all that are left are passed over.
fn step(row: &mut Schedule, timetable: &Timetable, last_ms: i64, now_ms: i64) -> Step {
    if let Some(oldest) = timetable.in_time(row.id.0, last_ms, now_ms) {
        row.made_up = 0;
        return Step { fire: Some(oldest), missed: 0, next: timetable.next_fire(oldest), more: false };
    }
    let due = timetable.due(row.id.0, last_ms, now_ms);
    let made_up = usize::try_from(row.made_up).unwrap_or(MISSED_FIRES_MAX);
    let Missed { fires, skipped, next } = due;
    let come = fires.len() as u64 + skipped;
    if made_up >= MISSED_FIRES_MAX {
        row.made_up = 0;
        return Step { fire: None, missed: come, next, more: false };
    }
    match fires.as_slice() {
        [oldest, _, ..] => {
            row.made_up += 1;
            Step { fire: Some(*oldest), missed: 0, next: timetable.next_fire(*oldest), more: true }
        }
        at_most_one => {
            row.made_up = 0;
            Step { fire: at_most_one.first().copied(), missed: skipped, next, more: false }
        }
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
            fired.is_skipped = true;
            return;
        }
        let missed = i64::try_from(fired.missed).unwrap_or(i64::MAX);
        let fire = ScheduleFire { schedule_id: row.id, nominal_ms, run_id: run, fired_ms: draft.now(), missed };
        draft.state.schedule_fires.insert(fire.key(), fire);
        draft.schedule_event(EventKind::ScheduleFired, (row, Some(run)), None, json!({ "nominal_ms": nominal_ms }));
        fired.run = Some(run);
    }
}
