//! Workers' calls: batches of which each item has an answer of its own.

use levada_base::Error;
use levada_tasks::rules::{self, Ended};
use levada_tasks::spec::{Complete, Delay, Fail, Renew, Skip};

use super::play::{Play, Wrong, given};
use crate::model::{Model, Refused, Written};

type Told<T> = Vec<Result<T, String>>;

impl Play {
    pub(super) fn renew(&mut self, items: Vec<Renew>) -> Result<(), Wrong> {
        let rule = rules::RenewLeases { items: items.clone(), back_since_ms: None };
        let told = |said: Vec<Result<rules::Renewed, Error>>| codes(said, |renewed| renewed.lease_until_ms);
        self.both(&rule, told, |model| each(items, |item| model.renew(item.handle.execution, item.handle.fence, item.ttl_ms)))?;
        Ok(())
    }

    pub(super) fn complete(&mut self, items: Vec<Complete>, next: Option<rules::Claim>) -> Result<(), Wrong> {
        let rule = rules::CompleteExecutions { items: items.clone(), next: next.clone() };
        let told = |(said, claimed): rules::EndedAndClaimed| (codes(said, written), given(&claimed));
        let agreed = self.both(&rule, told, |model| {
            // F-5: a token that gave something before this call claims nothing new, even if the call ends all of that.
            let used = next.as_ref().is_some_and(|next| model.holds_by(&next.request));
            // A claim that goes along takes of what was in line when the call began; some of that may have ended with it.
            let offered = next.as_ref().map_or_else(Vec::new, |next| model.offered(&next.request));
            let told = each(items, |item| model.complete(item.handle.execution, item.handle.fence, &item.facts))?;
            let claimed = match next {
                Some(next) if used => {
                    if model.holds_by(&next.request) {
                        model.claim(&next.request)
                    } else {
                        Vec::new()
                    }
                }
                Some(next) => model.claim_of(offered, &next.request),
                None => Vec::new(),
            };
            Ok((told, claimed))
        })?;
        self.remember(agreed.map(|(_, claimed)| claimed).unwrap_or_default());
        Ok(())
    }

    pub(super) fn fail(&mut self, items: Vec<(Fail, u64)>) -> Result<(), Wrong> {
        let rule = rules::FailExecutions { items: items.clone(), next: None };
        let told = |(said, _): rules::EndedAndClaimed| codes(said, written);
        self.both(&rule, told, |model: &mut Model| {
            each(items, |(item, _)| model.fail(item.handle.execution, item.handle.fence, &item.failure))
        })?;
        Ok(())
    }

    pub(super) fn skip(&mut self, items: Vec<Skip>) -> Result<(), Wrong> {
        let rule = rules::SkipExecutions { items: items.clone() };
        let told = |said: Vec<Result<rules::Written, Error>>| codes(said, written);
        self.both(&rule, told, |model| each(items, |item| model.skip(item.handle.execution, item.handle.fence)))?;
        Ok(())
    }

    pub(super) fn delay(&mut self, items: Vec<Delay>) -> Result<(), Wrong> {
        let rule = rules::DelayExecutions { items: items.clone() };
        let told = |said: Vec<Result<rules::Written, Error>>| codes(said, written);
        self.both(&rule, told, |model| {
            each(items, |item| model.delay(item.handle.execution, item.handle.fence, item.until_ms))
        })?;
        Ok(())
    }
}

/// Answers as the interpreter gives them: refusals by their code.
fn codes<A, T>(said: Vec<Result<A, Error>>, told: impl Fn(A) -> T) -> Told<T> {
    said.into_iter().map(|said| said.map(&told).map_err(|error| error.code().to_string())).collect()
}

fn each<I, T>(items: Vec<I>, one: impl FnMut(I) -> Result<T, Refused>) -> Result<Told<T>, Refused> {
    Ok(items.into_iter().map(one).map(|said| said.map_err(str::to_owned)).collect())
}

fn written(said: rules::Written) -> Written {
    match said {
        rules::Written::Applied(Ended::Ended { outcome, .. }) => Written::Ended(outcome),
        rules::Written::Applied(Ended::Again { due_ms }) => Written::Again(due_ms),
        rules::Written::AlreadyApplied(Ended::Ended { outcome, .. }) => Written::AlreadyEnded(outcome),
        rules::Written::AlreadyApplied(Ended::Again { due_ms }) => Written::AlreadyAgain(due_ms),
    }
}
