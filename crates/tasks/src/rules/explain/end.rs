//! How something that is over came to its end.

use levada_store::alphabets::{Cause, FailureClass, Outcome};
use levada_store::rows::Execution;
use levada_store::{ExecutionId, State};
use serde::{Deserialize, Serialize};

use super::Operation;

/// An end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    pub outcome: Option<Outcome>,
    /// Of a run only if it was not ended by its members.
    pub cause: Option<Cause>,
    pub at_ms: Option<i64>,
    /// The upstream because of which it was skipped.
    pub decided_by: Option<ExecutionId>,
    /// Of the last attempt.
    pub failure: Option<LastFailure>,
    /// Who cancelled a run, and why.
    pub cancelled: Option<Cancelled>,
    /// The call that begins it again.
    pub again: Option<Operation>,
}

/// How the last attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastFailure {
    pub class: FailureClass,
    pub code: String,
    pub message: String,
}

/// A cancel as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancelled {
    pub by: String,
    pub reason: String,
}

/// The end of an execution.
pub(super) fn end_of_execution(row: &Execution, rows: &State) -> End {
    let attempt = rows.attempts.get(&(row.id, row.attempt_no)).filter(|attempt| attempt.generation == row.generation);
    let failure = attempt.and_then(|attempt| {
        Some(LastFailure {
            class: attempt.failure_class?,
            code: attempt.failure_code.clone().unwrap_or_default(),
            message: attempt.failure_message.clone().unwrap_or_default(),
        })
    });
    // What its edges ended would end so again: what decided it is to be begun again.
    let ended_by_edges = matches!(row.cause, Some(Cause::EdgesImpossible | Cause::ConditionTimeout));
    End {
        outcome: row.outcome,
        cause: row.cause,
        at_ms: row.ended_ms,
        decided_by: row.decided_by,
        failure,
        cancelled: None,
        again: (!ended_by_edges).then_some(Operation::Replay { execution: row.id }),
    }
}
