//! Cancelling one execution, losing siblings (Q-2 … Q-7), and the reconciler.

use levada_store::ExecutionId;
use levada_store::alphabets::{AttemptState, CancelState, Cause, EdgeState, Outcome, Phase};

use super::{Edge, Group, Model, Refused};

/// What the dispatcher did with one pending row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dispatched {
    Done { cancelled: usize, already_ended: usize, kept: usize },
    ForReconciler,
    Orphaned,
}

/// What the reconciler did with one pending row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reconciled {
    RemovedStale,
    CompletedDrain,
    NoOp,
}

impl Model {
    /// whether it was this call that ended it.
    ///
    /// # Errors
    /// T002, T805.
    pub fn cancel_execution(&mut self, id: ExecutionId) -> Result<bool, Refused> {
        let row = self.executions.get(&id).ok_or("LV-T002")?;
        match row.end.map(|end| end.outcome) {
            Some(Outcome::Cancelled) => Ok(false),
            Some(_) => Err("LV-T805"),
            None => {
                self.end(id, Outcome::Cancelled, Cause::Operator, Some(AttemptState::Cancelled));
                Ok(true)
            }
        }
    }

    /// on one group.
    pub fn dispatch(&mut self, child: ExecutionId) -> Dispatched {
        let Some(run) = self.executions.get(&child).and_then(|row| row.run) else { return Dispatched::Orphaned };
        let header = &self.runs[&run];
        let Some(group) = header.groups.get(&child) else { return Dispatched::Orphaned };
        let cause = match (group.cancel, group.cancel_cause) {
            (CancelState::Pending, Some(cause)) => cause,
            _ => return Dispatched::ForReconciler,
        };
        let siblings = self.siblings(child).len();
        let live = self.remaining(child);
        let already_ended = siblings - live.len();
        let (spared, losers): (Vec<_>, Vec<_>) = live.into_iter().partition(|id| header.is_needed_elsewhere(*id, child));
        for loser in &losers {
            self.end(*loser, Outcome::Cancelled, cause, Some(AttemptState::Cancelled));
        }
        self.note_drained(child, spared.len());
        Dispatched::Done { cancelled: losers.len(), already_ended, kept: spared.len() }
    }

    /// Q-8 on one pending row that is old enough.
    pub fn reconcile(&mut self, child: ExecutionId) -> Reconciled {
        let Some(run) = self.executions.get(&child).and_then(|row| row.run) else { return Reconciled::RemovedStale };
        let header = &self.runs[&run];
        match header.groups.get(&child) {
            Some(Group { cancel: CancelState::Pending, .. }) => {}
            _ => {
                if let Some(group) = self.run_mut(run).groups.get_mut(&child) {
                    group.pending_since_ms = None;
                }
                return Reconciled::RemovedStale;
            }
        }
        let live = self.remaining(child).into_iter();
        let (spared, losers): (Vec<_>, Vec<_>) = live.partition(|id| header.is_needed_elsewhere(*id, child));
        if losers.is_empty() {
            self.note_drained(child, spared.len());
            Reconciled::CompletedDrain
        } else {
            Reconciled::NoOp
        }
    }

    /// The edges of a group whose upstreams are executions, in the order of these.
    fn siblings(&self, child: ExecutionId) -> Vec<&Edge> {
        let Some(run) = self.execution(child).run else { return Vec::new() };
        let edges = self.runs[&run].edges.iter().filter(|edge| edge.to == child && edge.condition.is_none());
        let mut edges: Vec<_> = edges.collect();
        edges.sort_by_key(|edge| edge.from);
        edges
    }

    /// The upstreams that remained when the group fired and have not ended. One whose end counted and that was replayed since is none.
    fn remaining(&self, child: ExecutionId) -> Vec<ExecutionId> {
        let open = self.siblings(child).into_iter().filter(|edge| edge.state == EdgeState::Open);
        open.map(|edge| edge.from).filter(|id| self.execution(*id).phase != Phase::Ended).collect()
    }

    fn note_drained(&mut self, child: ExecutionId, kept: usize) {
        let Some(run) = self.execution(child).run else { return };
        if let Some(group) = self.run_mut(run).groups.get_mut(&child) {
            group.cancel = CancelState::Done;
            group.kept = i32::try_from(kept).unwrap_or(i32::MAX);
            group.pending_since_ms = None;
        }
    }
}
