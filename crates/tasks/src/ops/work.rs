//! What workers say about the executions they hold: renew, progress, complete, fail, skip, delay. Each call carries many items, and
//! each item has its own result.

use levada_base::{Error, codes};
use levada_store::{Store, limits};

use super::Tasks;
use crate::metrics;
use crate::rules::{
    CompleteExecutions, DelayExecutions, EndedAndClaimed, FailExecutions, RecordProgress, RenewLeases, Renewed, Rule,
    SkipExecutions, Written,
};
use crate::spec::{ClaimRequest, Complete, Delay, Fail, Handle, ProgressNote, Renew, Skip};

/// The results of the items of a call, in their order.
pub type Results<T> = Vec<Result<T, Error>>;

impl<S: Store> Tasks<S> {
    /// Keeps leases for another `ttl_ms` each. Renewals write no event.
    ///
    /// # Errors
    /// `LV-T001` for a call without items, `LV-T003` for one with too many; per item `LV-T002`, `LV-T101` … `LV-T104`, `LV-T106`, `LV-T110`.
    pub async fn renew(&self, items: Vec<Renew>) -> Result<Results<Renewed>, Error> {
        let (items, sorted) = self.sort("renew", items, |item| &item.handle);
        let Some(items) = items else { return Ok(sorted.merge(Vec::new())) };
        let rule = RenewLeases { items, back_since_ms: self.engine.back_since() };
        let mut results = self.engine.act("renew", rule.clone()).await?;
        if results.iter().any(is_late) {
            // Perhaps nobody could renew it in time: then it waits a while for that, F-11.
            let back_since_ms = self.engine.back_since_for_late().await?;
            if back_since_ms != rule.back_since_ms {
                results = self.engine.act("renew", RenewLeases { back_since_ms, ..rule }).await?;
            }
        }
        Ok(sorted.merge(results))
    }

    /// Notes how far the work is.
    ///
    /// # Errors
    /// `LV-T001` for a call without items, `LV-T003` for one with too many; per item `LV-T001` … `LV-T003`, `LV-T101` … `LV-T104`, `LV-T110`.
    pub async fn progress(&self, items: Vec<ProgressNote>) -> Result<Results<()>, Error> {
        let (items, sorted) = self.sort("progress", items, |item| &item.handle);
        let Some(items) = items else { return Ok(sorted.merge(Vec::new())) };
        Ok(sorted.merge(self.engine.act("progress", RecordProgress { items }).await?))
    }

    /// Records results, and in the same transaction claims what comes next. The claim does not wait, and is not made if every item
    /// is of another store.
    ///
    /// # Errors
    /// `LV-T001` for a call without items, `LV-T003` for one with too many, and those of a claim; per item `LV-T001` … `LV-T003`, `LV-T101` … `LV-T104`, `LV-T110`.
    pub async fn complete(&self, items: Vec<Complete>, next: Option<ClaimRequest>) -> Result<EndedAndClaimed, Error> {
        let next = next.map(|request| self.claim_rule(request));
        let (items, sorted) = self.sort("complete", items, |item| &item.handle);
        let Some(items) = items else { return Ok((sorted.merge(Vec::new()), Vec::new())) };
        let handles = items.iter().map(|item| item.handle).collect();
        let rule = CompleteExecutions { items, next };
        let (results, claimed) = self.write("complete", rule, handles, |answer| &mut answer.0).await?;
        Ok((sorted.merge(results), claimed))
    }

    /// Records failures, and in the same transaction claims what comes next. See [`Tasks::complete`].
    ///
    /// # Errors
    /// See [`Tasks::complete`].
    pub async fn fail(&self, items: Vec<Fail>, next: Option<ClaimRequest>) -> Result<EndedAndClaimed, Error> {
        let next = next.map(|request| self.claim_rule(request));
        let (items, sorted) = self.sort("fail", items, |item| &item.handle);
        let Some(items) = items else { return Ok((sorted.merge(Vec::new()), Vec::new())) };
        let handles = items.iter().map(|item| item.handle).collect();
        let items = items.into_iter().map(|item| (item, self.engine.world.random())).collect();
        let rule = FailExecutions { items, next };
        let (results, claimed) = self.write("fail", rule, handles, |answer| &mut answer.0).await?;
        Ok((sorted.merge(results), claimed))
    }

    /// Records that nothing was to be done.
    ///
    /// # Errors
    /// `LV-T001` for a call without items, `LV-T003` for one with too many; per item `LV-T002`, `LV-T101` … `LV-T104`, `LV-T110`.
    pub async fn skip(&self, items: Vec<Skip>) -> Result<Results<Written>, Error> {
        let (items, sorted) = self.sort("skip", items, |item| &item.handle);
        let Some(items) = items else { return Ok(sorted.merge(Vec::new())) };
        let handles = items.iter().map(|item| item.handle).collect();
        Ok(sorted.merge(self.write("skip", SkipExecutions { items }, handles, |answer| answer).await?))
    }

    /// Gives executions back until later; their attempts go on then.
    ///
    /// # Errors
    /// `LV-T001` for a call without items, `LV-T003` for one with too many; per item `LV-T001`, `LV-T002`, `LV-T101` … `LV-T104`, `LV-T110`.
    pub async fn delay(&self, items: Vec<Delay>) -> Result<Results<Written>, Error> {
        let (items, sorted) = self.sort("delay", items, |item| &item.handle);
        let Some(items) = items else { return Ok(sorted.merge(Vec::new())) };
        let handles = items.iter().map(|item| item.handle).collect();
        Ok(sorted.merge(self.write("delay", DelayExecutions { items }, handles, |answer| answer).await?))
    }

    /// A call that gives leases up. What a worker brings after an outage of all nodes is not lost because nobody could renew its lease in
    /// time: within the grace the lease is renewed, and the call made once more for those.
    async fn write<R>(
        &self,
        op: &'static str,
        rule: R,
        handles: Vec<Handle>,
        results: fn(&mut R::Answer) -> &mut Results<Written>,
    ) -> Result<R::Answer, Error>
    where
        R: Rule + Send + Sync + 'static,
        R::Answer: Send + 'static,
    {
        let mut answer = self.engine.act(op, rule.clone()).await?;
        let late = results(&mut answer).iter().zip(handles).filter(|(result, _)| is_late(result));
        let late: Vec<_> = late.map(|(_, handle)| Renew { handle, ttl_ms: limits::LEASE_TTL_MS_MIN }).collect();
        if late.is_empty() || self.renew(late).await?.iter().all(Result::is_err) {
            return Ok(answer);
        }
        // What is claimed is in the second answer: a token that was given something at first is given it again. What was not late was
        // decided by the first.
        let mut again = self.engine.act(op, rule).await?;
        let first = std::mem::take(results(&mut answer));
        for (result, first) in results(&mut again).iter_mut().zip(first).filter(|(_, first)| !is_late(first)) {
            *result = first;
        }
        Ok(again)
    }

    /// The items for the store, if it is to be asked at all, and the errors of those with handles of other stores.
    fn sort<I>(&self, op: &'static str, items: Vec<I>, handle: impl Fn(&I) -> &Handle) -> (Option<Vec<I>>, Sorted) {
        let refused: Vec<_> = items.iter().map(|item| self.own(handle(item)).err()).collect();
        let own: Vec<_> = items.into_iter().zip(&refused).filter_map(|(item, error)| error.is_none().then_some(item)).collect();
        // A call without items is refused by the rules.
        let asks = !own.is_empty() || refused.is_empty();
        (asks.then_some(own), Sorted { op, refused })
    }
}

/// Which items of a call were refused before the store was asked.
struct Sorted {
    op: &'static str,
    refused: Vec<Option<Error>>,
}

impl Sorted {
    /// All results in the order of the items.
    fn merge<T>(self, answered: Results<T>) -> Results<T> {
        let mut answered = answered.into_iter();
        let missing = || Err(Error::internal("a call answered fewer items than it was given"));
        let results = self.refused.into_iter().map(|refused| match refused {
            Some(error) => Err(error),
            None => answered.next().unwrap_or_else(missing),
        });
        let results: Results<T> = results.collect();
        results.iter().filter_map(|result| result.as_ref().err()).filter(|error| is_stale(error)).for_each(|error| {
            metrics::stale_write(self.op, error);
        });
        results
    }
}

/// Whether the lease ended and nobody took it away yet.
fn is_late<T>(result: &Result<T, Error>) -> bool {
    result.as_ref().is_err_and(|error| error.code() == codes::LV_T102)
}

/// Whether the writer does not own the execution any longer.
fn is_stale(error: &Error) -> bool {
    [codes::LV_T101, codes::LV_T102, codes::LV_T103, codes::LV_T104].contains(&error.code())
}
