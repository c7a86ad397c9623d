//! The edge-cancel dispatcher's decision: the losing siblings of one fired group are cancelled.

use levada_base::Error;
use levada_store::alphabets::{CancelState, Cause, EdgeState, EventKind, Outcome, Phase};
use levada_store::limits::DISPATCH_CHUNK_MAX;
use levada_store::{ExecutionId, Scope};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::end::End;
use super::{Draft, Rule};

/// Cancel the losing siblings of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DispatchGroup {
    pub group: ExecutionId,
}

/// What came of it. A group that is not there may be held by another node or gone; the caller probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dispatched {
    /// Siblings cancelled, ended before (the last chunk counts those of earlier chunks too), and spared; whether another chunk follows.
    Dispatched { cancelled: u32, already_ended: u32, kept: u32, more: bool },
    /// The group was not there to be locked.
    NotLocked,
    /// It is not waiting to be dispatched.
    SkippedForReconciler,
    /// Nothing waits any longer.
    Gone,
}

impl Rule for DispatchGroup {
    type Answer = Dispatched;

    fn scope(&self) -> Scope {
        Scope::Group(self.group)
    }

    fn decide(&self, draft: &mut Draft) -> Result<Dispatched, Error> {
        let Some(group) = draft.group(self.group) else { return Ok(Dispatched::NotLocked) };
        let (run, cause) = (group.run_id, group.cancel_cause.unwrap_or(Cause::GroupSatisfied));
        if !draft.state.cancel_pending.contains_key(&self.group) {
            return Ok(Dispatched::Gone);
        }
        if group.cancel_state != CancelState::Pending {
            return Ok(Dispatched::SkippedForReconciler);
        }
        let upstreams = draft.edges_into(run, self.group).filter(|edge| edge.condition_key.is_none()).count();
        let kept = draft.state.spared.get(&self.group).copied().unwrap_or(0);
        let mut losers = draft.losers(self.group);
        let live = losers.len() + usize::try_from(kept).unwrap_or(0);
        let ended = upstreams.saturating_sub(live);
        let more = losers.len() > DISPATCH_CHUNK_MAX;
        losers.truncate(DISPATCH_CHUNK_MAX);
        for loser in &losers {
            draft.end(*loser, End::by(cause, Outcome::Cancelled, Some("engine")));
        }
        if !more {
            draft.dispatched(self.group, kept);
        }
        let cancelled = u32::try_from(losers.len()).unwrap_or(u32::MAX);
        // A slice with more than a chunk does not hold all who live, so who had ended is told with the last chunk.
        let already_ended = if more { 0 } else { u32::try_from(ended).unwrap_or(u32::MAX) };
        draft.execution_event(
            EventKind::SiblingsCancelled,
            self.group,
            Some("engine"),
            &json!({ "cancelled": cancelled, "kept": kept, "reason": cause.word() }),
        );
        Ok(Dispatched::Dispatched { cancelled, already_ended, kept: u32::try_from(kept).unwrap_or(u32::MAX), more })
    }
}

impl Draft<'_> {
    /// The executions upstream of a group that are to be cancelled, as far as the slice goes. One whose end counted and that was replayed
    /// since is not among what remained.
    pub(crate) fn losers(&self, group: ExecutionId) -> Vec<ExecutionId> {
        let Some(run) = self.group(group).map(|group| group.run_id) else { return Vec::new() };
        let remained = self.edges_into(run, group).filter(|edge| edge.state == EdgeState::Open);
        let upstreams = remained.filter_map(|edge| self.state.executions.get(&edge.upstream));
        upstreams.filter(|row| row.phase != Phase::Ended).map(|row| row.id).collect()
    }

    fn dispatched(&mut self, group: ExecutionId, kept: i64) {
        self.state.cancel_pending.remove(&group);
        if let Some(group) = self.state.groups.get_mut(&group) {
            group.cancel_state = CancelState::Done;
            group.kept = i32::try_from(kept).unwrap_or(i32::MAX);
        }
    }
}
