//! The end of an execution: everything that every end does, in one place.

use levada_store::ExecutionId;
use levada_store::alphabets::{AttemptState, Cause, EventKind, Hold, Outcome, Phase};
use levada_store::rows::Mark;
use serde_json::{Value, json};

use super::Draft;

/// How an execution ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End<'a> {
    pub outcome: Outcome,
    pub cause: Cause,
    pub actor: Option<&'a str>,
    /// The state of the attempt that this end closes, if one is open.
    pub attempt: AttemptState,
    /// The upstream that decided it.
    pub decided_by: Option<ExecutionId>,
    /// What its worker said about it; empty for nothing.
    pub reason: &'a str,
    /// A call that cancelled the run brings it.
    pub by_call: bool,
}

impl<'a> End<'a> {
    /// An end that somebody else than its worker brings.
    pub(crate) fn by(cause: Cause, outcome: Outcome, actor: Option<&'a str>) -> Self {
        Self { outcome, cause, actor, attempt: AttemptState::Cancelled, decided_by: None, reason: "", by_call: false }
    }
}

/// What the event of an end says.
pub(crate) fn ended_detail(outcome: Outcome, cause: Cause, decided_by: Option<ExecutionId>, reason: &str) -> Value {
    let mut detail = json!({ "outcome": outcome.word(), "cause": cause.word() });
    if let Some(upstream) = decided_by {
        detail["decided_by"] = Value::String(upstream.to_string());
    }
    if !reason.is_empty() {
        detail["reason"] = Value::String(reason.to_owned());
    }
    detail
}

impl Draft<'_> {
    /// Ends an execution: the attempt is closed, the lease taken away, everything that could fire later is disarmed, one event is
    /// written, and what follows in its run is either queued for this transaction or marked for the settle worker.
    pub(crate) fn end(&mut self, id: ExecutionId, end: End) {
        let now_ms = self.now();
        self.close_attempt(id, end.attempt);
        let retention_ms =
            self.state.executions.get(&id).and_then(|row| self.policy(row).ok()).map(|policy| policy.retention_ms);
        let Some(row) = self.state.executions.get_mut(&id) else { return };
        row.phase = Phase::Ended;
        row.hold = Hold::None;
        row.hold_ref = None;
        row.outcome = Some(end.outcome);
        row.cause = Some(end.cause);
        row.cancelled_by_call = end.by_call;
        row.ended_ms = Some(now_ms);
        row.since_ms = now_ms;
        row.decided_by = end.decided_by;
        row.due_ms = None;
        row.recheck_ms = None;
        row.deadline_ms = None;
        if row.run_id.is_none() {
            row.retain_until_ms = retention_ms.map(|span| now_ms.saturating_add(span));
        }
        self.take_lease(id);
        let detail = ended_detail(end.outcome, end.cause, end.decided_by, end.reason);
        let seq = self.state.seq;
        self.execution_event(EventKind::Ended, id, end.actor, &detail);
        self.queue_or_mark(id, seq);
    }

    /// Takes the lease away, if there is one, and raises the fence.
    pub(crate) fn take_lease(&mut self, id: ExecutionId) {
        let Some(row) = self.state.executions.get_mut(&id) else { return };
        row.fence += 1;
        row.lease_id = None;
        row.worker = None;
        row.instance = None;
        row.lease_until_ms = None;
        row.lease_ttl_ms = None;
        row.claim_token = None;
        row.attempt_deadline_ms = None;
    }

    /// Closes the open attempt, if there is one.
    pub(crate) fn close_attempt(&mut self, id: ExecutionId, state: AttemptState) {
        let now_ms = self.now();
        let Some(attempt) = self.attempt_mut(id) else { return };
        if matches!(attempt.state, AttemptState::Running | AttemptState::Parked) {
            attempt.state = state;
            attempt.ended_ms = Some(now_ms);
            attempt.active_left_ms = None;
        }
    }

    /// A member's end is settled here if its run is here as a whole, else later. `seq` is the number of its event.
    fn queue_or_mark(&mut self, id: ExecutionId, seq: i64) {
        let Some(row) = self.state.executions.get(&id) else { return };
        let (Some(run), generation) = (row.run_id, row.generation) else { return };
        if self.state.whole_runs.contains(&run) {
            self.unsettled.push_back(id);
        } else {
            let mark = Mark { execution_id: id, run_id: run, generation, made_ms: self.now(), seq };
            self.state.marks.insert(id, mark);
        }
    }
}
