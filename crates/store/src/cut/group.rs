//! What the dispatcher's slice brings: one fired group, its pending row, and the siblings that may have to go.

use super::{Slice, owned};
use crate::alphabets::{CancelState, Phase};
use crate::ids::ExecutionId;
use crate::limits::DISPATCH_CHUNK_MAX;
use crate::rows::Row;

impl Slice<'_> {
    /// The group; the run's header without lock; the pending row; every edge into the group; and, if its siblings are to be
    /// cancelled, the first of its upstreams that are not ended, in the order of their ids, with all edges out of these and the groups
    /// that the edges lead to.
    pub(super) fn group(&mut self, child: ExecutionId) {
        let full = self.tables.state();
        self.state.cancel_pending.extend(full.cancel_pending.get_key_value(&child).map(owned));
        let Some(group) = full.groups.get(&child) else { return };
        self.group_row(child);
        self.state.runs.extend(full.runs.get_key_value(&group.run_id).map(owned));
        if group.cancel_state != CancelState::Pending {
            return;
        }
        let mut live = Vec::new();
        for edge in self.tables.edges_into(group.run_id, child) {
            self.state.edges.insert(edge.key(), edge.clone());
            if full.executions.get(&edge.upstream).is_some_and(|row| row.phase != Phase::Ended) {
                live.push(edge.upstream);
            }
        }
        // One more than a chunk says that there is another chunk.
        for sibling in live.into_iter().take(DISPATCH_CHUNK_MAX + 1) {
            self.execution(sibling);
            for edge in self.tables.edges_from(sibling).collect::<Vec<_>>() {
                self.state.edges.insert(edge.key(), edge.clone());
                self.group_row(edge.child);
            }
        }
    }
}
