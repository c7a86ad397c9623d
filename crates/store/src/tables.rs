//! All rows of an in-memory store with the few indexes that slices need.
//!
//! Not durable and not locked: [`crate::MemoryStore`] holds one behind a mutex, and the tests of every other store compare with it.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::{RuleViolation, check};
use crate::ids::{ExecutionId, RunId};
use crate::rows::{Edge, Row};
use crate::state::{Command, Record, RecordKey, State, apply};

/// The key of an edge: run, child, upstream.
pub(crate) type EdgeKey = (RunId, ExecutionId, ExecutionId);

/// Full state and its indexes.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    state: State,
    members: BTreeMap<RunId, BTreeSet<ExecutionId>>,
    /// Members that have a name, by run and name.
    names: BTreeMap<(RunId, String), BTreeSet<ExecutionId>>,
    /// Edges by upstream; the key's run keeps those of conditions apart.
    downstream: BTreeMap<ExecutionId, BTreeSet<EdgeKey>>,
}

impl Tables {
    /// The rows.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Rows as a store has them, with indexes built.
    #[must_use]
    pub fn from_state(state: State) -> Self {
        let mut tables = Self { state, ..Self::default() };
        let executions: Vec<_> = tables.state.executions.values().map(|row| (row.run_id, row.id, row.name.clone())).collect();
        for (run, id, name) in executions {
            tables.index_member(run, id, &name);
        }
        let edges: Vec<_> = tables.state.edges.values().map(Row::key).collect();
        for edge in edges {
            tables.downstream.entry(edge.2).or_default().insert(edge);
        }
        tables
    }

    /// Applies the commands of one transaction, all or none.
    ///
    /// # Errors
    /// The first rule that a row breaks.
    pub fn commit(&mut self, commands: &[Command]) -> Result<(), RuleViolation> {
        self.state.locked_runs = self.state.runs.keys().copied().collect();
        commands.iter().try_for_each(|command| check(&self.state, command))?;
        for command in commands {
            self.apply(command)?;
        }
        Ok(())
    }

    fn apply(&mut self, command: &Command) -> Result<(), RuleViolation> {
        apply(&mut self.state, command)?;
        match command {
            Command::Put(Record::Execution(row)) => self.index_member(row.run_id, row.id, &row.name),
            Command::Put(Record::Edge(edge)) => self.index_edge(edge),
            Command::Delete(RecordKey::Edge(key)) => {
                self.downstream.get_mut(&key.2).map(|edges| edges.remove(key));
            }
            Command::DeleteRun(_) | Command::DeleteExecution(_) | Command::Delete(RecordKey::Execution(_)) => {
                *self = Self::from_state(std::mem::take(&mut self.state));
            }
            _ => {}
        }
        Ok(())
    }

    fn index_member(&mut self, run: Option<RunId>, id: ExecutionId, name: &str) {
        let Some(run) = run else { return };
        let is_new = self.members.entry(run).or_default().insert(id);
        if is_new && !name.is_empty() {
            self.names.entry((run, name.to_owned())).or_default().insert(id);
        }
    }

    fn index_edge(&mut self, edge: &Edge) {
        self.downstream.entry(edge.upstream).or_default().insert(edge.key());
    }

    /// The members of a run, in the order of their ids.
    pub(crate) fn members(&self, run: RunId) -> impl Iterator<Item = ExecutionId> + '_ {
        self.members.get(&run).into_iter().flatten().copied()
    }

    /// The members of a run that have this name, which is not empty.
    pub(crate) fn members_named(&self, run: RunId, name: &str) -> impl Iterator<Item = ExecutionId> + '_ {
        self.names.get(&(run, name.to_owned())).into_iter().flatten().copied()
    }

    /// The edges out of an execution or condition.
    pub(crate) fn edges_from(&self, upstream: ExecutionId) -> impl Iterator<Item = &Edge> + '_ {
        let keys = self.downstream.get(&upstream).into_iter().flatten();
        keys.filter_map(|key| self.state.edges.get(key))
    }

    /// The edges into an execution.
    pub(crate) fn edges_into(&self, run: RunId, child: ExecutionId) -> impl Iterator<Item = &Edge> + '_ {
        let first = (run, child, ExecutionId(0));
        let last = (run, child, ExecutionId(u128::MAX));
        self.state.edges.range(first..=last).map(|(_, edge)| edge)
    }
}
