//! Runs.

use super::table;
use crate::alphabets::{CancelPolicy, Cause, OnFailure, Outcome, RunPhase};
use crate::ids::RunId;

table!(
    /// One instance of a graph of executions.
    Run in "run"
    key { id: RunId, }
    {
        namespace: String,
        name: String,
        /// The version of the task graph it is an instance of; none for an ad-hoc graph.
        graph_version: Option<String>,
        /// Of everything it was created with: tells a repetition from another use of its id.
        content_digest: i64,
        revision: i64,
        generation: i32,
        phase: RunPhase,
        paused: bool,
        outcome: Option<Outcome>,
        /// Why it was cancelled, if it was; `operator` if by a call.
        cause: Option<Cause>,
        on_failure: OnFailure,
        members: i32,
        edges: i32,
        /// Members that are finalizers, and those of them whose end is settled.
        finalizers: i32,
        finalizers_settled: i32,
        finalizers_released: bool,
        /// Members whose end is settled, by outcome.
        settled_succeeded: i32,
        settled_failed: i32,
        settled_cancelled: i32,
        settled_expired: i32,
        settled_skipped: i32,
        /// The epoch at which the statements of the run read; fixed when it is sealed.
        epoch: Option<i64>,
        cancel_policy: Option<CancelPolicy>,
        cancel_reason: Option<String>,
        cancel_actor: Option<String>,
        cancel_finalizers: bool,
        /// From when a mark_only cancel is treated as cancel_pending, and a cancel_pending one looks at the members once more.
        cancel_grace_ms: Option<i64>,
        /// A call that cancelled the run ended at least one member whose end is settled.
        cancel_ended_any: bool,
        /// Members that the cancel still has to end may be left: the backlog worker looks.
        cancel_backlog: bool,
        /// The run's deadline passed.
        expired: bool,
        build_deadline_ms: Option<i64>,
        deadline_ms: Option<i64>,
        deadline_span_ms: Option<i64>,
        retention_ms: i64,
        retain_until_ms: Option<i64>,
        created_ms: i64,
        sealed_ms: Option<i64>,
        ended_ms: Option<i64>,
    }
);

impl Run {
    /// Members whose end is settled.
    #[must_use]
    pub fn settled(&self) -> i32 {
        self.settled_succeeded + self.settled_failed + self.settled_cancelled + self.settled_expired + self.settled_skipped
    }

    /// Members that are not settled yet.
    #[must_use]
    pub fn open(&self) -> i32 {
        self.members - self.settled()
    }

    /// Members that are not settled yet and are no finalizers.
    #[must_use]
    pub fn open_before_finalizers(&self) -> i32 {
        self.open() - (self.finalizers - self.finalizers_settled)
    }
}
