//! The only place that chooses a hold after sealing.

use levada_store::ExecutionId;
use levada_store::alphabets::{CancelPolicy, Cause, GroupState, Hold, Outcome, Phase, RunPhase};
use levada_store::rows::{Execution, Group, Run};

use super::Draft;
use super::end::End;

/// Why an execution may not be claimed yet; the first reason that applies.
pub(crate) fn next_hold(execution: &Execution, group: Option<&Group>, run: Option<&Run>, now_ms: i64) -> Hold {
    let waits_as_finalizer = execution.finalizer && run.is_some_and(|run| !run.finalizers_released);
    // A member that had begun before it was added waits for the seal like the others.
    let is_unsealed = run.is_some_and(|run| run.phase == RunPhase::Building);
    if is_unsealed || waits_as_finalizer || group.is_some_and(|group| group.state == GroupState::Open) {
        return Hold::Edges;
    }
    if execution.operator_hold || run.is_some_and(|run| is_stopped(run, execution)) {
        return Hold::Operator;
    }
    if execution.due_ms.is_some_and(|due| due > now_ms) {
        return Hold::Time;
    }
    Hold::None
}

/// Whether a run lets this member not start although it is not over. The finalizers of a run that is marked start when all others are
/// over, like those of every cancelled run.
fn is_stopped(run: &Run, member: &Execution) -> bool {
    let finalizes = member.finalizer && run.finalizers_released && !run.cancel_finalizers;
    let is_marked = run.phase == RunPhase::Cancelling && run.cancel_policy == Some(CancelPolicy::MarkOnly);
    run.paused || (is_marked && !finalizes)
}

impl Draft<'_> {
    /// Makes an execution runnable with the hold that is due to it. A time that has come is forgotten.
    pub(crate) fn make_runnable(&mut self, id: ExecutionId) {
        let now_ms = self.now();
        let Some(row) = self.state.executions.get(&id) else { return };
        let hold = next_hold(row, self.group(id), self.run_of(row), now_ms);
        let Some(row) = self.state.executions.get_mut(&id) else { return };
        if row.phase != Phase::Runnable || row.hold != hold {
            row.since_ms = now_ms;
        }
        row.phase = Phase::Runnable;
        row.hold = hold;
        row.hold_ref = None;
        row.recheck_ms = None;
        if hold == Hold::None {
            row.due_ms = None;
        }
    }

    /// Makes an execution that was given back, or whose time has come, runnable. In a run that is being cancelled nothing starts again: it
    /// ends instead.
    pub(crate) fn make_runnable_again(&mut self, id: ExecutionId) {
        if !self.ends_with_its_run(id) {
            self.make_runnable(id);
        }
    }

    /// Ends an execution that waits in a run that is being cancelled, unless it is a finalizer whose turn has come. Returns whether it
    /// did.
    pub(crate) fn ends_with_its_run(&mut self, id: ExecutionId) -> bool {
        let Some(row) = self.state.executions.get(&id) else { return false };
        let Some(run) = self.run_of(row).filter(|run| run.phase == RunPhase::Cancelling) else { return false };
        let is_released = row.finalizer && run.finalizers_released && !run.cancel_finalizers;
        if is_released || run.cancel_policy == Some(CancelPolicy::MarkOnly) {
            return false;
        }
        let cause = if run.cause == Some(Cause::RunExpired) { Cause::RunExpired } else { Cause::RunCancelled };
        let (actor, by_call) = (run.cancel_actor.clone(), run.cause == Some(Cause::Operator));
        self.end(id, End { by_call, ..End::by(cause, Outcome::Cancelled, actor.as_deref()) });
        true
    }
}
