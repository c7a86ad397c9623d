//! How a lease is lost: its holder was not heard of in time, or somebody took it away.

use levada_base::Error;
use levada_store::ExecutionId;
use levada_store::alphabets::{AttemptCause, AttemptState, Cause, EventKind, FailureClass, Outcome};
use serde_json::Value;

use super::end::End;
use super::{Draft, retry};

/// What became of an execution whose holder is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    Again,
    Ended,
}

impl Draft<'_> {
    /// The holder crashed, or gave up by itself: tried again at once the first time, then later each time, up to a limit.
    pub(crate) fn crashed(&mut self, id: ExecutionId, state: AttemptState, event: EventKind) -> Result<Lost, Error> {
        let now_ms = self.now();
        let row = self.execution(id)?;
        let (crashes, policy) = (row.crash_used + 1, self.policy(row)?);
        let (over, due) = (crashes > policy.crashes_max, retry::crash_due(policy, crashes, now_ms));
        self.execution_mut(id)?.crash_used = crashes;
        if let Some(attempt) = self.attempt_mut(id) {
            attempt.failure_class = Some(FailureClass::Crash);
        }
        self.execution_event(event, id, None, &Value::Null);
        if over {
            self.end(id, End { attempt: state, ..End::by(Cause::CrashLimit, Outcome::Failed, None) });
            return Ok(Lost::Ended);
        }
        self.close_attempt(id, state);
        self.take_lease(id);
        let row = self.execution_mut(id)?;
        row.next_cause = AttemptCause::CrashRecovery;
        row.due_ms = due;
        self.make_runnable_again(id);
        Ok(Lost::Again)
    }

    /// An operator took the lease away: it counts as neither a retry nor a crash.
    pub(crate) fn revoked(&mut self, id: ExecutionId, actor: &str) -> Result<(), Error> {
        self.close_attempt(id, AttemptState::Revoked);
        self.take_lease(id);
        self.execution_mut(id)?.next_cause = AttemptCause::Revocation;
        self.execution_event(EventKind::Revoked, id, Some(actor), &Value::Null);
        self.make_runnable_again(id);
        Ok(())
    }
}
