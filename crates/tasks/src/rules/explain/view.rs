//! A look at rows of one moment.

use levada_store::limits::REASONS_DEPTH_MAX;
use levada_store::rows::{Execution, Run};
use levada_store::{Count, ExecutionId, State, Subject};

use super::edges::Tree;
use super::{Reasons, Waiting};
use crate::rules::OUTAGE_MS;

/// Rows, counts and the moment at which they were read: what [`levada_store::Query::Reasons`] brings, or full state.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    pub rows: &'a State,
    pub counts: &'a [Count],
    pub now_ms: i64,
}

impl View<'_> {
    /// The explanation of something; none if it is not there.
    #[must_use]
    pub fn explain(&self, subject: Subject) -> Option<Reasons> {
        let (waiting, members) = match subject {
            Subject::Execution(id) => (self.waiting(id, REASONS_DEPTH_MAX)?, Vec::new()),
            Subject::Run(id) => {
                let run = self.rows.runs.get(&id)?;
                (self.of_run(run), self.members_of(id))
            }
        };
        Some(Reasons { now_ms: self.now_ms, waiting, members, engine_nodes: self.engine_nodes() })
    }

    /// What an execution waits for, so many edges deep; none if it is not there.
    #[must_use]
    pub fn waiting(&self, id: ExecutionId, depth: usize) -> Option<Waiting> {
        let row = self.rows.executions.get(&id)?;
        Some(Tree::new(*self).of_execution(row, depth))
    }

    fn engine_nodes(&self) -> u32 {
        let alive = |at_ms: i64| self.now_ms.saturating_sub(at_ms) <= OUTAGE_MS;
        let nodes = self.rows.engine_nodes.values().filter(|node| alive(node.alive_ms)).count();
        u32::try_from(nodes).unwrap_or(u32::MAX)
    }

    pub(super) fn run_of(&self, row: &Execution) -> Option<&Run> {
        row.run_id.and_then(|run| self.rows.runs.get(&run))
    }

    /// The name of an execution, or its id.
    pub(super) fn name_of(row: &Execution) -> String {
        if row.name.is_empty() { row.id.to_string() } else { row.name.clone() }
    }

    /// A gauge of the look; 0 if it was not counted.
    pub(super) fn counted(&self, gauge: &str, label: Option<&str>) -> i64 {
        let found = self.counts.iter().find(|count| count.gauge == gauge && count.labels.first().map(String::as_str) == label);
        found.map_or(0, |count| count.value)
    }
}
