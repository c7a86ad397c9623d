//! Cancelling runs: §3.7, K-1 … K-5, and the deadline of a run (Y-08).

use levada_store::alphabets::{AttemptState, CancelPolicy, Cause, EventKind, Outcome, Phase, RunPhase};
use levada_store::{ExecutionId, RunId};

use super::{Cancel, Model, Refused};

/// What a cancel found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    Applied(CancelPolicy),
    Already(CancelPolicy),
    /// The run is over.
    Over(Outcome),
}

impl Model {
    /// cancel_run.
    ///
    /// # Errors
    /// T002.
    pub fn cancel_run(&mut self, run: RunId, cancel: Cancel) -> Result<Cancelled, Refused> {
        let header = self.runs.get(&run).ok_or("LV-T002")?;
        match (header.outcome, header.cancel) {
            (Some(outcome), _) => return Ok(Cancelled::Over(outcome)),
            // G-7: naming the finalizers is not ignored, so by the same policy it makes a call the stronger one.
            (None, Some(stored))
                if stored.policy > cancel.policy
                    || (stored.policy == cancel.policy && (stored.finalizers_too || !cancel.finalizers_too)) =>
            {
                return Ok(Cancelled::Already(stored.policy));
            }
            (None, Some(stored)) => {
                let finalizers_too = stored.finalizers_too || cancel.finalizers_too;
                self.begin_cancel(run, Cancel { finalizers_too, ..cancel });
            }
            (None, None) => self.begin_cancel(run, cancel),
        }
        while self.end_some_doomed(run) {}
        Ok(Cancelled::Applied(cancel.policy))
    }

    /// The header of a cancel.
    pub(super) fn begin_cancel(&mut self, run: RunId, cancel: Cancel) {
        let header = self.run_mut(run);
        header.phase = RunPhase::Cancelling;
        header.paused = false;
        header.build_deadline_ms = None;
        // A graph that was never sealed has nothing to finalize.
        let finalizers_too = cancel.finalizers_too || !header.sealed;
        header.cancel = Some(Cancel { finalizers_too, ..cancel });
        self.say_run(EventKind::RunCancelRequested, run);
    }

    /// Members that the cancel in force ends and that live still, in the order of their ids.
    #[must_use]
    pub fn doomed(&self, run: RunId) -> Vec<ExecutionId> {
        let header = &self.runs[&run];
        let Some(cancel) = header.cancel.filter(|_| header.phase == RunPhase::Cancelling) else { return Vec::new() };
        let is_doomed = |row: &&super::Execution| {
            let by_policy = match cancel.policy {
                CancelPolicy::MarkOnly => false,
                CancelPolicy::CancelPending => row.phase != Phase::Active,
                CancelPolicy::CancelAll => true,
            };
            let spared = row.finalizer && !cancel.finalizers_too;
            row.phase != Phase::Ended && by_policy && !spared
        };
        self.members(run).filter(is_doomed).map(|row| row.id).collect()
    }

    pub(super) fn end_by_cancel(&mut self, id: ExecutionId) {
        let run = self.execution(id).run.expect("only members are doomed");
        let cancel = self.runs[&run].cancel.expect("only the members of a run that is cancelled are doomed");
        self.end(id, Outcome::Cancelled, cancel.cause, Some(AttemptState::Cancelled));
        if let Some(end) = &mut self.execution_mut(id).end {
            end.by_call = cancel.explicit;
        }
    }

    /// One step of the backlog worker.
    pub fn cancel_backlog(&mut self, run: RunId) {
        while self.end_some_doomed(run) {}
    }

    /// Y-08: like cancel_all, and the outcome is expired, unless it was being cancelled before: then that goes on as cancel_all.
    pub(super) fn expire_run(&mut self, run: RunId) {
        let header = self.run_mut(run);
        header.deadline_ms = None;
        header.expired |= header.phase == RunPhase::Running;
        let stored = header.cancel.filter(|_| header.phase == RunPhase::Cancelling);
        let (finalizers_too, cause, explicit) =
            stored.map_or((false, Cause::RunExpired, false), |stored| (stored.finalizers_too, stored.cause, stored.explicit));
        self.begin_cancel(run, Cancel { policy: CancelPolicy::CancelAll, explicit, cause, finalizers_too, grace_ms: None });
        while self.end_some_doomed(run) {}
    }
}
