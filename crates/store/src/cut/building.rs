//! What building a run brings: its header, and what is named of its graph.

use std::collections::BTreeSet;

use super::{Slice, owned, without_bytes};
use crate::ids::{ExecutionId, RunId};
use crate::rows::Row;
use crate::scope::BuildingScope;

impl Slice<'_> {
    pub(super) fn building(&mut self, scope: &BuildingScope) {
        let full = self.tables.state();
        self.lock_run(scope.run);
        let mut members: BTreeSet<_> = scope.executions.iter().copied().collect();
        for id in &scope.executions {
            self.group_row(*id);
            self.state.edges.extend(self.tables.edges_into(scope.run, *id).map(|edge| (edge.key(), edge.clone())));
            if let Some(row) = full.executions.get(id).filter(|row| !row.name.is_empty()) {
                members.extend(self.tables.members_named(scope.run, &row.name));
            }
        }
        for name in &scope.names {
            members.extend(self.tables.members_named(scope.run, name));
        }
        for member in members {
            self.execution(member);
            let generation = full.executions.get(&member).map_or(0, |row| row.generation);
            let result = full.results.get_key_value(&(member, generation));
            self.state.results.extend(result.map(|(key, row)| (*key, without_bytes(row))));
        }
        for key in &scope.conditions {
            self.state.conditions.extend(full.conditions.get_key_value(&(scope.run, key.clone())).map(owned));
        }
        self.reached(scope.run, scope.reach);
    }

    /// Every edge of the run downstream of an execution.
    fn reached(&mut self, run: RunId, from: Option<ExecutionId>) {
        let mut waiting: Vec<_> = from.into_iter().collect();
        let mut seen = BTreeSet::new();
        while let Some(from) = waiting.pop() {
            for edge in self.tables.edges_from(from).filter(|edge| edge.run_id == run) {
                self.state.edges.insert(edge.key(), edge.clone());
                if seen.insert(edge.child) {
                    waiting.push(edge.child);
                }
            }
        }
    }
}
