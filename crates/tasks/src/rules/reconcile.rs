//! The reconciler's decision: pending rows that the dispatcher will not finish are put right. It never cancels anything.

use levada_base::Error;
use levada_store::alphabets::CancelState;
use levada_store::{ExecutionId, Scope};
use serde::{Deserialize, Serialize};

use super::{Draft, Rule};

/// Put the pending row of a group right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconcileGroup {
    pub group: ExecutionId,
    /// A plain read found no such group: it does not exist, rather than being held by another node.
    pub is_absent: bool,
}

/// What it found and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reconciled {
    /// The row had nothing to wait for, and is gone.
    RemovedStale,
    /// Everybody had ended or was spared, and only the note of it was missing.
    CompletedDrain,
    /// There are losers to cancel: the dispatcher's work.
    NoOp,
    /// Another node holds the group.
    SkippedLocked,
}

impl Rule for ReconcileGroup {
    type Answer = Reconciled;

    fn scope(&self) -> Scope {
        Scope::Group(self.group)
    }

    fn decide(&self, draft: &mut Draft) -> Result<Reconciled, Error> {
        let Some(group) = draft.group(self.group) else {
            if !self.is_absent {
                return Ok(Reconciled::SkippedLocked);
            }
            draft.state.cancel_pending.remove(&self.group);
            return Ok(Reconciled::RemovedStale);
        };
        if group.cancel_state != CancelState::Pending {
            draft.state.cancel_pending.remove(&self.group);
            return Ok(Reconciled::RemovedStale);
        }
        if !draft.losers(self.group).is_empty() {
            return Ok(Reconciled::NoOp);
        }
        let spared = draft.state.spared.get(&self.group).copied().unwrap_or(0);
        draft.state.cancel_pending.remove(&self.group);
        if let Some(group) = draft.state.groups.get_mut(&self.group) {
            group.cancel_state = CancelState::Done;
            group.kept = i32::try_from(spared).unwrap_or(i32::MAX);
        }
        Ok(Reconciled::CompletedDrain)
    }
}
