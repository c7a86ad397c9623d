//! What a worker's calls do to its execution: complete, fail, skip, delay. Each takes many items, each with its own result.

use levada_base::Error;
use levada_store::alphabets::{AttemptState, Call, Cause, EventKind, Outcome, Phase};
use levada_store::rows::{Facts, ResultRow, Row};
use levada_store::{ExecutionId, Fused, Scope, limits};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::claim::{Claim, Claimed};
use super::end::End;
use super::handle::{Access, Want, access};
use super::{Draft, Rule, errors, fused, intern, validate};
use crate::spec::{Complete, Delay, Fail, Handle, Payload, Skip};

/// Record results, and perhaps claim what comes next in the same transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompleteExecutions {
    pub items: Vec<Complete>,
    pub next: Option<Claim>,
}

/// Record failures, and perhaps claim what comes next. A random word per item spreads its retry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailExecutions {
    pub items: Vec<(Fail, u64)>,
    pub next: Option<Claim>,
}

/// The worker found that it need not be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkipExecutions {
    pub items: Vec<Skip>,
}

/// Give executions back until a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelayExecutions {
    pub items: Vec<Delay>,
}

/// How a worker's call left its execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    Ended {
        outcome: Outcome,
        result_digest: Option<i64>,
    },
    /// It will be tried again, or is parked, until then.
    Again {
        due_ms: i64,
    },
}

/// A result that is there now, brought about by this call or by the same one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    Applied(Ended),
    AlreadyApplied(Ended),
}

/// The results of the items, in their order, and what was claimed.
pub type EndedAndClaimed = (Vec<Result<Written, Error>>, Vec<Claimed>);

fn scope_of<'a>(handles: impl Iterator<Item = &'a Handle>, next: Option<&Claim>) -> Scope {
    let handles = Scope::Handles(handles.map(|handle| (handle.execution, handle.fence)).collect());
    match next {
        Some(claim) => Scope::All(vec![handles, claim.scope()]),
        None => handles,
    }
}

/// Settles, then claims.
fn settled_and_claimed(draft: &mut Draft, next: Option<&Claim>) -> Result<Vec<Claimed>, Error> {
    draft.settle()?;
    next.map_or_else(|| Ok(Vec::new()), |claim| claim.decide(draft))
}

impl Rule for CompleteExecutions {
    type Answer = EndedAndClaimed;

    fn scope(&self) -> Scope {
        scope_of(self.items.iter().map(|item| &item.handle), self.next.as_ref())
    }

    fn usual(&self) -> Option<Fused> {
        fused::complete(self)
    }

    fn decide(&self, draft: &mut Draft) -> Result<EndedAndClaimed, Error> {
        validate::batch(self.items.len())?;
        let results = self.items.iter().map(|item| complete(draft, item)).collect();
        Ok((results, settled_and_claimed(draft, self.next.as_ref())?))
    }
}

fn complete(draft: &mut Draft, item: &Complete) -> Result<Written, Error> {
    validate::payload("result", &item.result, ("RESULT_BYTES_MAX", limits::RESULT_BYTES_MAX))?;
    validate::facts(&item.facts)?;
    if let Access::Repeated(attempt) = access(draft, &item.handle, Want::Close(Call::Complete, None))? {
        return Ok(Written::AlreadyApplied(Ended::Ended { outcome: Outcome::Succeeded, result_digest: attempt.last_digest }));
    }
    let id = item.handle.execution;
    let digest = draft.put_result(id, &item.result, &item.facts)?;
    draft.closed_by(&item.handle, Call::Complete, Some(digest));
    draft.end(id, End { attempt: AttemptState::Succeeded, ..End::by(Cause::Worker, Outcome::Succeeded, None) });
    Ok(Written::Applied(Ended::Ended { outcome: Outcome::Succeeded, result_digest: Some(digest) }))
}

impl Rule for FailExecutions {
    type Answer = EndedAndClaimed;

    fn scope(&self) -> Scope {
        scope_of(self.items.iter().map(|(item, _)| &item.handle), self.next.as_ref())
    }

    fn usual(&self) -> Option<Fused> {
        fused::fail(self)
    }

    fn decide(&self, draft: &mut Draft) -> Result<EndedAndClaimed, Error> {
        validate::batch(self.items.len())?;
        let results = self.items.iter().map(|(item, random)| fail(draft, item, *random)).collect();
        Ok((results, settled_and_claimed(draft, self.next.as_ref())?))
    }
}

fn fail(draft: &mut Draft, item: &Fail, random: u64) -> Result<Written, Error> {
    validate::failure(&item.failure)?;
    if let Access::Repeated(attempt) = access(draft, &item.handle, Want::Close(Call::Fail, None))? {
        let outcome = if attempt.last_digest == Some(CANCELLED) { Outcome::Cancelled } else { Outcome::Failed };
        let ended = Ended::Ended { outcome, result_digest: None };
        let ended = attempt.next_due_ms.map_or(ended, |due_ms| Ended::Again { due_ms });
        return Ok(Written::AlreadyApplied(ended));
    }
    draft.closed_by(&item.handle, Call::Fail, None);
    draft.note_failure(item.handle.execution, &item.failure);
    let ended = draft.failed(item.handle.execution, item.failure.class, AttemptState::Failed, random)?;
    if let (Ended::Ended { outcome: Outcome::Cancelled, .. }, Some(attempt)) =
        (&ended, draft.attempt_mut(item.handle.execution))
    {
        attempt.last_digest = Some(CANCELLED);
    }
    Ok(Written::Applied(ended))
}

/// Kept of a failure that ended with its run, for whoever repeats the call after a replay.
const CANCELLED: i64 = 1;

impl Rule for SkipExecutions {
    type Answer = Vec<Result<Written, Error>>;

    fn scope(&self) -> Scope {
        scope_of(self.items.iter().map(|item| &item.handle), None)
    }

    fn usual(&self) -> Option<Fused> {
        fused::skip(self)
    }

    fn decide(&self, draft: &mut Draft) -> Result<Self::Answer, Error> {
        validate::batch(self.items.len())?;
        let results = self.items.iter().map(|item| skip(draft, item)).collect();
        draft.settle()?;
        Ok(results)
    }
}

fn skip(draft: &mut Draft, item: &Skip) -> Result<Written, Error> {
    let ended = Ended::Ended { outcome: Outcome::Skipped, result_digest: None };
    if let Access::Repeated(_) = access(draft, &item.handle, Want::Close(Call::Skip, None))? {
        return Ok(Written::AlreadyApplied(ended));
    }
    draft.closed_by(&item.handle, Call::Skip, None);
    let reason = kept(&item.reason, limits::NOTE_BYTES_MAX);
    let end = End { attempt: AttemptState::Skipped, reason: &reason, ..End::by(Cause::Worker, Outcome::Skipped, None) };
    draft.end(item.handle.execution, end);
    Ok(Written::Applied(ended))
}

impl Rule for DelayExecutions {
    type Answer = Vec<Result<Written, Error>>;

    fn scope(&self) -> Scope {
        scope_of(self.items.iter().map(|item| &item.handle), None)
    }

    fn decide(&self, draft: &mut Draft) -> Result<Self::Answer, Error> {
        validate::batch(self.items.len())?;
        let results = self.items.iter().map(|item| delay(draft, item)).collect();
        draft.settle()?;
        Ok(results)
    }
}

fn delay(draft: &mut Draft, item: &Delay) -> Result<Written, Error> {
    let again = Ended::Again { due_ms: item.until_ms };
    let cancelled = Ended::Ended { outcome: Outcome::Cancelled, result_digest: None };
    if let Access::Repeated(attempt) = access(draft, &item.handle, Want::Close(Call::Delay, Some(item.until_ms)))? {
        return Ok(Written::AlreadyApplied(attempt.next_due_ms.map_or(cancelled, |_| again)));
    }
    let now_ms = draft.now();
    if item.until_ms <= now_ms {
        return Err(errors::invalid("until_ms", item.until_ms, "in the future of store time"));
    }
    let id = item.handle.execution;
    let left_ms = draft.execution(id)?.attempt_deadline_ms.map(|deadline| (deadline - now_ms).max(0));
    draft.closed_by(&item.handle, Call::Delay, Some(item.until_ms));
    if let Some(attempt) = draft.attempt_mut(id) {
        attempt.state = AttemptState::Parked;
        attempt.active_left_ms = left_ms;
        attempt.next_due_ms = Some(item.until_ms);
    }
    draft.take_lease(id);
    draft.execution_mut(id)?.due_ms = Some(item.until_ms);
    draft.execution_event(EventKind::Parked, id, None, &json!({ "until_ms": item.until_ms }));
    draft.make_runnable_again(id);
    if draft.execution(id)?.phase == Phase::Ended {
        // It is not due again, so a repetition must not be told so.
        if let Some(attempt) = draft.attempt_mut(id) {
            attempt.next_due_ms = None;
        }
        return Ok(Written::Applied(cancelled));
    }
    Ok(Written::Applied(again))
}

impl Draft<'_> {
    /// Keeps the result of this generation, and gives its digest.
    pub(crate) fn put_result(&mut self, id: ExecutionId, result: &Payload, facts: &Facts) -> Result<i64, Error> {
        let bytes = result.bytes().to_vec();
        let row = ResultRow {
            execution_id: id,
            generation: self.execution(id)?.generation,
            storage: result.storage(),
            length: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
            digest: intern::of_bytes(&bytes),
            facts: facts.clone(),
            bytes,
        };
        let digest = row.digest;
        self.state.results.insert(row.key(), row);
        Ok(digest)
    }

    /// Remembers which call of which fence closed or parked the attempt.
    fn closed_by(&mut self, handle: &Handle, call: Call, digest: Option<i64>) {
        if let Some(attempt) = self.attempt_mut(handle.execution) {
            attempt.last_fence = Some(handle.fence);
            attempt.last_call = Some(call);
            attempt.last_digest = digest;
        }
    }
}

/// What is kept of what a worker wrote for people, who are never a reason to refuse its call: the longest beginning that has at most
/// `bytes` bytes, without the character that not every store can keep.
pub(super) fn kept(text: &str, bytes: usize) -> String {
    let text = text.replace('\0', "\u{fffd}");
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}
