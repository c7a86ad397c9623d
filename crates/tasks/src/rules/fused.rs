//! The usual effect of renewals, ends and claims as data, so that a store may do it in one statement.
//!
//! What is said here must be what the rules decide wherever the store finds that it fits; tests play random histories both ways and
//! compare. Nothing is said of a call that the rules would refuse.

use levada_store::alphabets::{AttemptState, Call, Cause, Outcome};
use levada_store::{Fused, FusedClaim, FusedEnd, FusedFailure, FusedRenew, FusedResult, Scope, limits};

use super::end::ended_detail;
use super::write::kept;
use super::{Claim, CompleteExecutions, FailExecutions, RenewLeases, Rule, SkipExecutions, intern, retry, validate};
use crate::spec::{Complete, Fail, Handle, Renew, Skip};

pub(crate) fn renew(rule: &RenewLeases) -> Option<Fused> {
    validate::batch(rule.items.len()).ok()?;
    let renewed = |item: &Renew| {
        validate::ttl(item.ttl_ms, limits::LEASE_TTL_MS_MAX).ok()?;
        Some(FusedRenew { execution: item.handle.execution, fence: item.handle.fence, ttl_ms: item.ttl_ms })
    };
    rule.items.iter().map(renewed).collect::<Option<_>>().map(Fused::Renew)
}

/// None if it claims, too: the two share a transaction.
pub(crate) fn complete(rule: &CompleteExecutions) -> Option<Fused> {
    validate::batch(rule.items.len()).ok().filter(|()| rule.next.is_none())?;
    rule.items.iter().map(completed).collect::<Option<_>>().map(Fused::End)
}

fn completed(item: &Complete) -> Option<FusedEnd> {
    validate::payload("result", &item.result, ("RESULT_BYTES_MAX", limits::RESULT_BYTES_MAX)).ok()?;
    validate::facts(&item.facts).ok()?;
    let digest = intern::of_bytes(item.result.bytes());
    let result =
        FusedResult { storage: item.result.storage(), digest, facts: item.facts.clone(), bytes: item.result.bytes().to_vec() };
    let end = end(&item.handle, Call::Complete, AttemptState::Succeeded, (Outcome::Succeeded, Cause::Worker));
    Some(FusedEnd { digest: Some(digest), result: Some(result), ..end })
}

/// Failures that are never tried again. None if it claims, too.
pub(crate) fn fail(rule: &FailExecutions) -> Option<Fused> {
    validate::batch(rule.items.len()).ok().filter(|()| rule.next.is_none())?;
    rule.items.iter().map(|(item, _)| failed(item)).collect::<Option<_>>().map(Fused::End)
}

fn failed(item: &Fail) -> Option<FusedEnd> {
    validate::failure(&item.failure).ok()?;
    let failure = FusedFailure {
        class: item.failure.class,
        retry_bit: retry::bit(item.failure.class),
        code: item.failure.code.clone(),
        message: kept(&item.failure.message, limits::FAILURE_MESSAGE_BYTES_MAX),
    };
    let end = end(&item.handle, Call::Fail, AttemptState::Failed, (Outcome::Failed, Cause::PermanentFailure));
    Some(FusedEnd { failure: Some(failure), ..end })
}

pub(crate) fn skip(rule: &SkipExecutions) -> Option<Fused> {
    validate::batch(rule.items.len()).ok()?;
    let skipped = |item: &Skip| {
        let reason = kept(&item.reason, limits::NOTE_BYTES_MAX);
        let detail = ended_detail(Outcome::Skipped, Cause::Worker, None, &reason).to_string();
        FusedEnd { detail, ..end(&item.handle, Call::Skip, AttemptState::Skipped, (Outcome::Skipped, Cause::Worker)) }
    };
    Some(Fused::End(rule.items.iter().map(skipped).collect()))
}

fn end(handle: &Handle, call: Call, attempt: AttemptState, (outcome, cause): (Outcome, Cause)) -> FusedEnd {
    FusedEnd {
        execution: handle.execution,
        fence: handle.fence,
        call,
        digest: None,
        attempt,
        outcome,
        cause,
        detail: ended_detail(outcome, cause, None, "").to_string(),
        result: None,
        failure: None,
    }
}

pub(crate) fn claim(rule: &Claim) -> Option<Fused> {
    validate::claim(&rule.request).ok().filter(|()| rule.leases.len() >= rule.request.limit as usize)?;
    let Scope::Claim(scope) = rule.scope() else { return None };
    Some(Fused::Claim(FusedClaim {
        scope,
        worker: rule.request.worker.clone(),
        ttl_ms: rule.request.ttl_ms,
        leases: rule.leases.clone(),
    }))
}
