//! How executions end and become runnable: §1.3 and `next_hold` of §1.1.

use levada_store::ExecutionId;
use levada_store::alphabets::{AttemptState, CancelPolicy, Cause, EventKind, GroupState, Hold, Outcome, Phase, RunPhase};

use super::{End, Execution, Model, Run};

impl Execution {
    /// The attempt that is not closed.
    pub fn open_try(&mut self) -> Option<&mut super::Try> {
        self.tries.last_mut().filter(|attempt| matches!(attempt.state, Some(AttemptState::Running | AttemptState::Parked)))
    }

    pub fn is_live_at(&self, now_ms: i64) -> bool {
        self.lease.as_ref().is_some_and(|lease| lease.until_ms > now_ms)
    }

    /// Ownership is taken away.
    pub fn take_lease(&mut self) {
        self.fence += 1;
        self.lease = None;
        self.attempt_deadline_ms = None;
    }
}

impl Model {
    /// EE. `attempt` is the word for an attempt that is still open; none if the contract leaves it open.
    pub(super) fn end(&mut self, id: ExecutionId, outcome: Outcome, cause: Cause, attempt: Option<AttemptState>) {
        let now_ms = self.now_ms;
        let order = self.next_number();
        let row = self.execution_mut(id);
        if let Some(open) = row.open_try() {
            open.state = attempt;
            open.left_ms = None;
        }
        row.take_lease();
        row.phase = Phase::Ended;
        row.hold = Hold::None;
        row.end = Some(End { outcome, cause, at_ms: now_ms, order, decided_by: None, by_call: false });
        row.due_ms = None;
        row.deadline_ms = None;
        row.drawn = row.run.is_none().then_some(order);
        self.say(EventKind::Ended, id);
    }

    /// The hold that is due to an execution: the first that applies.
    #[must_use]
    pub fn next_hold(&self, id: ExecutionId) -> Hold {
        let row = self.execution(id);
        let run = row.run.map(|run| &self.runs[&run]);
        let group_open = run.and_then(|run| run.groups.get(&id)).is_some_and(|group| group.state == GroupState::Open);
        let waits_for_all_others = row.finalizer && run.is_some_and(|run| !run.finalizers_released);
        // Nothing of a graph starts before it is sealed.
        let is_building = run.is_some_and(|run| run.phase == RunPhase::Building);
        if is_building || group_open || waits_for_all_others {
            Hold::Edges
        } else if row.operator_hold || run.is_some_and(|run| run.paused || is_only_marked(run, row)) {
            Hold::Operator
        } else if row.due_ms.is_some_and(|due| due > self.now_ms) {
            Hold::Time
        } else {
            Hold::None
        }
    }

    pub(super) fn make_runnable(&mut self, id: ExecutionId) {
        let hold = self.next_hold(id);
        let row = self.execution_mut(id);
        row.phase = Phase::Runnable;
        row.hold = hold;
    }

    /// Makes an execution that was active runnable, or ends it: in a run that is being cancelled nothing new starts. Whether it goes on.
    pub(super) fn make_runnable_again(&mut self, id: ExecutionId) -> bool {
        self.make_runnable(id);
        let is_doomed = self.execution(id).run.is_some_and(|run| self.doomed(run).contains(&id));
        if is_doomed && self.seen.cancelled.contains(&id) {
            self.end_by_cancel(id);
            return false;
        }
        true
    }
}

/// Whether a run that is cancelled in name only keeps this member from starting: all but finalizers whose turn has come (§3.7).
fn is_only_marked(run: &Run, row: &Execution) -> bool {
    let marked = run.cancel.filter(|cancel| run.phase == RunPhase::Cancelling && cancel.policy == CancelPolicy::MarkOnly);
    marked.is_some_and(|cancel| !(row.finalizer && run.finalizers_released && !cancel.finalizers_too))
}
