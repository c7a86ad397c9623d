//! What a passed time does to executions: leases, attempt timeouts, deadlines, delays, work that stayed staged for too long.

use levada_base::Error;
use levada_store::alphabets::{AttemptState, Cause, EventKind, FailureClass, Hold, Outcome, Phase};
use levada_store::limits::BUILD_MS_MAX;
use levada_store::{DueKind, ExecutionId, Scope};
use serde::{Deserialize, Serialize};

use super::end::End;
use super::lease::Lost;
use super::overdue::{Overdue, overdue};
use super::{Draft, Rule};

/// Handle the executions whose time of this kind has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepExecutions {
    pub kind: DueKind,
    pub limit: u32,
    /// Spreads retries.
    pub random: u64,
    /// When the first engine node came back after an outage.
    pub back_since_ms: Option<i64>,
}

/// What a sweep did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Swept {
    /// Leases that ended and work that may be claimed again.
    pub reclaimed: u32,
    pub crash_limited: u32,
    pub retried: u32,
    /// Attempts that timed out for good.
    pub ended: u32,
    pub expired: u32,
    pub promoted: u32,
    /// Staged work that was never added to a run.
    pub never_sealed: u32,
    /// Rows that could not be handled, because something that belongs to them is damaged. They stay as they are.
    pub failed: Vec<ExecutionId>,
}

impl Swept {
    /// How many rows were handled.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.reclaimed + self.crash_limited + self.retried + self.ended + self.expired + self.promoted + self.never_sealed
    }
}

impl Rule for SweepExecutions {
    type Answer = Swept;

    fn scope(&self) -> Scope {
        Scope::Due(self.kind, self.limit.into())
    }

    fn decide(&self, draft: &mut Draft) -> Result<Swept, Error> {
        let ids: Vec<_> = draft.state.executions.keys().copied().collect();
        let mut swept = Swept::default();
        for (index, id) in (0_u64..).zip(ids) {
            match self.kind {
                DueKind::Lease | DueKind::AttemptDeadline | DueKind::Deadline => {
                    // One bad row must not keep the others waiting.
                    let is_bad = self.overdue(draft, id, index, &mut swept).is_err();
                    swept.failed.extend(is_bad.then_some(id));
                }
                DueKind::Promote => promote(draft, id, &mut swept),
                DueKind::Staged => never_sealed(draft, id, &mut swept),
                _ => {}
            }
        }
        Ok(swept)
    }
}

impl SweepExecutions {
    fn overdue(&self, draft: &mut Draft, id: ExecutionId, index: u64, swept: &mut Swept) -> Result<(), Error> {
        let now_ms = draft.now();
        match overdue(draft.execution(id)?, now_ms, self.back_since_ms) {
            None => {}
            Some(Overdue::Deadline) => {
                draft.end(id, End::by(Cause::Deadline, Outcome::Expired, None));
                swept.expired += 1;
            }
            Some(Overdue::AttemptTimeout) => {
                // Each item of a batch has its own word, all following from the event's.
                let random = self.random.wrapping_add(index.wrapping_mul(0x9E37_79B9_7F4A_7C15));
                match draft.failed(id, FailureClass::Timeout, AttemptState::TimedOut, random)? {
                    super::Ended::Again { .. } => swept.retried += 1,
                    super::Ended::Ended { .. } => swept.ended += 1,
                }
            }
            Some(Overdue::Lease) => match draft.crashed(id, AttemptState::Crashed, EventKind::LeaseExpired)? {
                Lost::Again => swept.reclaimed += 1,
                Lost::Ended => swept.crash_limited += 1,
            },
        }
        Ok(())
    }
}

fn promote(draft: &mut Draft, id: ExecutionId, swept: &mut Swept) {
    let now_ms = draft.now();
    let due = draft.state.executions.get(&id).is_some_and(|row| {
        (row.phase, row.hold) == (Phase::Runnable, Hold::Time) && row.due_ms.is_some_and(|due| due <= now_ms)
    });
    if due {
        draft.make_runnable_again(id);
        swept.promoted += 1;
    }
}

fn never_sealed(draft: &mut Draft, id: ExecutionId, swept: &mut Swept) {
    let now_ms = draft.now();
    let old = draft.state.executions.get(&id).is_some_and(|row| {
        row.phase == Phase::Staged && row.run_id.is_none() && row.created_ms.saturating_add(BUILD_MS_MAX) <= now_ms
    });
    if old {
        draft.end(id, End::by(Cause::NeverSealed, Outcome::Cancelled, None));
        swept.never_sealed += 1;
    }
}
