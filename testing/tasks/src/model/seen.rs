//! What the engine was seen to do where the contract leaves a choice. The interpreter follows it only as far as it was allowed.

use std::collections::{BTreeMap, BTreeSet};

use levada_store::alphabets::{Hold, Outcome, Phase};
use levada_store::rows::Execution;
use levada_store::{ExecutionId, State};

/// The choices of one step.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Ends whose consequences are left for later (E-9).
    pub marks: BTreeSet<ExecutionId>,
    /// Executions that are over as cancelled.
    pub cancelled: BTreeSet<ExecutionId>,
    /// Executions that stood in line before the step.
    pub ready_before: BTreeSet<ExecutionId>,
    /// Executions that are held by an operator or a pause.
    pub held: BTreeSet<ExecutionId>,
    /// When executions are due: delays are spread at random (§1.5).
    pub due_ms: BTreeMap<ExecutionId, i64>,
}

impl Seen {
    /// What can be seen in the engine's rows.
    #[must_use]
    pub fn in_rows(state: &State, ready_before: BTreeSet<ExecutionId>) -> Self {
        let is_cancelled = |row: &&Execution| row.outcome == Some(Outcome::Cancelled);
        Self {
            ready_before,
            held: in_line(state, Hold::Operator),
            marks: state.marks.keys().copied().collect(),
            cancelled: state.executions.values().filter(is_cancelled).map(|row| row.id).collect(),
            due_ms: state.executions.values().filter_map(|row| Some((row.id, row.due_ms?))).collect(),
        }
    }

    /// What stands in line.
    #[must_use]
    pub fn ready(state: &State) -> BTreeSet<ExecutionId> {
        in_line(state, Hold::None)
    }
}

fn in_line(state: &State, hold: Hold) -> BTreeSet<ExecutionId> {
    let rows = state.executions.values().filter(|row| (row.phase, row.hold) == (Phase::Runnable, hold));
    rows.map(|row| row.id).collect()
}
