//! Pausing, resuming and removing a schedule. The runs that it began go on.

use levada_base::Error;
use levada_store::alphabets::EventKind;
use levada_store::rows::Schedule;
use levada_store::{ScheduleId, Scope};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::row::{move_to, timetable};
use crate::rules::{Applied, Draft, Rule, validate};

/// Nothing fires until it is resumed. What has come and has not begun by now never will, and is told as missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseSchedule {
    pub schedule: ScheduleId,
    pub actor: String,
}

/// It fires again from the next time on that is still to start. The ones that passed meanwhile were not missed: they were not wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumeSchedule {
    pub schedule: ScheduleId,
    pub actor: String,
}

/// It is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteSchedule {
    pub schedule: ScheduleId,
    pub actor: String,
}

impl Rule for PauseSchedule {
    type Answer = Applied;

    fn scope(&self) -> Scope {
        Scope::Schedule(self.schedule)
    }

    fn decide(&self, draft: &mut Draft) -> Result<Applied, Error> {
        validate::actor(&self.actor)?;
        let mut row = draft.schedule(self.schedule)?.clone();
        if row.paused {
            return Ok(Applied::AlreadyApplied);
        }
        row.paused = true;
        draft.leave_out(&mut row);
        Ok(draft.changed(row, "pause_schedule", &self.actor))
    }
}

impl Rule for ResumeSchedule {
    type Answer = Applied;

    fn scope(&self) -> Scope {
        Scope::Schedule(self.schedule)
    }

    fn decide(&self, draft: &mut Draft) -> Result<Applied, Error> {
        validate::actor(&self.actor)?;
        let mut row = draft.schedule(self.schedule)?.clone();
        if !row.paused {
            return Ok(Applied::AlreadyApplied);
        }
        let now_ms = draft.now();
        row.paused = false;
        row.made_up = 0;
        if row.next_fire_ms.is_none_or(|at| at <= now_ms) {
            let timetable = timetable(&row)?;
            let after_ms = draft.last_nominal(self.schedule).map_or(now_ms, |last| last.max(now_ms));
            move_to(&mut row, &timetable, timetable.next_fire(after_ms));
        }
        Ok(draft.changed(row, "resume_schedule", &self.actor))
    }
}

impl Rule for DeleteSchedule {
    type Answer = Applied;

    fn scope(&self) -> Scope {
        Scope::Schedule(self.schedule)
    }

    fn decide(&self, draft: &mut Draft) -> Result<Applied, Error> {
        validate::actor(&self.actor)?;
        let Some(row) = draft.state.schedules.remove(&self.schedule) else { return Ok(Applied::AlreadyApplied) };
        let detail = json!({ "verb": "delete_schedule", "name": row.name });
        draft.schedule_event(EventKind::OperatorAction, (&row, None), Some(&self.actor), detail);
        Ok(Applied::Applied)
    }
}

impl Draft<'_> {
    /// Passes over the times of a schedule that have come. One that cannot be read any more can still be paused.
    fn leave_out(&mut self, row: &mut Schedule) {
        let now_ms = self.now();
        let come = row.next_nominal_ms.filter(|_| row.next_fire_ms.is_some_and(|at| at <= now_ms));
        let (Some(nominal_ms), Ok(timetable)) = (come, timetable(row)) else { return };
        let missed = timetable.left_out(row.id.0, nominal_ms.saturating_sub(1), now_ms);
        row.made_up = 0;
        move_to(row, &timetable, missed.next);
        let detail = json!({ "missed": missed.skipped, "policy": row.missed_policy.word() });
        self.schedule_event(EventKind::ScheduleMissed, (row, None), None, detail);
    }

    fn changed(&mut self, row: Schedule, verb: &str, actor: &str) -> Applied {
        self.schedule_event(EventKind::OperatorAction, (&row, None), Some(actor), json!({ "verb": verb }));
        self.state.schedules.insert(row.id, row);
        Applied::Applied
    }
}
