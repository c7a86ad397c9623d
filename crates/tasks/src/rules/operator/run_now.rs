//! Running a delayed execution now.

use levada_base::Error;
use levada_store::alphabets::{Hold, Phase};
use levada_store::{ExecutionId, Scope};
use serde::{Deserialize, Serialize};

use crate::rules::{Applied, Draft, Rule, errors, validate};

/// An operator does not wait for an execution's time. Every other reason to wait stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunNow {
    pub execution: ExecutionId,
    pub actor: String,
}

impl Rule for RunNow {
    type Answer = Applied;

    fn scope(&self) -> Scope {
        Scope::Executions(vec![self.execution])
    }

    fn decide(&self, draft: &mut Draft) -> Result<Applied, Error> {
        validate::actor(&self.actor)?;
        draft.not_ended(self.execution)?;
        let row = draft.execution_mut(self.execution)?;
        match (row.phase, row.hold) {
            (Phase::Runnable, Hold::Time) => {
                row.due_ms = None;
                draft.make_runnable(self.execution);
                draft.operator_event(self.execution, "run_now", &self.actor);
                Ok(Applied::Applied)
            }
            (Phase::Runnable, _) => Ok(Applied::AlreadyApplied),
            _ => Err(errors::impossible("run_now", row)),
        }
    }
}
