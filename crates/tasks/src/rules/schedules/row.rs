//! The row of a schedule, read and moved on.

use levada_base::Error;
use levada_store::ScheduleId;
use levada_store::alphabets::{EventKind, MissedPolicy};
use levada_store::rows::{Event, Schedule};
use serde_json::Value;

use crate::rules::schedule::{self, Spec, Timetable};
use crate::rules::{Draft, errors};
use crate::spec::{NewSchedule, Recurrence, RunGraph};

/// What a schedule asks for, for the arithmetic.
pub(super) fn spec_of(new: &NewSchedule) -> Spec {
    let recurrence = match &new.when {
        Recurrence::Cron { text, zone } => schedule::Recurrence::Cron { text: text.clone(), zone: zone.clone() },
        Recurrence::Every { ms, anchor_ms } => schedule::Recurrence::Every { ms: *ms, anchor_ms: *anchor_ms },
    };
    let (start_ms, end_ms, jitter_ms) = (new.start_ms, new.end_ms, new.jitter_ms);
    Spec { recurrence, start_ms, end_ms, jitter_ms, missed: missed(new.missed) }
}

fn missed(policy: MissedPolicy) -> schedule::MissedPolicy {
    match policy {
        MissedPolicy::Skip => schedule::MissedPolicy::Skip,
        MissedPolicy::One => schedule::MissedPolicy::One,
        MissedPolicy::All => schedule::MissedPolicy::All,
    }
}

/// The timetable of a stored schedule: it was checked when it was made, so it is damaged if it cannot be read.
pub(super) fn timetable(row: &Schedule) -> Result<Timetable, Error> {
    let recurrence = match (&row.cron, &row.zone, row.every_ms) {
        (Some(text), Some(zone), _) => schedule::Recurrence::Cron { text: text.clone(), zone: zone.clone() },
        (_, _, Some(ms)) => schedule::Recurrence::Every { ms, anchor_ms: row.anchor_ms.unwrap_or(0) },
        _ => return Err(errors::damaged("schedule.cron", row.id, "nothing")),
    };
    let spec = Spec {
        recurrence,
        start_ms: row.start_ms,
        end_ms: row.end_ms,
        jitter_ms: row.jitter_ms,
        missed: missed(row.missed_policy),
    };
    spec.check().map_err(|cause| errors::damaged("schedule.cron", row.id, cause.message().to_owned()).caused_by(cause))
}

/// When a stored schedule fires next, jitter included, from its next nominal time on.
///
/// # Errors
/// `LV-T710` if it is damaged.
pub(crate) fn next_fires(row: &Schedule, n: usize) -> Result<Vec<i64>, Error> {
    let Some(nominal_ms) = row.next_nominal_ms else { return Ok(Vec::new()) };
    let timetable = timetable(row)?;
    let nominal = timetable.next_fires(nominal_ms.saturating_sub(1), n);
    Ok(nominal.into_iter().map(|nominal_ms| timetable.starts_at(row.id.0, nominal_ms)).collect())
}

/// The graph of a stored schedule.
pub(super) fn graph(row: &Schedule) -> Result<RunGraph, Error> {
    serde_json::from_str(&row.graph)
        .map_err(|cause| errors::damaged("schedule.graph", row.id, cause.to_string()).caused_by(cause))
}

/// Moves a schedule on to a nominal time; none if it is over.
pub(super) fn move_to(row: &mut Schedule, timetable: &Timetable, nominal_ms: Option<i64>) {
    row.next_nominal_ms = nominal_ms;
    row.next_fire_ms = nominal_ms.map(|nominal| timetable.starts_at(row.id.0, nominal));
}

impl Draft<'_> {
    pub(super) fn schedule(&self, id: ScheduleId) -> Result<&Schedule, Error> {
        self.state.schedules.get(&id).ok_or_else(|| errors::unknown("schedule", id))
    }

    /// The latest nominal time for which a schedule of this id began a run. It outlives the schedule.
    pub(super) fn last_nominal(&self, id: ScheduleId) -> Option<i64> {
        self.state.schedule_fires.last_in((id, i64::MIN)..=(id, i64::MAX)).map(|(key, _)| key.1)
    }

    /// Writes an event about a schedule and, if it began one, its run.
    pub(super) fn schedule_event(
        &mut self,
        kind: EventKind,
        about: (&Schedule, Option<levada_store::RunId>),
        actor: Option<&str>,
        mut detail: Value,
    ) {
        detail["schedule"] = Value::String(about.0.id.to_string());
        self.write_event(Event {
            id: 0,
            at_ms: self.now(),
            kind,
            namespace: about.0.namespace.clone(),
            run_id: about.1,
            execution_id: None,
            generation: about.1.map(|_| 0),
            attempt_no: None,
            lane: None,
            actor: actor.map(str::to_owned),
            detail: detail.to_string(),
        });
    }
}
