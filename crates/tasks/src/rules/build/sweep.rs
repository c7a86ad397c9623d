//! Times of runs that passed: their deadline, the time to build them, the grace of a mark_only cancel.
//!
//! Only headers are written here. Members are ended by the cancel backlog, which is why a sweep of many runs stays small.

use levada_base::Error;
use levada_store::alphabets::{CancelPolicy, Cause, RunPhase};
use levada_store::rows::Run;
use levada_store::{DueKind, RunId, Scope};
use serde::{Deserialize, Serialize};

use super::super::{Draft, Rule};

/// Handle the runs whose time of this kind has come: [`DueKind::RunDeadline`], [`DueKind::Building`] or [`DueKind::CancelGrace`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepRuns {
    pub kind: DueKind,
    pub limit: u32,
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RunsSwept {
    /// Deadlines that passed.
    pub expired: u32,
    /// Runs that were never sealed.
    pub never_sealed: u32,
    /// mark_only cancels that became cancel_pending.
    pub grace_over: u32,
}

impl RunsSwept {
    /// How many runs were handled.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.expired + self.never_sealed + self.grace_over
    }
}

impl Rule for SweepRuns {
    type Answer = RunsSwept;

    fn scope(&self) -> Scope {
        Scope::Due(self.kind, self.limit.into())
    }

    fn decide(&self, draft: &mut Draft) -> Result<RunsSwept, Error> {
        let now_ms = draft.now();
        let mut swept = RunsSwept::default();
        let locked: Vec<Run> = draft.state.locked_runs.iter().filter_map(|id| draft.state.runs.get(id).cloned()).collect();
        for run in locked {
            let is_due = |at: Option<i64>| at.is_some_and(|at| at <= now_ms);
            match self.kind {
                DueKind::RunDeadline if is_due(run.deadline_ms) => {
                    draft.expire_run(&run)?;
                    swept.expired += 1;
                }
                DueKind::Building if is_due(run.build_deadline_ms) && run.phase == RunPhase::Building => {
                    draft.never_sealed(run.id)?;
                    swept.never_sealed += 1;
                }
                DueKind::CancelGrace if is_due(run.cancel_grace_ms) => {
                    draft.grace_over(&run)?;
                    swept.grace_over += 1;
                }
                _ => {}
            }
        }
        Ok(swept)
    }
}

/// Who cancels when a time passes.
const ENGINE: &str = "engine";

impl Draft<'_> {
    /// A run that was not cancelled before ends expired. A cancel that is under way keeps its outcome, but waits no longer.
    fn expire_run(&mut self, run: &Run) -> Result<(), Error> {
        let row = self.run_mut(run.id)?;
        row.deadline_ms = None;
        row.expired |= row.phase == RunPhase::Running;
        if run.cancel_policy != Some(CancelPolicy::CancelAll) {
            self.begin_cancel(run.id, CancelPolicy::CancelAll, Cause::RunExpired, "deadline", ENGINE)?;
        }
        self.finish_run(run.id);
        Ok(())
    }

    fn never_sealed(&mut self, run: RunId) -> Result<(), Error> {
        self.begin_cancel(run, CancelPolicy::CancelAll, Cause::NeverSealed, "never sealed", ENGINE)?;
        // A graph that was never sealed has nothing to finalize.
        self.run_mut(run)?.cancel_finalizers = true;
        self.finish_run(run);
        Ok(())
    }

    /// What was only marked is cancelled now; what was cancelled is looked at once more.
    fn grace_over(&mut self, run: &Run) -> Result<(), Error> {
        if run.cancel_policy == Some(CancelPolicy::CancelPending) {
            let row = self.run_mut(run.id)?;
            row.cancel_grace_ms = None;
            row.cancel_backlog = true;
            return Ok(());
        }
        let reason = run.cancel_reason.clone().unwrap_or_default();
        let actor = run.cancel_actor.clone().unwrap_or_default();
        self.begin_cancel(run.id, CancelPolicy::CancelPending, Cause::Operator, &reason, &actor)
    }
}
