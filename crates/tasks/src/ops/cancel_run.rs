//! Cancelling a run, and waiting until its members have ended.
//!
//! Waiting holds nothing of the store: it listens to the run's wake-ups and looks again after [`LOOK_MS`] in case one was lost.

use std::time::Duration;

use levada_base::Error;
use levada_store::alphabets::{CancelPolicy, Cause, Outcome, Phase, PublicState, RunPhase};
use levada_store::rows::{Execution, Run};
use levada_store::{ExecutionFilter, ExecutionId, PageCursor, Query, RunId, Scope, Store, Wake, WakeReceiver};
use tokio::sync::broadcast::error::RecvError;

use super::Tasks;
use crate::rules::{self, Applied};
use crate::spec::{CancelRun, Wait};
use crate::timer;

/// The longest wait of a cancel.
pub const CANCEL_WAIT_MS_MAX: u64 = 300_000;
/// Ids that an expired wait lists.
pub const REMAINING_IDS_MAX: usize = 1_000;

pub(super) const LOOK_MS: u64 = 1_000;
const PAGE: u32 = 1_000;

/// What a cancel did, as far as it was waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelledRun {
    pub applied: Applied,
    /// What is in force: the first cancel's, or a stronger one's.
    pub policy: CancelPolicy,
    pub reason: String,
    pub progress: CancelProgress,
}

/// How far a cancel is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CancelProgress {
    /// The run had ended before.
    Ended { outcome: Outcome },
    /// Not waited for.
    Scheduled { remaining: u64 },
    /// Every member that the policy ends has ended.
    Cancelled(CancelCounts),
    WaitExpired {
        remaining: u64,
        /// The first of them, in the order of creation.
        ids: Vec<ExecutionId>,
    },
}

/// What became of the members of a cancelled run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CancelCounts {
    pub cancelled: u64,
    pub already_ended: u64,
    /// Active, and left to finish.
    pub left_running: u64,
    /// Neither active nor ended: finalizers, and members of a run that is only marked.
    pub untouched: u64,
}

impl<S: Store> Tasks<S> {
    /// Cancels a run, or strengthens the cancel that is under way, and waits as `cancel` says.
    ///
    /// # Errors
    /// `LV-T002`.
    pub async fn cancel_run(&self, run: RunId, cancel: CancelRun) -> Result<CancelledRun, Error> {
        // Listening begins before the cancel: no wake-up falls between the two.
        let wakes = self.engine.store.wake();
        let CancelRun { policy, wait, reason, actor, include_finalizers, grace_ms } = cancel;
        let rule = rules::CancelRun { run, policy, reason, actor, include_finalizers, grace_ms };
        let done = self.engine.act("cancel_run", rule).await?;
        let progress = match done.outcome {
            Some(outcome) if done.applied == Applied::AlreadyApplied => CancelProgress::Ended { outcome },
            _ => self.wait_for_cancel(run, wait, wakes).await?,
        };
        Ok(CancelledRun { applied: done.applied, policy: done.policy, reason: done.reason, progress })
    }

    async fn wait_for_cancel(&self, run: RunId, wait: Wait, wakes: WakeReceiver) -> Result<CancelProgress, Error> {
        let most = Duration::from_millis(CANCEL_WAIT_MS_MAX);
        let span = match wait {
            Wait::No => return Ok(CancelProgress::Scheduled { remaining: self.remaining(run).await?.0 }),
            Wait::For(span) => span.min(most),
            Wait::Indefinite => most,
        };
        match timer::within(span, self.until_cancelled(run, wakes)).await {
            Some(ended) => {
                ended?;
                Ok(CancelProgress::Cancelled(self.cancel_counts(run).await?))
            }
            None => {
                let (remaining, ids) = self.remaining(run).await?;
                Ok(CancelProgress::WaitExpired { remaining, ids })
            }
        }
    }

    async fn until_cancelled(&self, run: RunId, mut wakes: WakeReceiver) -> Result<(), Error> {
        loop {
            let header = self.run_header(run).await?;
            if header.phase == RunPhase::Ended || !header.cancel_backlog {
                return Ok(());
            }
            // A wake-up that does not come costs a look after a while.
            let _ = timer::within(Duration::from_millis(LOOK_MS), changed(run, &mut wakes)).await;
        }
    }

    pub(super) async fn run_header(&self, run: RunId) -> Result<Run, Error> {
        let mut page = self.engine.read(Query::Scope(Scope::Run(run))).await?;
        page.rows.runs.remove(&run).ok_or_else(|| rules::unknown("run", run))
    }

    /// The members that a cancel still has to end: how many, and the first of them.
    async fn remaining(&self, run: RunId) -> Result<(u64, Vec<ExecutionId>), Error> {
        let header = self.run_header(run).await?;
        let mut found = (0, Vec::new());
        if header.phase == RunPhase::Ended || !header.cancel_backlog {
            return Ok(found);
        }
        let ends = |row: &Execution| {
            let active = row.phase == Phase::Active && header.cancel_policy != Some(CancelPolicy::CancelAll);
            row.phase != Phase::Ended && !active && (header.cancel_finalizers || !row.finalizer)
        };
        self.each_member(run, &OPEN_STATES, |row| {
            if ends(row) {
                found.0 += 1;
                if found.1.len() < REMAINING_IDS_MAX {
                    found.1.push(row.id);
                }
            }
        })
        .await?;
        Ok(found)
    }

    async fn cancel_counts(&self, run: RunId) -> Result<CancelCounts, Error> {
        let mut counts = CancelCounts::default();
        self.each_member(run, &[], |row| {
            let by_it = row.cause == Some(Cause::RunCancelled);
            *match row.phase {
                Phase::Ended if by_it => &mut counts.cancelled,
                Phase::Ended => &mut counts.already_ended,
                Phase::Active => &mut counts.left_running,
                _ => &mut counts.untouched,
            } += 1;
        })
        .await?;
        Ok(counts)
    }

    async fn each_member(&self, run: RunId, states: &[PublicState], mut visit: impl FnMut(&Execution)) -> Result<(), Error> {
        let filter = ExecutionFilter { run: Some(run), states: states.to_vec(), ..ExecutionFilter::default() };
        let mut after = None;
        loop {
            let page = self.engine.read(Query::Executions(filter.clone(), after, PAGE)).await?;
            let mut rows: Vec<_> = page.rows.executions.values().collect();
            rows.sort_by_key(|row| PageCursor { created_ms: row.created_ms, id: row.id.0 });
            rows.into_iter().for_each(&mut visit);
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

const OPEN_STATES: [PublicState; 8] = [
    PublicState::Staged,
    PublicState::Ready,
    PublicState::WaitingEdges,
    PublicState::Delayed,
    PublicState::Held,
    PublicState::Limited,
    PublicState::Active,
    PublicState::Suspended,
];

/// Until something of the run changed, or may have.
pub(super) async fn changed(run: RunId, wakes: &mut WakeReceiver) {
    loop {
        match wakes.recv().await {
            Ok(Wake::Run(id) | Wake::Backlog(id)) if id == run => return,
            Ok(Wake::All) | Err(RecvError::Lagged(_)) => return,
            // The store is gone: the look after a while says so.
            Err(RecvError::Closed) => std::future::pending().await,
            Ok(_) => {}
        }
    }
}
