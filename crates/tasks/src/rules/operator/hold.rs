//! Putting an execution on hold.

use levada_base::Error;
use levada_store::alphabets::{EventKind, Hold, Phase};
use levada_store::{ExecutionId, Scope};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::rules::{Applied, Draft, Rule, validate};

/// An operator holds an execution: it is not claimed before it is released. One that is active goes on and is held when it would be
/// runnable again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldExecution {
    pub execution: ExecutionId,
    pub actor: String,
}

impl Rule for HoldExecution {
    type Answer = Applied;

    fn scope(&self) -> Scope {
        Scope::Executions(vec![self.execution])
    }

    fn decide(&self, draft: &mut Draft) -> Result<Applied, Error> {
        validate::actor(&self.actor)?;
        draft.not_ended(self.execution)?;
        let row = draft.execution_mut(self.execution)?;
        if row.operator_hold {
            return Ok(Applied::AlreadyApplied);
        }
        row.operator_hold = true;
        // Other holds come first or end by themselves, and then this one is seen.
        if (row.phase, row.hold) == (Phase::Runnable, Hold::None) {
            draft.make_runnable(self.execution);
        }
        draft.execution_event(EventKind::Held, self.execution, Some(&self.actor), &Value::Null);
        Ok(Applied::Applied)
    }
}
