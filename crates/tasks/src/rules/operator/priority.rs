//! Moving an execution in its queue.

use levada_base::Error;
use levada_store::alphabets::EventKind;
use levada_store::{ExecutionId, Scope};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::rules::{Applied, Draft, Rule, validate};

/// An operator gives an execution another priority. Nothing but its place in the queue changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangePriority {
    pub execution: ExecutionId,
    /// 0 … 9000, higher first.
    pub priority: i32,
    pub actor: String,
}

impl Rule for ChangePriority {
    type Answer = Applied;

    fn scope(&self) -> Scope {
        Scope::Executions(vec![self.execution])
    }

    fn decide(&self, draft: &mut Draft) -> Result<Applied, Error> {
        validate::actor(&self.actor)?;
        validate::priority(self.priority)?;
        draft.not_ended(self.execution)?;
        let row = draft.execution_mut(self.execution)?;
        let before = row.priority;
        if before == self.priority {
            return Ok(Applied::AlreadyApplied);
        }
        row.priority = self.priority;
        let detail = json!({ "from": before, "to": self.priority });
        draft.execution_event(EventKind::PriorityChanged, self.execution, Some(&self.actor), &detail);
        Ok(Applied::Applied)
    }
}
