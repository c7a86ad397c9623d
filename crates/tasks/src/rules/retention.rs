//! What need not be kept any longer: runs as a whole, stand-alone executions, request keys.
//!
//! Not here: events, which are dropped by age.

use levada_base::Error;
use levada_store::alphabets::{Phase, RunPhase};
use levada_store::{Command, DueKind, Scope};
use serde::{Deserialize, Serialize};

use super::{Draft, Rule};

/// Remove the ended runs that need not be kept any longer, each with everything of its members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetainRuns {
    pub limit: u32,
}

/// Remove the ended executions outside of runs that need not be kept any longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetainExecutions {
    pub limit: u32,
}

/// Forget the request keys whose window is over and whose run or execution is no longer stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpireRequestKeys {
    pub limit: u32,
}

impl Rule for RetainRuns {
    /// How many were removed.
    type Answer = u32;

    fn scope(&self) -> Scope {
        Scope::Due(DueKind::RetainRun, self.limit.into())
    }

    fn decide(&self, draft: &mut Draft) -> Result<u32, Error> {
        let now_ms = draft.now();
        let over = draft.state.runs.values().filter(|run| run.phase == RunPhase::Ended && run.open() == 0);
        let over = over.filter(|run| run.retain_until_ms.is_some_and(|until| until <= now_ms));
        let removals: Vec<_> = over.map(|run| Command::DeleteRun(run.id)).collect();
        Ok(draft.remove_all(removals))
    }
}

impl Rule for RetainExecutions {
    /// How many were removed.
    type Answer = u32;

    fn scope(&self) -> Scope {
        Scope::Due(DueKind::RetainExecution, self.limit.into())
    }

    fn decide(&self, draft: &mut Draft) -> Result<u32, Error> {
        let now_ms = draft.now();
        let over = draft.state.executions.values().filter(|row| row.phase == Phase::Ended && row.run_id.is_none());
        let over = over.filter(|row| row.retain_until_ms.is_some_and(|until| until <= now_ms));
        let removals: Vec<_> = over.map(|row| Command::DeleteExecution(row.id)).collect();
        Ok(draft.remove_all(removals))
    }
}

impl Rule for ExpireRequestKeys {
    /// How many were forgotten.
    type Answer = u32;

    fn scope(&self) -> Scope {
        Scope::Due(DueKind::RequestKey, self.limit.into())
    }

    fn decide(&self, draft: &mut Draft) -> Result<u32, Error> {
        let now_ms = draft.now();
        let before = draft.state.request_keys.len();
        draft.state.request_keys.retain(|_, key| key.expires_ms > now_ms);
        Ok(u32::try_from(before - draft.state.request_keys.len()).unwrap_or(u32::MAX))
    }
}
