//! What workers say about what they hold: F-2 … F-8, X-11 …, and the answers of §2.3.

use levada_store::ExecutionId;
use levada_store::alphabets::{AttemptCause, AttemptState, Call, Cause, EventKind, FailureClass, Outcome, Phase};
use levada_store::rows::Facts;
use levada_tasks::spec::{Backoff, Failure};

use super::{Execution, Model, Refused};

/// What a worker is told about what it wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It ended so.
    Ended(Outcome),
    /// It is due again then.
    Again(i64),
    AlreadyEnded(Outcome),
    AlreadyAgain(i64),
}

impl Written {
    /// The same, told once more.
    fn again(self) -> Self {
        match self {
            Self::Ended(outcome) | Self::AlreadyEnded(outcome) => Self::AlreadyEnded(outcome),
            Self::Again(due_ms) | Self::AlreadyAgain(due_ms) => Self::AlreadyAgain(due_ms),
        }
    }
}

/// A worker's call, as §2.3 tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    /// Something that only a live lease may.
    Write,
    /// The same, but after an outage a lease that waits to be lost can be kept.
    Renew,
    Close(Call),
    Delay(i64),
}

/// What the lease of a write is worth.
enum Standing {
    Live,
    /// The same call was made before, and answered so.
    Repeated(Written),
}

impl Model {
    fn standing(&self, id: ExecutionId, fence: i64, verb: Verb) -> Result<Standing, Refused> {
        let row = self.executions.get(&id).ok_or("LV-T002")?;
        if row.phase == Phase::Active && row.fence == fence {
            let waits = |lease| verb == Verb::Renew && self.lost_at(lease) > self.now_ms;
            let is_live = row.is_live_at(self.now_ms) || row.lease.as_ref().is_some_and(waits);
            return if is_live { Ok(Standing::Live) } else { Err("LV-T102") };
        }
        let closed = row.tries.iter().find(|attempt| attempt.last.is_some_and(|(last, _, _)| last == fence));
        let closed = closed.and_then(|attempt| Some((attempt.until_ms, attempt.last?)));
        let (asked_ms, (_, call, told)) = closed.ok_or("LV-T101")?;
        match (call, verb) {
            (Call::Delay, Verb::Delay(until_ms)) if asked_ms == Some(until_ms) => Ok(Standing::Repeated(told.again())),
            (Call::Delay, _) => Err("LV-T103"),
            (call, Verb::Close(same)) if call == same => Ok(Standing::Repeated(told.again())),
            _ => Err("LV-T104"),
        }
    }

    /// Whether a worker may write still.
    ///
    /// # Errors
    /// By §2.3.
    pub(super) fn is_live(&self, id: ExecutionId, fence: i64) -> Result<(), Refused> {
        self.standing(id, fence, Verb::Write).map(|_| ())
    }

    /// Keeps a lease.
    ///
    /// # Errors
    /// By §2.3.
    pub fn renew(&mut self, id: ExecutionId, fence: i64, ttl_ms: i64) -> Result<i64, Refused> {
        self.standing(id, fence, Verb::Renew)?;
        let until_ms = self.now_ms + ttl_ms;
        if let Some(lease) = &mut self.execution_mut(id).lease {
            lease.until_ms = until_ms;
            lease.ttl_ms = ttl_ms;
        }
        Ok(until_ms)
    }

    /// The attempt is over in this state.
    fn close(&mut self, id: ExecutionId, state: AttemptState) {
        if let Some(attempt) = self.execution_mut(id).open_try() {
            attempt.state = Some(state);
        }
    }

    /// The attempt keeps who closed or parked it, and what that call was told (F-8).
    fn note(&mut self, id: ExecutionId, fence: i64, call: Call, told: Written) -> Result<Written, Refused> {
        if let Some(attempt) = self.execution_mut(id).tries.last_mut() {
            attempt.last = Some((fence, call, told));
        }
        Ok(told)
    }

    ///
    ///
    /// # Errors
    /// By §2.3.
    pub fn complete(&mut self, id: ExecutionId, fence: i64, facts: &Facts) -> Result<Written, Refused> {
        if let Standing::Repeated(before) = self.standing(id, fence, Verb::Close(Call::Complete))? {
            return Ok(before);
        }
        self.close(id, AttemptState::Succeeded);
        let row = self.execution_mut(id);
        row.results.insert(row.generation, facts.clone());
        self.end(id, Outcome::Succeeded, Cause::Worker, None);
        self.note(id, fence, Call::Complete, Written::Ended(Outcome::Succeeded))
    }

    ///
    ///
    /// # Errors
    /// By §2.3.
    pub fn skip(&mut self, id: ExecutionId, fence: i64) -> Result<Written, Refused> {
        if let Standing::Repeated(before) = self.standing(id, fence, Verb::Close(Call::Skip))? {
            return Ok(before);
        }
        self.close(id, AttemptState::Skipped);
        self.end(id, Outcome::Skipped, Cause::Worker, None);
        self.note(id, fence, Call::Skip, Written::Ended(Outcome::Skipped))
    }

    ///
    ///
    /// # Errors
    /// By §2.3; T001 for a crash, which only the engine can see.
    pub fn fail(&mut self, id: ExecutionId, fence: i64, failure: &Failure) -> Result<Written, Refused> {
        if failure.class == FailureClass::Crash {
            return Err("LV-T001");
        }
        if let Standing::Repeated(before) = self.standing(id, fence, Verb::Close(Call::Fail))? {
            return Ok(before);
        }
        self.close(id, AttemptState::Failed);
        if let Some(attempt) = self.execution_mut(id).tries.last_mut() {
            attempt.failure_code = Some(failure.code.clone()).filter(|code| !code.is_empty());
        }
        let retryable = self.execution(id).policy.retry.retry_on.contains(&failure.class);
        let final_cause = if retryable { Cause::RetriesExhausted } else { Cause::PermanentFailure };
        let told = self.try_again_or_end(id, failure.class, final_cause);
        self.note(id, fence, Call::Fail, told)
    }

    /// Schedules a retry if the policy has one left that is due before the deadline, else ends it.
    pub(super) fn try_again_or_end(&mut self, id: ExecutionId, class: FailureClass, final_cause: Cause) -> Written {
        let row = self.execution(id);
        let retry = &row.policy.retry;
        let left = retry.max_retries.is_none_or(|most| row.retries < most);
        let due_ms = self.chosen(id, &retry.backoff, row.retries);
        let in_time = row.deadline_ms.is_none_or(|deadline| due_ms < deadline);
        if !(retry.retry_on.contains(&class) && left && in_time) {
            self.end(id, Outcome::Failed, final_cause, None);
            return Written::Ended(Outcome::Failed);
        }
        let row = self.execution_mut(id);
        row.retries += 1;
        row.take_lease();
        row.due_ms = Some(due_ms);
        row.next_cause = AttemptCause::Retry;
        if self.make_runnable_again(id) {
            self.say(EventKind::RetryScheduled, id);
            Written::Again(due_ms)
        } else {
            Written::Ended(Outcome::Cancelled)
        }
    }

    /// When it is due again after `used` delays of this kind: what was seen if the spread allows it, else the middle.
    fn chosen(&self, id: ExecutionId, backoff: &Backoff, used: i32) -> i64 {
        let delay = delay_ms(backoff, used);
        let spread = delay * f64::from(backoff.jitter_permille) / 1000.0;
        let earliest = self.now_ms + (delay - spread).floor() as i64;
        let latest = self.now_ms + (delay + spread).ceil() as i64;
        let seen = self.seen.due_ms.get(&id).copied().filter(|due| (earliest..=latest).contains(due));
        seen.unwrap_or(self.now_ms + delay as i64)
    }

    /// X-19 without its guard: the attempt is lost.
    pub(super) fn crash(&mut self, id: ExecutionId, state: AttemptState, cause: AttemptCause) {
        let now_ms = self.now_ms;
        let row = self.execution_mut(id);
        if let Some(attempt) = row.open_try() {
            attempt.state = Some(state);
        }
        row.crashes += 1;
        if row.crashes > row.policy.crash.crashes_max {
            self.end(id, Outcome::Failed, Cause::CrashLimit, None);
            return;
        }
        row.take_lease();
        row.next_cause = cause;
        let (crashes, crash) = (row.crashes, row.policy.crash.backoff.clone());
        let (initial_ms, factor_permille, max_ms) = (crash.initial_ms, crash.factor_permille, crash.max_ms);
        let backoff = Backoff { initial_ms, factor_permille, max_ms, jitter_permille: 0 };
        row.due_ms = (crashes > 1).then(|| now_ms + delay_ms(&backoff, crashes - 2) as i64);
        self.make_runnable_again(id);
    }

    ///
    ///
    /// # Errors
    /// By §2.3; T001 if it is not in the future.
    pub fn delay(&mut self, id: ExecutionId, fence: i64, until_ms: i64) -> Result<Written, Refused> {
        if let Standing::Repeated(before) = self.standing(id, fence, Verb::Delay(until_ms))? {
            return Ok(before);
        }
        let now_ms = self.now_ms;
        if until_ms <= now_ms {
            return Err("LV-T001");
        }
        let row = self.execution_mut(id);
        let left_ms = row.attempt_deadline_ms.map(|deadline| (deadline - now_ms).max(0));
        if let Some(attempt) = row.open_try() {
            attempt.state = Some(AttemptState::Parked);
            attempt.left_ms = left_ms;
            attempt.until_ms = Some(until_ms);
        }
        row.take_lease();
        row.due_ms = Some(until_ms);
        self.say(EventKind::Parked, id);
        let goes_on = self.make_runnable_again(id);
        let told = if goes_on { Written::Again(until_ms) } else { Written::Ended(Outcome::Cancelled) };
        self.note(id, fence, Call::Delay, told)
    }

    /// Whether there was a lease to take; given back by its own worker it counts as a crash.
    ///
    /// # Errors
    /// By §2.3 for a worker's handle; T002.
    pub fn revoke(&mut self, id: ExecutionId, by_worker: Option<i64>) -> Result<bool, Refused> {
        if self.executions.get(&id).ok_or("LV-T002")?.phase != Phase::Active {
            return Ok(false);
        }
        if let Some(fence) = by_worker {
            self.standing(id, fence, Verb::Write)?;
            self.say(EventKind::Revoked, id);
            self.crash(id, AttemptState::Revoked, AttemptCause::CrashRecovery);
            return Ok(true);
        }
        let row = self.execution_mut(id);
        if let Some(attempt) = row.open_try() {
            attempt.state = Some(AttemptState::Revoked);
        }
        row.take_lease();
        row.next_cause = AttemptCause::Revocation;
        self.make_runnable_again(id);
        self.say(EventKind::Revoked, id);
        Ok(true)
    }
}

/// d = min(initial · multᵛ, max).
fn delay_ms(backoff: &Backoff, used: i32) -> f64 {
    let grown = backoff.initial_ms as f64 * (f64::from(backoff.factor_permille) / 1000.0).powi(used);
    grown.min(backoff.max_ms as f64)
}

impl Execution {
    /// The number of the current or last attempt.
    #[must_use]
    pub fn attempt_no(&self) -> i32 {
        i32::try_from(self.tries.len()).unwrap_or(i32::MAX)
    }
}
