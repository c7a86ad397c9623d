//! The log of what happened.

use super::table;
use crate::alphabets::EventKind;
use crate::ids::{ExecutionId, RunId};

table!(
    /// One thing that happened. Readers follow the log by cursor.
    Event in "event" [insert_only]
    key { id: i64, }
    {
        at_ms: i64,
        kind: EventKind,
        namespace: String,
        run_id: Option<RunId>,
        execution_id: Option<ExecutionId>,
        generation: Option<i32>,
        attempt_no: Option<i32>,
        lane: Option<String>,
        actor: Option<String>,
        /// Further facts, a JSON object.
        detail: String,
    }
);
