//! A mixed load in real time: submitters, workers, an operator, and the engine's own background work. Whatever fails is done again with the same
//! key; what succeeded is written into the ledger.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use levada_base::{Error, Kind};
use levada_store::alphabets::FailureClass;
use levada_store::limits::RETENTION_MS_DEFAULT;
use levada_store::{RunId, Store, Token};
use levada_tasks::Tasks;
use levada_tasks::rules::Claimed;
use levada_tasks::spec::{ClaimRequest, Complete, Payload, RunGraph};
use tokio::task::JoinSet;

use super::ledger::{Entry, Ledger};
use super::pace;
use super::scene::{broken, member, race};
use crate::ring0::Dice;

/// How much is done and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Chooses the tokens of claims, so that two processes never share one.
    pub seed: u64,
    pub first_run: u64,
    pub runs: u64,
    pub workers: u64,
    /// Executions of one claim.
    pub batch: u32,
}

/// The lease of the load's workers: what a killed process held is free again soon.
const TTL_MS: i64 = 1_000;
/// Pause after a refusal.
const PAUSE: Duration = Duration::from_millis(20);
/// How long a claim that finds nothing waits, and how often a waiting submitter looks whether it is to stop.
const WAIT_MS: i64 = 200;
/// Runs of a load begin here; each has numbers of its own for its members.
const RUNS: u128 = 1 << 80;
/// One run in so many is cancelled by the operator.
const CANCELLED_IN: u64 = 7;

/// The n-th run of all loads.
#[must_use]
pub fn run_id(n: u64) -> RunId {
    RunId(RUNS + (u128::from(n) << 16))
}

/// Which of all loads' runs it is.
#[must_use]
pub fn run_number(id: RunId) -> Option<u64> {
    u64::try_from(id.0.checked_sub(RUNS)? >> 16).ok()
}

fn graph(n: u64) -> RunGraph {
    let mut graph = race(run_id(n));
    graph.options.retention_ms = RETENTION_MS_DEFAULT;
    for node in &mut graph.nodes {
        // What the load fails now and then is tried again at once.
        node.execution.policy.retry.backoff.initial_ms = 1;
        node.execution.policy.retry.max_retries = None;
        node.execution.policy.crash.crashes_max = 1_000;
        node.execution.policy.crash.backoff.initial_ms = 1;
        node.execution.policy.crash.backoff.max_ms = 100;
    }
    graph
}

impl Load {
    /// Works until every run is submitted and has ended, or until told to stop.
    ///
    /// # Errors
    /// What the ledger says, or an error of the engine that no load may meet.
    pub async fn work<S: Store>(self, tasks: &Tasks<S>, ledger: &Ledger, stop: Arc<AtomicBool>) -> Result<()> {
        let mut all = JoinSet::new();
        for worker in 0..self.workers {
            let (tasks, ledger, stop) = (tasks.clone(), ledger.clone(), Arc::clone(&stop));
            all.spawn(async move { self.worker(worker, &tasks, &ledger, &stop).await });
        }
        let (submitter, book, stopping) = (tasks.clone(), ledger.clone(), Arc::clone(&stop));
        all.spawn(async move {
            self.submit_all(&submitter, &book, &stopping).await?;
            self.wait_for_all(&submitter, &book, &stopping).await?;
            stopping.store(true, Ordering::Relaxed);
            Ok(())
        });
        while let Some(joined) = all.join_next().await {
            let result = joined?;
            if result.is_err() {
                stop.store(true, Ordering::Relaxed);
            }
            result?;
        }
        Ok(())
    }

    async fn submit_all<S: Store>(self, tasks: &Tasks<S>, ledger: &Ledger, stop: &AtomicBool) -> Result<()> {
        for n in self.first_run..self.first_run + self.runs {
            let submitted = until_done(ledger, stop, || tasks.submit_run(graph(n))).await?;
            if submitted.is_none() {
                return Ok(());
            }
            ledger.write(&Entry::Submitted(run_id(n)))?;
            if n % CANCELLED_IN == 0 {
                until_done(ledger, stop, || tasks.cancel_execution(member(run_id(n), 1), "operator")).await?;
            }
        }
        Ok(())
    }

    async fn wait_for_all<S: Store>(self, tasks: &Tasks<S>, ledger: &Ledger, stop: &AtomicBool) -> Result<()> {
        for n in self.first_run..self.first_run + self.runs {
            while !stop.load(Ordering::Relaxed) {
                let within = Duration::from_millis(WAIT_MS.unsigned_abs());
                let view = until_done(ledger, stop, || tasks.wait_for_run(run_id(n), within)).await?;
                if view.is_some_and(|view| view.run.ended_ms.is_some()) {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn worker<S: Store>(self, worker: u64, tasks: &Tasks<S>, ledger: &Ledger, stop: &AtomicBool) -> Result<()> {
        let mut dice = Dice::new(self.seed.wrapping_mul(1_000).wrapping_add(worker));
        let instance = format!("worker-{}-{worker}", self.seed);
        while !stop.load(Ordering::Relaxed) {
            let token = Token((u128::from(dice.word()) << 64) | u128::from(dice.word()));
            let request = ClaimRequest::of_lane("default", &instance, self.batch, token);
            let request = ClaimRequest { ttl_ms: TTL_MS, wait_ms: WAIT_MS, ..request };
            let claimed = until_done(ledger, stop, || tasks.claim(request.clone())).await?.unwrap_or_default();
            for one in claimed {
                handle(tasks, ledger, stop, &mut dice, &one).await?;
            }
        }
        Ok(())
    }
}

/// Works on one execution: its effect first, then what the engine is told.
async fn handle<S: Store>(
    tasks: &Tasks<S>,
    ledger: &Ledger,
    stop: &AtomicBool,
    dice: &mut Dice,
    claimed: &Claimed,
) -> Result<()> {
    let handle = claimed.handle;
    let (execution, generation, attempt) = (handle.execution, claimed.generation, handle.attempt_no);
    if dice.one_in(10) {
        let items = vec![broken(handle, FailureClass::Transient)];
        until_done(ledger, stop, || async { tasks.fail(items.clone(), None).await?.0.remove(0) }).await?;
        return Ok(());
    }
    ledger.write(&Entry::Worked { execution, generation, attempt })?;
    let item = Complete { handle, result: Payload::Inline(attempt.to_be_bytes().to_vec()), facts: Default::default() };
    let done = until_done(ledger, stop, || async { tasks.complete(vec![item.clone()], None).await?.0.remove(0) }).await?;
    if done.is_some() {
        ledger.write(&Entry::Recorded { execution, generation, attempt })?;
    }
    Ok(())
}

/// Calls again while the engine says that this may help; none if it is refused for good, or if there is no time left.
async fn until_done<T, F: Future<Output = Result<T, Error>>>(
    ledger: &Ledger,
    stop: &AtomicBool,
    call: impl Fn() -> F,
) -> Result<Option<T>> {
    loop {
        let error = match call().await {
            Ok(done) => return Ok(Some(done)),
            Err(error) => error,
        };
        ledger.write(&Entry::Refused(error.code().to_string()))?;
        match error.kind() {
            Kind::Unavailable if !stop.load(Ordering::Relaxed) => pace::pass(PAUSE).await,
            Kind::Unavailable | Kind::Closed | Kind::Conflict => return Ok(None),
            _ => return Err(error.into()),
        }
    }
}
