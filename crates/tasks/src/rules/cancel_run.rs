//! Cancelling a run: the header first, then its members, as many as fit into the transaction.

use levada_base::Error;
use levada_store::alphabets::{CancelPolicy, Cause, EventKind, Hold, Outcome, Phase, RunPhase};
use levada_store::limits::{CANCEL_BATCH_MAX, CANCEL_LOOK_AGAIN_MS};
use levada_store::rows::{Execution, Run};
use levada_store::{ExecutionId, RunId, Scope};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::end::End;
use super::{Applied, Draft, Rule, validate};

/// Cancel a run, or strengthen the cancel that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelRun {
    pub run: RunId,
    pub policy: CancelPolicy,
    pub reason: String,
    pub actor: String,
    pub include_finalizers: bool,
    pub grace_ms: i64,
}

/// What a cancel found and did in its own transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunCancelled {
    pub applied: Applied,
    /// What is in force now; the first one's, or a stronger one's.
    pub policy: CancelPolicy,
    pub reason: String,
    /// How the run ended, if it has.
    pub outcome: Option<Outcome>,
    /// Members that the cancel still has to end.
    pub has_backlog: bool,
}

/// Go on with the members of a run that is being cancelled by this policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelBacklog {
    pub run: RunId,
    pub policy: CancelPolicy,
    /// Finalizers are looked at, too: they are to end, or their turn has come and a pause that the cancel ended may hold them.
    pub include_finalizers: bool,
}

impl CancelBacklog {
    /// The next step for a run as it was read.
    #[must_use]
    pub fn of(run: &Run) -> Self {
        Self {
            run: run.id,
            policy: run.cancel_policy.unwrap_or(CancelPolicy::CancelAll),
            include_finalizers: run.cancel_finalizers || run.finalizers_released,
        }
    }
}

/// What one step of the backlog did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BacklogStep {
    pub cancelled: u32,
    /// Whether members are left to end.
    pub left: bool,
}

/// One more than a transaction ends, to see whether something is left.
fn members_scope(run: RunId, policy: CancelPolicy, finalizers: bool) -> Scope {
    let limit = u32::try_from(CANCEL_BATCH_MAX).unwrap_or(u32::MAX).saturating_add(1);
    Scope::OpenMembers { run, active: policy == CancelPolicy::CancelAll, finalizers, limit }
}

impl Rule for CancelRun {
    type Answer = RunCancelled;

    /// Finalizers too, even if they are spared: they may be held by a pause that the cancel ends.
    fn scope(&self) -> Scope {
        members_scope(self.run, self.policy, true)
    }

    fn decide(&self, draft: &mut Draft) -> Result<RunCancelled, Error> {
        validate::actor(&self.actor)?;
        validate::text("reason", &self.reason, validate::NOTE)?;
        validate::span("grace_ms", self.grace_ms, 0)?;
        let run = draft.run(self.run)?;
        // By the same policy a call is stronger if it is the first to name the finalizers.
        let names_finalizers = self.include_finalizers && !run.cancel_finalizers;
        let stronger =
            run.cancel_policy.is_none_or(|policy| self.policy > policy || (self.policy == policy && names_finalizers));
        let applied = if run.phase == RunPhase::Ended || (run.phase == RunPhase::Cancelling && !stronger) {
            Applied::AlreadyApplied
        } else {
            self.apply(draft)?;
            Applied::Applied
        };
        let run = draft.run(self.run)?;
        Ok(RunCancelled {
            applied,
            policy: run.cancel_policy.unwrap_or(self.policy),
            reason: run.cancel_reason.clone().unwrap_or_default(),
            outcome: run.outcome,
            has_backlog: run.cancel_backlog,
        })
    }
}

impl CancelRun {
    fn apply(&self, draft: &mut Draft) -> Result<(), Error> {
        let now_ms = draft.now();
        draft.begin_cancel(self.run, self.policy, Cause::Operator, &self.reason, &self.actor)?;
        let run = draft.run_mut(self.run)?;
        // A graph that was never sealed has nothing to finalize.
        run.cancel_finalizers |= self.include_finalizers || run.sealed_ms.is_none();
        if self.policy == CancelPolicy::MarkOnly {
            run.cancel_grace_ms = Some(now_ms.saturating_add(self.grace_ms));
        }
        draft.cancel_members(self.run)?;
        draft.settle()?;
        draft.finish_run(self.run);
        Ok(())
    }
}

impl Rule for CancelBacklog {
    type Answer = BacklogStep;

    /// Finalizers that still wait would only stand before those who are to end.
    fn scope(&self) -> Scope {
        members_scope(self.run, self.policy, self.include_finalizers)
    }

    fn decide(&self, draft: &mut Draft) -> Result<BacklogStep, Error> {
        if !draft.run(self.run).is_ok_and(|run| run.phase == RunPhase::Cancelling && run.cancel_backlog) {
            return Ok(BacklogStep::default());
        }
        if Self::of(draft.run(self.run)?) != *self {
            // A stronger call came in between: the slice may lack members that are to end now.
            return Ok(BacklogStep { cancelled: 0, left: true });
        }
        let cancelled = draft.cancel_members(self.run)?;
        draft.settle()?;
        draft.finish_run(self.run);
        Ok(BacklogStep { cancelled, left: draft.run(self.run)?.cancel_backlog })
    }
}

impl Draft<'_> {
    /// Writes the header of a cancel. Its members follow by [`Draft::cancel_members`], here or from the backlog.
    pub(crate) fn begin_cancel(
        &mut self,
        id: RunId,
        policy: CancelPolicy,
        cause: Cause,
        reason: &str,
        actor: &str,
    ) -> Result<(), Error> {
        let now_ms = self.now();
        let run = self.run_mut(id)?;
        // A call that is stronger than what the run's own answer to a failure began takes it over; one call keeps another's reason.
        let takes_over = cause == Cause::Operator && run.cause != Some(Cause::Operator);
        if run.phase != RunPhase::Cancelling || takes_over {
            run.cancel_reason = Some(reason.to_owned());
            run.cancel_actor = Some(actor.to_owned());
            run.cause = Some(cause);
        }
        run.phase = RunPhase::Cancelling;
        run.paused = false;
        run.build_deadline_ms = None;
        run.cancel_policy = Some(policy);
        // Who is active is neither locked nor ended here, and may be given back by a transaction that does not see this one.
        let looks_again = policy == CancelPolicy::CancelPending;
        run.cancel_grace_ms = looks_again.then(|| now_ms.saturating_add(CANCEL_LOOK_AGAIN_MS));
        run.cancel_backlog = policy != CancelPolicy::MarkOnly;
        let detail = json!({ "policy": policy.word(), "reason": reason });
        self.run_event(EventKind::RunCancelRequested, id, Some(actor), &detail);
        Ok(())
    }

    /// Ends the members that the policy ends, at most [`CANCEL_BATCH_MAX`], and takes note if some are left. Returns how many ended.
    pub(crate) fn cancel_members(&mut self, id: RunId) -> Result<u32, Error> {
        let run = self.run(id)?;
        let (policy, cause) = (run.cancel_policy.unwrap_or(CancelPolicy::CancelAll), run.cause.unwrap_or(Cause::Operator));
        if policy == CancelPolicy::MarkOnly {
            self.let_finalizers_go(id);
            return Ok(0);
        }
        let (with_finalizers, actor) = (run.cancel_finalizers, run.cancel_actor.clone());
        let member_cause = match cause {
            Cause::RunExpired | Cause::NeverSealed => cause,
            _ => Cause::RunCancelled,
        };
        let waiting =
            |row: &&Execution| row.phase != Phase::Ended && (policy == CancelPolicy::CancelAll || row.phase != Phase::Active);
        let open = self.members(id).filter(waiting).count();
        let losers = self.members(id).filter(waiting).filter(|row| with_finalizers || !row.finalizer);
        let mut losers: Vec<ExecutionId> = losers.map(|row| row.id).collect();
        losers.truncate(CANCEL_BATCH_MAX);
        let by_call = cause == Cause::Operator;
        for loser in &losers {
            self.end(*loser, End { by_call, ..End::by(member_cause, Outcome::Cancelled, actor.as_deref()) });
        }
        // The slice of a large run holds one member more than fits if there are more.
        let complete = open <= CANCEL_BATCH_MAX;
        self.let_finalizers_go(id);
        let run = self.run_mut(id)?;
        run.cancel_backlog = !complete;
        Ok(u32::try_from(losers.len()).unwrap_or(u32::MAX))
    }

    /// A run that is being cancelled is not paused any longer: its finalizers whose turn had come go on.
    fn let_finalizers_go(&mut self, id: RunId) {
        let held = self.members(id).filter(|row| row.finalizer && (row.phase, row.hold) == (Phase::Runnable, Hold::Operator));
        for finalizer in held.map(|row| row.id).collect::<Vec<_>>() {
            self.make_runnable(finalizer);
        }
    }
}
