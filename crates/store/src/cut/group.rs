//! What the dispatcher's slice brings: one fired group, its pending row, and the siblings that have to go.

use super::{Slice, owned};
use crate::alphabets::{CancelState, EdgeState, GroupState, Phase};
use crate::ids::ExecutionId;
use crate::limits::DISPATCH_CHUNK_MAX;
use crate::rows::Row;

impl Slice<'_> {
    /// The group; the run's header without lock; the pending row; every edge into the group. If its siblings are to be cancelled: the
    /// first of its upstreams that live, whose edge is open and that no other open group needs, in the order of their ids, one more than
    /// a chunk has; and how many others of them live because they are needed.
    pub(super) fn group(&mut self, child: ExecutionId) {
        let full = self.tables.state();
        self.state.cancel_pending.extend(full.cancel_pending.get_key_value(&child).map(owned));
        let Some(group) = full.groups.get(&child) else { return };
        self.group_row(child);
        self.execution(child);
        self.state.runs.extend(full.runs.get_key_value(&group.run_id).map(owned));
        if group.cancel_state != CancelState::Pending {
            return;
        }
        let mut losers = Vec::new();
        let mut spared = 0;
        for edge in self.tables.edges_into(group.run_id, child) {
            self.state.edges.insert(edge.key(), edge.clone());
            // An upstream whose end counted and that lives was replayed: it is not what remained.
            if edge.state != EdgeState::Open {
                continue;
            }
            if full.executions.get(&edge.upstream).is_some_and(|row| row.phase != Phase::Ended) {
                if self.is_needed_elsewhere(edge.upstream, child) { spared += 1 } else { losers.push(edge.upstream) }
            }
        }
        self.state.spared.insert(child, spared);
        losers.into_iter().take(DISPATCH_CHUNK_MAX + 1).for_each(|loser| self.execution(loser));
    }

    fn is_needed_elsewhere(&self, sibling: ExecutionId, group: ExecutionId) -> bool {
        let groups = &self.tables.state().groups;
        let mut others = self.tables.edges_from(sibling).filter(|edge| edge.child != group);
        others.any(|edge| groups.get(&edge.child).is_some_and(|other| other.state == GroupState::Open))
    }
}
