//! The call that ends a reason at once.

use std::fmt;

use levada_store::alphabets::Outcome;
use levada_store::{ExecutionId, RunId};
use serde::{Deserialize, Serialize};

/// A method of [`crate::Tasks`] with what it is called for. What the caller has to choose or make up is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verb")]
#[non_exhaustive]
pub enum Operation {
    SealRun { run: RunId, revision: i64 },
    AddExecutionToRun { execution: ExecutionId },
    OverrideOutcome { execution: ExecutionId, outcome: Outcome },
    ResolveCondition { run: RunId, key: String },
    RunNow { execution: ExecutionId },
    ResumeRun { run: RunId },
    Release { execution: ExecutionId },
    ResumeLane { lane: String },
    SetMaxActive { lane: String, above: i32 },
    RegisterWorker { lane: String, capabilities: Vec<String> },
    Claim { lane: String, capabilities: Vec<String> },
    RevokeLease { execution: ExecutionId },
    CancelRun { run: RunId },
    Tick { worker: String },
    Replay { execution: ExecutionId },
    RetryFailed { run: RunId },
}

impl Operation {
    /// The SQL statement that does the same; none if there is none.
    #[must_use]
    pub fn statement(&self) -> Option<String> {
        match self {
            Self::ResumeRun { run } => Some(format!("RESUME RUN '{run}'")),
            Self::CancelRun { run } => Some(format!("CANCEL RUN '{run}'")),
            Self::RetryFailed { run } => Some(format!("RETRY RUN '{run}'")),
            _ => None,
        }
    }
}

impl fmt::Display for Operation {
    /// As a call; what the caller adds is left out.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SealRun { run, revision } => write!(out, "seal_run({run}, {revision})"),
            Self::AddExecutionToRun { execution } => write!(out, "add_execution_to_run({execution})"),
            Self::OverrideOutcome { execution, outcome } => write!(out, "override_outcome({execution}, {outcome})"),
            Self::ResolveCondition { run, key } => write!(out, "resolve_condition({run}, \"{key}\")"),
            Self::RunNow { execution } => write!(out, "run_now({execution})"),
            Self::ResumeRun { run } => write!(out, "resume_run({run})"),
            Self::Release { execution } => write!(out, "release({execution})"),
            Self::ResumeLane { lane } => write!(out, "change_lane(\"{lane}\", resume)"),
            Self::SetMaxActive { lane, above } => write!(out, "change_lane(\"{lane}\", set_max_active above {above})"),
            Self::RegisterWorker { lane, capabilities } => {
                write!(out, "register_worker(lane \"{lane}\"{})", With(capabilities))
            }
            Self::Claim { lane, capabilities } => write!(out, "claim(lane \"{lane}\"{})", With(capabilities)),
            Self::RevokeLease { execution } => write!(out, "revoke_lease({execution})"),
            Self::CancelRun { run } => write!(out, "cancel_run({run}, cancel_all)"),
            Self::Tick { worker } => write!(out, "tick(\"{worker}\")"),
            Self::Replay { execution } => write!(out, "replay({execution})"),
            Self::RetryFailed { run } => write!(out, "retry_failed({run})"),
        }
    }
}

/// Capabilities, if there are any.
struct With<'a>(&'a [String]);

impl fmt::Display for With<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(out, " with {}", self.0.join(", ")) }
    }
}
