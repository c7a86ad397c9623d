//! What the failure of an attempt does to its execution: another attempt later, or the end.

use levada_base::Error;
use levada_store::alphabets::{AttemptCause, AttemptState, Call, Cause, EventKind, FailureClass, Outcome};
use levada_store::{ExecutionId, limits};
use serde_json::{Value, json};

use super::end::End;
use super::write::{Ended, kept};
use super::{Draft, retry};
use crate::spec::Failure;

impl Draft<'_> {
    pub(super) fn note_failure(&mut self, id: ExecutionId, failure: &Failure) {
        let message = kept(&failure.message, limits::FAILURE_MESSAGE_BYTES_MAX);
        if let Some(attempt) = self.attempt_mut(id) {
            attempt.failure_code = Some(failure.code.clone());
            attempt.failure_message = Some(message);
        }
    }

    /// An attempt failed: it is tried again, or the execution ends.
    pub(crate) fn failed(
        &mut self,
        id: ExecutionId,
        class: FailureClass,
        state: AttemptState,
        random: u64,
    ) -> Result<Ended, Error> {
        let now_ms = self.now();
        let row = self.execution(id)?;
        let policy = self.policy(row)?;
        let due = retry::retry_due(row, policy, class, now_ms, random);
        let retried = policy.retry_on & retry::bit(class) != 0;
        if let Some(attempt) = self.attempt_mut(id) {
            attempt.failure_class = Some(class);
        }
        self.told_due(id, due);
        let Some(due_ms) = due else {
            let cause = match (state, retried) {
                (AttemptState::TimedOut, _) => Cause::AttemptTimeout,
                (_, true) => Cause::RetriesExhausted,
                (_, false) => Cause::PermanentFailure,
            };
            self.end(id, End { attempt: state, ..End::by(cause, Outcome::Failed, None) });
            return Ok(Ended::Ended { outcome: Outcome::Failed, result_digest: None });
        };
        self.close_attempt(id, state);
        self.take_lease(id);
        let row = self.execution_mut(id)?;
        row.retry_used += 1;
        row.next_cause = AttemptCause::Retry;
        row.due_ms = Some(due_ms);
        if state == AttemptState::TimedOut {
            self.execution_event(EventKind::AttemptTimedOut, id, None, &Value::Null);
        }
        if self.ends_with_its_run(id) {
            // No retry follows, so a repetition must not be told of one.
            self.told_due(id, None);
            return Ok(Ended::Ended { outcome: Outcome::Cancelled, result_digest: None });
        }
        self.make_runnable(id);
        self.execution_event(EventKind::RetryScheduled, id, None, &json!({ "class": class.word(), "due_ms": due_ms }));
        Ok(Ended::Again { due_ms })
    }

    /// When a failed attempt is due again. One that a call parked before keeps what that call was told: it may be repeated still.
    fn told_due(&mut self, id: ExecutionId, due_ms: Option<i64>) {
        if let Some(attempt) = self.attempt_mut(id).filter(|attempt| attempt.last_call != Some(Call::Delay)) {
            attempt.next_due_ms = due_ms;
        }
    }
}
