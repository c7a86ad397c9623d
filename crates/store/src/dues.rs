//! The stored times of each kind: how long a background worker may sleep, and whose time comes first.

use crate::alphabets::{ConditionState, Hold, Phase, RunPhase};
use crate::limits::BUILD_MS_MAX;
use crate::rows::{Execution, Run};
use crate::scope::{DueKind, Wanted};
use crate::state::State;

/// A stored time and whose it is. Equal times are in the order of the fields behind them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Time<'a> {
    at_ms: i64,
    /// What the rows of the table are ordered by.
    key: (u128, &'a str, &'a str),
    /// None: everybody's.
    namespace: Option<&'a str>,
    id: u128,
}

/// The earliest time of a kind in full state.
#[must_use]
pub fn earliest(state: &State, kind: DueKind) -> Option<i64> {
    times(state, kind).into_iter().map(|time| time.at_ms).min()
}

/// The earliest times that are wanted, with the id of their execution, run, schedule or target; 0 if there is none.
pub(crate) fn first(state: &State, kind: DueKind, wanted: &Wanted) -> Vec<(i64, u128)> {
    let mut found = times(state, kind);
    found.retain(|time| time.namespace.is_none_or(|namespace| wanted.lets(namespace, time.id)));
    found.sort_unstable();
    found.into_iter().take(wanted.limit as usize).map(|time| (time.at_ms, time.id)).collect()
}

fn times(state: &State, kind: DueKind) -> Vec<Time<'_>> {
    match kind {
        DueKind::Lease => executions(state, |row| row.lease_until_ms),
        DueKind::AttemptDeadline => executions(state, |row| row.attempt_deadline_ms),
        DueKind::Deadline => executions(state, |row| row.deadline_ms),
        DueKind::Promote => {
            executions(state, |row| row.due_ms.filter(|_| (row.phase, row.hold) == (Phase::Runnable, Hold::Time)))
        }
        DueKind::Staged => executions(state, |row| {
            (row.phase == Phase::Staged && row.run_id.is_none()).then_some(row.created_ms + BUILD_MS_MAX)
        }),
        DueKind::RetainExecution => executions(state, |row| row.retain_until_ms.filter(|_| row.run_id.is_none())),
        DueKind::RunDeadline => runs(state, |row| row.deadline_ms),
        DueKind::Building => runs(state, |row| row.build_deadline_ms.filter(|_| row.phase == RunPhase::Building)),
        DueKind::CancelGrace => runs(state, |row| row.cancel_grace_ms),
        DueKind::RetainRun => runs(state, |row| row.retain_until_ms),
        DueKind::Condition => conditions(state),
        DueKind::Schedule => schedules(state),
        DueKind::RequestKey => request_keys(state),
        DueKind::Worker => workers(state),
    }
}

fn executions(state: &State, time: fn(&Execution) -> Option<i64>) -> Vec<Time<'_>> {
    let of = |row| Some((time(row)?, row));
    let due = state.executions.values().filter_map(of);
    due.map(|(at_ms, row)| by_id(at_ms, &row.namespace, row.id.0)).collect()
}

fn runs(state: &State, time: fn(&Run) -> Option<i64>) -> Vec<Time<'_>> {
    let of = |row| Some((time(row)?, row));
    let due = state.runs.values().filter_map(of);
    due.map(|(at_ms, row)| by_id(at_ms, &row.namespace, row.id.0)).collect()
}

fn schedules(state: &State) -> Vec<Time<'_>> {
    let running = state.schedules.values().filter(|row| !row.paused);
    running.filter_map(|row| Some(by_id(row.next_fire_ms?, &row.namespace, row.id.0))).collect()
}

fn by_id(at_ms: i64, namespace: &str, id: u128) -> Time<'_> {
    Time { at_ms, key: (id, "", ""), namespace: Some(namespace), id }
}

fn conditions(state: &State) -> Vec<Time<'_>> {
    let open = state.conditions.values().filter(|row| row.state == ConditionState::Open);
    open.filter_map(|row| {
        let (namespace, id) = (Some(row.namespace.as_str()), row.run_id.0);
        Some(Time { at_ms: row.expires_ms?, key: (id, &row.key, ""), namespace, id })
    })
    .collect()
}

fn request_keys(state: &State) -> Vec<Time<'_>> {
    let all = state.request_keys.iter();
    all.map(|((namespace, key), row)| Time {
        at_ms: row.look_ms,
        key: (0, namespace, key),
        namespace: Some(namespace),
        id: row.target.0,
    })
    .collect()
}

fn workers(state: &State) -> Vec<Time<'_>> {
    let alive = state.workers.values();
    alive.filter_map(|row| Some(Time { at_ms: row.expires_ms?, key: (0, &row.instance, ""), namespace: None, id: 0 })).collect()
}
