//! Workers' calls: batches of which each item has an answer of its own.

use std::collections::BTreeSet;

use levada_base::Error;
use levada_store::ExecutionId;
use levada_tasks::rules::{self, Ended};
use levada_tasks::spec::{ClaimRequest, Complete, Delay, Fail, Renew, Skip};

use super::play::{Play, Wrong, given};
use crate::model::{self, Model, Refused, Written};

type Told<T> = Vec<Result<T, String>>;

impl Play {
    pub(super) fn renew(&mut self, items: Vec<Renew>) -> Result<(), Wrong> {
        let rule = rules::RenewLeases { items: items.clone(), back_since_ms: self.model.back_since() };
        let told = |said: Vec<Result<rules::Renewed, Error>>| codes(said, |renewed| renewed.lease_until_ms);
        self.both(&rule, told, |model| each(items, |item| model.renew(item.handle.execution, item.handle.fence, item.ttl_ms)))?;
        Ok(())
    }

    pub(super) fn complete(&mut self, items: Vec<Complete>, next: Option<rules::Claim>) -> Result<(), Wrong> {
        let rule = rules::CompleteExecutions { items: items.clone(), next: next.clone() };
        let told = |(said, claimed): rules::EndedAndClaimed| (codes(said, written), given(&claimed));
        let agreed = self.both(&rule, told, |model| {
            let before = next.map(|next| Before::of(model, next.request));
            let told = each(items, |item| model.complete(item.handle.execution, item.handle.fence, &item.facts))?;
            Ok((told, before.map_or_else(Vec::new, |before| before.claim_after(model))))
        })?;
        self.remember(agreed.map(|(_, claimed)| claimed).unwrap_or_default());
        Ok(())
    }

    pub(super) fn fail(&mut self, items: Vec<(Fail, u64)>, next: Option<rules::Claim>) -> Result<(), Wrong> {
        let rule = rules::FailExecutions { items: items.clone(), next: next.clone() };
        let told = |(said, claimed): rules::EndedAndClaimed| (codes(said, written), given(&claimed));
        let agreed = self.both(&rule, told, |model: &mut Model| {
            let before = next.map(|next| Before::of(model, next.request));
            let told = each(items, |(item, _)| model.fail(item.handle.execution, item.handle.fence, &item.failure))?;
            Ok((told, before.map_or_else(Vec::new, |before| before.claim_after(model))))
        })?;
        self.remember(agreed.map(|(_, claimed)| claimed).unwrap_or_default());
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

/// What there was before the ends that a claim goes along with.
struct Before {
    request: ClaimRequest,
    in_line: Vec<ExecutionId>,
    ready: BTreeSet<ExecutionId>,
    /// Ends whose consequences were left for later.
    left: BTreeSet<ExecutionId>,
    /// F-5: a token that gave something before this call claims nothing new, even if the call ends all of that.
    is_used: bool,
}

impl Before {
    fn of(model: &Model, request: ClaimRequest) -> Self {
        let (in_line, ready, left) = (model.in_line(&request), model.ready(), model.left());
        Self { in_line, ready, left, is_used: model.holds_by(&request), request }
    }

    /// The claim itself: the consequences of the ends are drawn first.
    fn claim_after(self, model: &mut Model) -> Vec<model::Given> {
        // Whoever is ready in a run that is now being cancelled is turned away by the claim, not before.
        let cancelled = std::mem::take(&mut model.seen.cancelled);
        let marks = model.seen.marks.clone();
        model.seen.marks.extend(self.left_still(model));
        model.follow();
        model.seen.marks = marks;
        // Who came to be ready only now is turned away in the same order, as far as the claim went.
        let came = model.ready();
        model.seen.ready_before.extend(came.difference(&self.ready).filter(|id| cancelled.contains(id)));
        model.seen.cancelled = cancelled;
        match (self.is_used, model.holds_by(&self.request)) {
            (true, false) => Vec::new(),
            (_, true) => model.claim(&self.request),
            (false, false) => model.claim_after(&self.in_line, &self.request),
        }
    }

    /// Ends that were left for later in runs where the call ended nothing: what settles them comes after the claim, if at all (E-9).
    fn left_still(&self, model: &Model) -> Vec<ExecutionId> {
        let run_of = |id: &ExecutionId| model.executions[id].run;
        let touched: BTreeSet<_> = model.left().difference(&self.left).filter_map(run_of).collect();
        self.left.iter().filter(|id| run_of(id).is_none_or(|run| !touched.contains(&run))).copied().collect()
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
