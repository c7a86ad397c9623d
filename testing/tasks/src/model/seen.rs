//! What the engine was seen to do where the contract leaves a choice. The interpreter follows it only as far as it was allowed.

use std::collections::{BTreeMap, BTreeSet};

use levada_store::alphabets::{Hold, Outcome, Phase};
use levada_store::{ExecutionId, RunId, State};

/// The choices of one step.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Ends whose consequences are left for later (E-9).
    pub marks: BTreeSet<ExecutionId>,
    /// Executions that are over, however.
    pub ended: BTreeSet<ExecutionId>,
    /// Executions that stood in line before the step.
    pub ready_before: BTreeSet<ExecutionId>,
    /// Executions that are held by an operator or a pause.
    pub held: BTreeSet<ExecutionId>,
    /// Runs that ended cancelled, or whose finalizers were told so.
    pub cancelled: BTreeSet<RunId>,
    /// When executions are due: delays are spread at random (§1.5).
    pub due_ms: BTreeMap<ExecutionId, i64>,
}

impl Seen {
    /// What can be seen in the engine's rows.
    #[must_use]
    pub fn in_rows(state: &State, ready_before: BTreeSet<ExecutionId>) -> Self {
        let ended = state.runs.values().filter(|row| row.outcome == Some(Outcome::Cancelled)).map(|row| row.id);
        let told = state.pins.values().filter(|pin| pin.name == "run" && pin.outcome == Outcome::Cancelled);
        Self {
            ready_before,
            held: in_line(state, Hold::Operator),
            cancelled: ended.chain(told.map(|pin| RunId(pin.upstream.0))).collect(),
            marks: state.marks.keys().copied().collect(),
            ended: state.executions.values().filter(|row| row.phase == Phase::Ended).map(|row| row.id).collect(),
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
