//! Releasing an execution from an operator's hold.

use levada_base::Error;
use levada_store::alphabets::{EventKind, Hold, Phase};
use levada_store::{ExecutionId, Scope};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::rules::{Applied, Draft, Rule, validate};

/// An operator lets an execution go on that was held. A run that is paused still holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseExecution {
    pub execution: ExecutionId,
    pub actor: String,
}

impl Rule for ReleaseExecution {
    type Answer = Applied;

    fn scope(&self) -> Scope {
        Scope::Executions(vec![self.execution])
    }

    fn decide(&self, draft: &mut Draft) -> Result<Applied, Error> {
        validate::actor(&self.actor)?;
        draft.not_ended(self.execution)?;
        let row = draft.execution_mut(self.execution)?;
        if !row.operator_hold {
            return Ok(Applied::AlreadyApplied);
        }
        row.operator_hold = false;
        // What is held by an operator waits for no edges, so the group, which the slice of a large run lacks, does not matter.
        if (row.phase, row.hold) == (Phase::Runnable, Hold::Operator) {
            draft.make_runnable(self.execution);
        }
        draft.execution_event(EventKind::Released, self.execution, Some(&self.actor), &Value::Null);
        Ok(Applied::Applied)
    }
}
