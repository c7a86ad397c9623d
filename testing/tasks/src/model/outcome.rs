//! The outcome of a run: Z-1.

use levada_store::RunId;
use levada_store::alphabets::{Cause, EdgeState, EdgeWhen, GroupState, Outcome};

use super::{Execution, Model};

impl Model {
    /// The outcome when all members have ended.
    #[must_use]
    pub fn outcome(&self, run: RunId) -> Outcome {
        let header = &self.runs[&run];
        let failed = self.members(run).any(|row| is_failure(row) && !self.is_absorbed(run, row));
        if header.expired {
            Outcome::Expired
        } else if !header.sealed || self.members(run).any(|row| row.end.is_some_and(|end| end.by_call)) {
            Outcome::Cancelled
        } else if failed {
            Outcome::Failed
        } else {
            Outcome::Succeeded
        }
    }

    /// Whether a failure is taken care of downstream.
    #[must_use]
    pub fn is_absorbed(&self, run: RunId, row: &Execution) -> bool {
        let header = &self.runs[&run];
        let out: Vec<_> = header.edges.iter().filter(|edge| edge.from == row.id).collect();
        let caught = |when| matches!(when, EdgeWhen::Failure | EdgeWhen::Done);
        let by_edge = out.iter().any(|edge| caught(edge.asked.satisfied_by) && edge.state == EdgeState::Satisfied);
        let went_on =
            out.iter().all(|edge| header.groups.get(&edge.to).is_some_and(|group| group.state == GroupState::Satisfied));
        by_edge || (!out.is_empty() && went_on)
    }
}

/// Failed, expired, or cancelled by an operator, and essential.
#[must_use]
pub fn is_failure(row: &Execution) -> bool {
    let Some(end) = row.end else { return false };
    let bad = match end.outcome {
        Outcome::Failed | Outcome::Expired => true,
        Outcome::Cancelled => end.cause == Cause::Operator,
        Outcome::Succeeded | Outcome::Skipped => false,
    };
    row.essential && bad
}
