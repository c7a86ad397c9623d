//! Executions, their attempts, and the marks of ends that are not settled yet.

use super::table;
use crate::alphabets::{AttemptCause, AttemptState, Call, Cause, FailureClass, Hold, Outcome, Phase, PublicState};
use crate::ids::{ExecutionId, RunId, Token};

table!(
    /// One unit of durable work: the narrow, hot row. No payload and no document.
    Execution in "execution"
    key { id: ExecutionId, }
    {
        namespace: String,
        /// Unique within its run; free for others.
        name: String,
        /// What handles it: a worker's handler is registered under this word.
        kind: String,
        run_id: Option<RunId>,
        /// The interned (namespace, lane, required capabilities).
        route_id: i64,
        policy_id: i64,
        /// Of everything it was created with: tells a repetition from another use of its id.
        content_digest: i64,
        phase: Phase,
        hold: Hold,
        /// The limit that holds it.
        hold_ref: Option<String>,
        /// An operator put it on hold; acts whenever it would be runnable.
        operator_hold: bool,
        priority: i32,
        /// Creation order in the store; ties of priority are taken in this order, and a retried execution keeps it.
        seq: i64,
        due_ms: Option<i64>,
        recheck_ms: Option<i64>,
        attempt_deadline_ms: Option<i64>,
        deadline_ms: Option<i64>,
        /// Raised whenever ownership begins or is taken away. `(id, fence)` proves ownership, nothing else does.
        fence: i64,
        generation: i32,
        /// The number of the current or last attempt over all generations; 0 before the first.
        attempt_no: i32,
        /// Retries and crashes in this generation.
        retry_used: i32,
        crash_used: i32,
        /// Why the next attempt will be begun.
        next_cause: AttemptCause,
        lease_id: Option<Token>,
        worker: Option<String>,
        instance: Option<String>,
        lease_until_ms: Option<i64>,
        /// What the holder asked for last: expiry after an outage waits that long.
        lease_ttl_ms: Option<i64>,
        /// The token of the claim that began the lease.
        claim_token: Option<Token>,
        outcome: Option<Outcome>,
        cause: Option<Cause>,
        /// A call that cancelled its run ended it, at once or by the backlog of that cancel.
        cancelled_by_call: bool,
        ended_ms: Option<i64>,
        created_ms: i64,
        first_started_ms: Option<i64>,
        /// When the present public state began.
        since_ms: i64,
        essential: bool,
        finalizer: bool,
        /// The upstream whose end decided that this one is skipped.
        decided_by: Option<ExecutionId>,
        /// Stand-alone executions: from when the row may be removed.
        retain_until_ms: Option<i64>,
    }
);

impl Execution {
    /// What users see.
    #[must_use]
    pub fn public_state(&self) -> PublicState {
        match (self.phase, self.hold, self.outcome) {
            (Phase::Staged, _, _) => PublicState::Staged,
            (Phase::Runnable, Hold::None, _) => PublicState::Ready,
            (Phase::Runnable, Hold::Edges, _) => PublicState::WaitingEdges,
            (Phase::Runnable, Hold::Time, _) => PublicState::Delayed,
            (Phase::Runnable, Hold::Operator, _) => PublicState::Held,
            (Phase::Runnable, Hold::Budget | Hold::Quota | Hold::Concurrency, _) => PublicState::Limited,
            (Phase::Active, _, _) => PublicState::Active,
            (Phase::Suspended, _, _) => PublicState::Suspended,
            (Phase::Ended, _, Some(Outcome::Succeeded)) => PublicState::Succeeded,
            // Ended without an outcome is refused by every store; it would be shown as what needs a look.
            (Phase::Ended, _, Some(Outcome::Failed) | None) => PublicState::Failed,
            (Phase::Ended, _, Some(Outcome::Cancelled)) => PublicState::Cancelled,
            (Phase::Ended, _, Some(Outcome::Expired)) => PublicState::Expired,
            (Phase::Ended, _, Some(Outcome::Skipped)) => PublicState::Skipped,
        }
    }
}

table!(
    /// One try at an execution.
    Attempt in "attempt"
    key { execution_id: ExecutionId, attempt_no: i32, }
    {
        generation: i32,
        state: AttemptState,
        cause: AttemptCause,
        worker: String,
        instance: String,
        /// The fence of its latest lease.
        fence: i64,
        started_ms: i64,
        ended_ms: Option<i64>,
        /// The fence through which a worker closed it or parked it last, and by which call: a repetition is known by them.
        last_fence: Option<i64>,
        last_call: Option<Call>,
        /// What that call asked for or was told, as a digest.
        last_digest: Option<i64>,
        /// When it is due again: the answer of the call that parked or failed it.
        next_due_ms: Option<i64>,
        /// Active time that was left of the attempt timeout when it was parked.
        active_left_ms: Option<i64>,
        failure_class: Option<FailureClass>,
        failure_code: Option<String>,
        failure_message: Option<String>,
    }
);

table!(
    /// An end whose consequences are not drawn yet.
    Mark in "mark"
    key { execution_id: ExecutionId, }
    {
        run_id: RunId,
        generation: i32,
        made_ms: i64,
        /// The number of the event of this end: marks of a run are settled in this order, which is that of their transactions.
        seq: i64,
    }
);

impl Mark {
    /// How the execution ended that is marked; none if it is not ended in the mark's generation any longer.
    #[must_use]
    pub fn outcome_of(&self, execution: &Execution) -> Option<Outcome> {
        let is_current =
            execution.phase == Phase::Ended && execution.generation == self.generation && execution.run_id == Some(self.run_id);
        execution.outcome.filter(|_| is_current)
    }
}
