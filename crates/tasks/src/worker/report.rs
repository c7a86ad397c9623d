//! Recording verdicts: whatever has gathered while the last call was on its way goes with the next one.

use std::time::Duration;

use levada_base::{Error, Kind};

use super::{Service, Verdict};
use crate::rules::Claimed;
use crate::spec::{ClaimRequest, Complete, Delay, Fail, Handle, Skip};
use crate::timer;

/// Verdicts by the call that records them.
#[derive(Default, Clone)]
pub(super) struct Verdicts {
    completes: Vec<Complete>,
    fails: Vec<Fail>,
    skips: Vec<Skip>,
    delays: Vec<(Handle, i64)>,
}

/// What recording came to.
#[derive(Default)]
pub(super) struct Recorded {
    pub recorded: u64,
    /// The lease was lost before.
    pub lost: u64,
    pub claimed: Vec<Claimed>,
    /// The claim that went along was answered.
    pub asked: bool,
}

/// The pause before a call is repeated, and the longest one.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);

impl Verdicts {
    pub(super) fn push(&mut self, handle: Handle, verdict: Verdict) {
        match verdict {
            Verdict::Done(done) => self.completes.push(Complete { handle, result: done.result, facts: done.facts }),
            Verdict::Failed(failure) => self.fails.push(Fail { handle, failure }),
            Verdict::Skip { reason } => self.skips.push(Skip { handle, reason }),
            Verdict::Delay { for_ms } => self.delays.push((handle, for_ms)),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.completes.len() + self.fails.len() + self.skips.len() + self.delays.len()
    }

    /// Takes up to a call's worth of each kind.
    pub(super) fn take(&mut self, most: usize) -> Self {
        let Self { completes, fails, skips, delays } = self;
        Self {
            completes: completes.drain(..completes.len().min(most)).collect(),
            fails: fails.drain(..fails.len().min(most)).collect(),
            skips: skips.drain(..skips.len().min(most)).collect(),
            delays: delays.drain(..delays.len().min(most)).collect(),
        }
    }

    /// Records all of them, however long the store is away: repeating is harmless, and the answer is the same.
    pub(super) async fn record<S: Service>(self, service: S, next: Option<ClaimRequest>) -> Recorded {
        let mut recorded = Recorded::default();
        if !self.completes.is_empty() {
            let call = || service.complete(self.completes.clone(), next.clone());
            match until_answered(call).await {
                Ok((results, claimed)) => {
                    recorded.count(results);
                    recorded.claimed = claimed;
                    recorded.asked = next.is_some();
                }
                Err(_) => recorded.lost += self.completes.len() as u64,
            }
        }
        if !self.fails.is_empty() {
            recorded.take(until_answered(|| service.fail(self.fails.clone())).await, self.fails.len());
        }
        if !self.skips.is_empty() {
            recorded.take(until_answered(|| service.skip(self.skips.clone())).await, self.skips.len());
        }
        if !self.delays.is_empty() {
            let until = until_answered(|| service.now()).await.unwrap_or_default();
            let delay =
                |(handle, for_ms): &(Handle, i64)| Delay { handle: *handle, until_ms: until.saturating_add((*for_ms).max(1)) };
            let delays: Vec<_> = self.delays.iter().map(delay).collect();
            recorded.take(until_answered(|| service.delay(delays.clone())).await, delays.len());
        }
        recorded
    }
}

impl Recorded {
    fn take<T>(&mut self, results: Result<Vec<Result<T, Error>>, Error>, items: usize) {
        match results {
            Ok(results) => self.count(results),
            Err(_) => self.lost += items as u64,
        }
    }

    fn count<T>(&mut self, results: Vec<Result<T, Error>>) {
        for result in results {
            *(if result.is_ok() { &mut self.recorded } else { &mut self.lost }) += 1;
        }
    }
}

/// Repeats a call while the store is away or contended.
async fn until_answered<T, F: Future<Output = Result<T, Error>>>(call: impl Fn() -> F) -> Result<T, Error> {
    let mut pause = PAUSE_MIN;
    loop {
        match call().await {
            Err(error) if matches!(error.kind(), Kind::Unavailable | Kind::NotReady) => {
                timer::sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
            answered => return answered,
        }
    }
}
