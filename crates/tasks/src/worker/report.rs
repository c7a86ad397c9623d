//! Recording verdicts: whatever has gathered while the last call was on its way goes with the next one.

use std::time::Duration;

use levada_base::{Error, Kind, codes};
use levada_store::alphabets::FailureClass;
use levada_store::limits;

use super::{Service, Verdict};
use crate::rules::{Claimed, Written};
use crate::spec::{ClaimRequest, Complete, Delay, Fail, Failure, Handle, Skip};
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
    /// Whose verdicts these were.
    pub handles: Vec<Handle>,
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

    fn handles(&self) -> Vec<Handle> {
        let completes = self.completes.iter().map(|item| item.handle);
        let fails = self.fails.iter().map(|item| item.handle);
        let skips = self.skips.iter().map(|item| item.handle);
        completes.chain(fails).chain(skips).chain(self.delays.iter().map(|(handle, _)| *handle)).collect()
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

    /// Records all of them, however long the store is away: repeating is harmless, and the answer is the same. What is refused for what
    /// it says (a result that is too large) is recorded as a failure: nobody would end the attempt otherwise.
    pub(super) async fn record<S: Service>(mut self, service: S, next: Option<ClaimRequest>) -> Recorded {
        let mut recorded = Recorded { handles: self.handles(), ..Recorded::default() };
        if !self.completes.is_empty() {
            let (results, claimed) = complete(&service, &self.completes, next, &mut recorded).await;
            recorded.claimed = claimed;
            let refused = recorded.count(self.completes.iter().map(|item| item.handle), results);
            self.fails.extend(refused.map(|(handle, error)| instead(handle, "result_refused", &error)));
        }
        if !self.skips.is_empty() {
            let results = until_answered(|| service.skip(self.skips.clone())).await;
            let refused = recorded.count(self.skips.iter().map(|item| item.handle), results);
            self.fails.extend(refused.map(|(handle, error)| instead(handle, "skip_refused", &error)));
        }
        if !self.delays.is_empty() {
            let results = delayed(&service, &self.delays).await;
            let refused = recorded.count(self.delays.iter().map(|(handle, _)| *handle), results);
            self.fails.extend(refused.map(|(handle, error)| instead(handle, "delay_refused", &error)));
        }
        for part in self.fails.chunks(limits::WRITE_BATCH_MAX) {
            let results = until_answered(|| service.fail(part.to_vec())).await;
            let refused = recorded.count(part.iter().map(|item| item.handle), results);
            let again: Vec<_> = refused.map(|(handle, error)| instead(handle, "failure_refused", &error)).collect();
            if !again.is_empty() {
                let results = until_answered(|| service.fail(again.clone())).await;
                let refused = recorded.count(again.iter().map(|item| item.handle), results);
                recorded.lost += refused.count() as u64;
            }
        }
        recorded
    }
}

/// Records results and asks for work. A claim that is refused must not keep them from being recorded.
async fn complete<S: Service>(
    service: &S,
    items: &[Complete],
    next: Option<ClaimRequest>,
    recorded: &mut Recorded,
) -> (Result<Results, Error>, Vec<Claimed>) {
    match until_answered(|| service.complete(items.to_vec(), next.clone())).await {
        Ok((results, claimed)) => {
            recorded.asked = next.is_some();
            (Ok(results), claimed)
        }
        Err(_) if next.is_some() => match until_answered(|| service.complete(items.to_vec(), None)).await {
            Ok((results, _)) => (Ok(results), Vec::new()),
            Err(error) => (Err(error), Vec::new()),
        },
        Err(error) => (Err(error), Vec::new()),
    }
}

type Results = Vec<Result<Written, Error>>;

/// Gives back what is to go on later, each after its span from store time. Without that time nothing is delayed.
async fn delayed<S: Service>(service: &S, spans: &[(Handle, i64)]) -> Result<Results, Error> {
    let now_ms = until_answered(|| service.now()).await?;
    let until_ms = |for_ms: i64| now_ms.saturating_add(for_ms.max(1));
    let delays: Vec<_> = spans.iter().map(|(handle, for_ms)| Delay { handle: *handle, until_ms: until_ms(*for_ms) }).collect();
    until_answered(|| service.delay(delays.clone())).await
}

/// The failure that is recorded instead of a verdict that cannot be.
fn instead(handle: Handle, code: &str, error: &Error) -> Fail {
    let failure = Failure { class: FailureClass::Permanent, code: code.to_owned(), message: error.to_string() };
    Fail { handle, failure }
}

/// Whether a verdict is refused for what it says, not for who says it or when.
fn is_refused(error: &Error) -> bool {
    [codes::LV_T001, codes::LV_T003].contains(&error.code())
}

impl Recorded {
    /// Counts what was recorded and what came too late; gives back what was refused.
    fn count(
        &mut self,
        handles: impl ExactSizeIterator<Item = Handle>,
        results: Result<Results, Error>,
    ) -> impl Iterator<Item = (Handle, Error)> {
        let mut refused = Vec::new();
        match results {
            Ok(results) => {
                for (handle, result) in handles.zip(results) {
                    match result {
                        Ok(_) => self.recorded += 1,
                        Err(error) if is_refused(&error) => refused.push((handle, error)),
                        Err(_) => self.lost += 1,
                    }
                }
            }
            Err(_) => self.lost += handles.len() as u64,
        }
        refused.into_iter()
    }
}

/// Repeats a call while the store is away or contended.
pub(super) async fn until_answered<T, F: Future<Output = Result<T, Error>>>(call: impl Fn() -> F) -> Result<T, Error> {
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
