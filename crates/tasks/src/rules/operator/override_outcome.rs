//! Deciding an execution's outcome by hand.

use levada_base::Error;
use levada_store::alphabets::{Cause, Outcome};
use levada_store::rows::Facts;
use levada_store::{ExecutionId, Scope, limits};
use serde::{Deserialize, Serialize};

use crate::rules::end::End;
use crate::rules::{Applied, Draft, Rule, errors, validate};
use crate::spec::Payload;

/// An operator ends an execution as succeeded, failed or skipped, whatever its worker does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverrideOutcome {
    pub execution: ExecutionId,
    pub outcome: Outcome,
    /// What those who wait for it get.
    pub result: Option<Payload>,
    pub facts: Facts,
    pub actor: String,
}

impl Rule for OverrideOutcome {
    type Answer = Applied;

    fn scope(&self) -> Scope {
        Scope::Executions(vec![self.execution])
    }

    fn decide(&self, draft: &mut Draft) -> Result<Applied, Error> {
        validate::actor(&self.actor)?;
        if !matches!(self.outcome, Outcome::Succeeded | Outcome::Failed | Outcome::Skipped) {
            return Err(errors::invalid("outcome", self.outcome, "one of succeeded, failed and skipped"));
        }
        if let Some(result) = &self.result {
            validate::payload("result", result, ("RESULT_BYTES_MAX", limits::RESULT_BYTES_MAX))?;
        }
        validate::facts(&self.facts)?;
        draft.not_ended(self.execution)?;
        if self.result.is_some() || !self.facts.0.is_empty() {
            draft.put_result(self.execution, self.result.as_ref().unwrap_or(&Payload::Void), &self.facts)?;
        }
        draft.operator_event(self.execution, "override_outcome", &self.actor);
        draft.end(self.execution, End::by(Cause::Operator, self.outcome, Some(&self.actor)));
        draft.settle()?;
        Ok(Applied::Applied)
    }
}
