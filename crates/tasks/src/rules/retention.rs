//! What need not be kept any longer: runs as a whole, stand-alone executions, request keys.
//!
//! Not here: events, which are dropped by age.

use levada_base::Error;
use levada_store::alphabets::{Phase, RunPhase};
use levada_store::limits::REQUEST_KEY_LOOK_MS;
use levada_store::rows::Row;
use levada_store::{Command, DueKind, ExecutionId, RunId, Scope};
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

/// What became of the keys that were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeysSwept {
    pub forgotten: u32,
    /// What they stand for is stored: they are looked at again.
    pub kept: u32,
}

impl Rule for ExpireRequestKeys {
    type Answer = KeysSwept;

    fn scope(&self) -> Scope {
        Scope::Due(DueKind::RequestKey, self.limit.into())
    }

    fn decide(&self, draft: &mut Draft) -> Result<KeysSwept, Error> {
        let now_ms = draft.now();
        let mut swept = KeysSwept::default();
        let due: Vec<_> = draft.state.request_keys.values().filter(|row| row.look_ms <= now_ms).cloned().collect();
        for mut row in due {
            let until_ms = draft.kept_until(row.target);
            if until_ms.is_none() && row.expires_ms <= now_ms {
                draft.state.request_keys.remove(&row.key());
                swept.forgotten += 1;
            } else {
                // Not before there is something new to see: every key is looked at a few times in its life.
                let again_ms = until_ms.unwrap_or(row.expires_ms);
                row.look_ms = again_ms.max(now_ms.saturating_add(REQUEST_KEY_LOOK_MS));
                draft.state.request_keys.insert(row.key(), row);
                swept.kept += 1;
            }
        }
        Ok(swept)
    }
}

impl Draft<'_> {
    /// Until when the target of a request key is kept at least; none if it is not stored.
    fn kept_until(&self, target: ExecutionId) -> Option<i64> {
        let execution = self.state.executions.get(&target).map(|row| row.retain_until_ms);
        let run = || self.state.runs.get(&RunId(target.0)).map(|row| row.retain_until_ms);
        // What has not ended has no such time yet.
        execution.or_else(run).map(|until| until.unwrap_or(i64::MIN))
    }
}
