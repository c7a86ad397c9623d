//! Cancelling one execution.

use levada_base::{Error, codes};
use levada_store::alphabets::{Cause, Outcome, Phase};
use levada_store::{ExecutionId, Scope};
use serde::{Deserialize, Serialize};

use super::end::End;
use super::{Applied, Draft, Rule, validate};

/// An operator cancels an execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelExecution {
    pub execution: ExecutionId,
    pub actor: String,
}

impl Rule for CancelExecution {
    type Answer = Applied;

    fn scope(&self) -> Scope {
        Scope::Executions(vec![self.execution])
    }

    fn decide(&self, draft: &mut Draft) -> Result<Applied, Error> {
        validate::actor(&self.actor)?;
        let row = draft.execution(self.execution)?;
        match (row.phase, row.outcome) {
            (Phase::Ended, Some(Outcome::Cancelled)) => Ok(Applied::AlreadyApplied),
            (Phase::Ended, outcome) => {
                let outcome = outcome.map_or("", Outcome::word);
                let message = format!("execution \"{}\" ended {outcome} before the cancel", self.execution);
                Err(Error::new(codes::LV_T805, message).with_hint("there is nothing left to cancel"))
            }
            _ => {
                draft.end(self.execution, End::by(Cause::Operator, Outcome::Cancelled, Some(&self.actor)));
                draft.settle()?;
                Ok(Applied::Applied)
            }
        }
    }
}
