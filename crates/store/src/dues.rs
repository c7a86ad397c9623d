//! The earliest stored time of each kind: how long a background worker may sleep.

use crate::alphabets::{ConditionState, Hold, Phase, RunPhase};
use crate::ids::{ExecutionId, RunId};
use crate::limits::BUILD_MS_MAX;
use crate::rows::{Execution, Run};
use crate::scope::DueKind;
use crate::state::State;

/// The earliest time of a kind in full state.
#[must_use]
pub fn earliest(state: &State, kind: DueKind) -> Option<i64> {
    let executions = |time: fn(&Execution) -> Option<i64>| state.executions.values().filter_map(time).min();
    let runs = |time: fn(&Run) -> Option<i64>| state.runs.values().filter_map(time).min();
    match kind {
        DueKind::Lease => executions(|row| row.lease_until_ms),
        DueKind::AttemptDeadline => executions(|row| row.attempt_deadline_ms),
        DueKind::Deadline => executions(|row| row.deadline_ms),
        DueKind::Promote => executions(|row| row.due_ms.filter(|_| (row.phase, row.hold) == (Phase::Runnable, Hold::Time))),
        DueKind::Staged => {
            executions(|row| (row.phase == Phase::Staged && row.run_id.is_none()).then_some(row.created_ms + BUILD_MS_MAX))
        }
        DueKind::RetainExecution => executions(|row| row.retain_until_ms.filter(|_| row.run_id.is_none())),
        DueKind::RunDeadline => runs(|row| row.deadline_ms),
        DueKind::Building => runs(|row| row.build_deadline_ms.filter(|_| row.phase == RunPhase::Building)),
        DueKind::CancelGrace => runs(|row| row.cancel_grace_ms),
        DueKind::RetainRun => runs(|row| row.retain_until_ms),
        DueKind::Condition => {
            let open = state.conditions.values().filter(|row| row.state == ConditionState::Open);
            open.filter_map(|row| row.expires_ms).min()
        }
        DueKind::Schedule => {
            let running = state.schedules.values().filter(|row| !row.paused);
            running.filter_map(|row| row.next_fire_ms).min()
        }
        DueKind::RequestKey => {
            let stored = |id: ExecutionId| state.executions.contains_key(&id) || state.runs.contains_key(&RunId(id.0));
            state.request_keys.values().filter(|row| !stored(row.target)).map(|row| row.expires_ms).min()
        }
        DueKind::Worker => state.workers.values().filter_map(|row| row.expires_ms).min(),
    }
}
