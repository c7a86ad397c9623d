//! What a cancel under way does to a run and its members.

use levada_store::alphabets::{CancelPolicy, Hold, Phase, RunPhase};
use levada_store::rows::{Execution, Run};

use super::{Operation, Owner, Reason, Trigger, Why};

/// Whether the cancel of its run ends a member that has not ended, now or after its grace.
pub(super) fn reaches(run: &Run, row: &Execution) -> bool {
    let spared = row.finalizer && !run.cancel_finalizers;
    let left_to_finish = row.phase == Phase::Active && run.cancel_policy != Some(CancelPolicy::CancelAll);
    run.phase == RunPhase::Cancelling && row.phase != Phase::Ended && !spared && !left_to_finish
}

/// The reason of a run that is being cancelled. Without a backlog it is left to what still works and to finalizers. Only where members are
/// merely marked is there a time at which more is done to it: another run's later look is for members that come back by then.
pub(super) fn of_run(run: &Run) -> Reason {
    let later_ms = run.cancel_grace_ms.filter(|_| run.cancel_policy == Some(CancelPolicy::MarkOnly));
    reason(run, background(run, later_ms).unwrap_or(Owner::Upstream), later_ms)
}

/// The reason of a member that the cancel is to end. Where no background worker is to do it, the next claim ends what is ready; none if
/// nobody would.
pub(super) fn of_member(run: &Run, row: &Execution) -> Option<Reason> {
    let by_claim = (row.phase, row.hold) == (Phase::Runnable, Hold::None);
    let owner = background(run, run.cancel_grace_ms).or_else(|| by_claim.then_some(Owner::AnyWorker));
    owner.map(|owner| reason(run, owner, run.cancel_grace_ms))
}

fn background(run: &Run, later_ms: Option<i64>) -> Option<Owner> {
    (run.cancel_backlog || later_ms.is_some()).then(|| Owner::background("cancel_backlog"))
}

fn reason(run: &Run, owner: Owner, later_ms: Option<i64>) -> Reason {
    let why = Why::Cancelling { run: run.id, policy: run.cancel_policy, left: i64::from(run.open()) };
    let operation = if run.cancel_backlog {
        Operation::Tick { worker: "cancel_backlog".to_owned() }
    } else {
        Operation::CancelRun { run: run.id }
    };
    Reason::new(why, None, owner, Trigger::Cancellation).expected(later_ms).ended_by(operation)
}
