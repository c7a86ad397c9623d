//! Restarting a run from its failures.

use std::collections::BTreeSet;

use levada_base::Error;
use levada_store::alphabets::Cause;
use levada_store::{ExecutionId, RunId, Scope};
use serde::{Deserialize, Serialize};

use super::Restarted;
use crate::rules::finish::is_failure;
use crate::rules::{Draft, Rule, validate};
use crate::spec::RestartOptions;

/// Begin every failure of a run again that nothing absorbed, with what follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryFailed {
    pub run: RunId,
    /// Descendants that are active are cancelled first instead of refusing.
    pub force: bool,
    /// The run's generation as the caller read it: who asks again once the run was reopened is told so. None: whichever it is.
    #[serde(default)]
    pub generation: Option<i32>,
    pub actor: String,
}

impl Rule for RetryFailed {
    type Answer = Restarted;

    fn scope(&self) -> Scope {
        Scope::WholeRun(self.run)
    }

    fn decide(&self, draft: &mut Draft) -> Result<Restarted, Error> {
        validate::actor(&self.actor)?;
        if draft.was_reopened(self.run, self.generation)? {
            let generation = draft.run(self.run)?.generation;
            return Ok(Restarted { generation, run_reopened: false, members: Vec::new(), cancelled: Vec::new() });
        }
        draft.settle_runs(vec![self.run])?;
        let failures = draft.failures(self.run);
        draft.restart(self.run, failures, RestartOptions { cascade: true, force: self.force, generation: None }, &self.actor)
    }
}

impl Draft<'_> {
    /// The failures of a run that nothing absorbed. If the run was told to cancel the rest because of one, the rest came out of it too.
    fn failures(&self, run: RunId) -> BTreeSet<ExecutionId> {
        let failed = self.members(run).filter(|row| {
            let cancelled_for_it = row.cause == Some(Cause::RunCancelled) && !row.cancelled_by_call;
            cancelled_for_it || (is_failure(row) && !self.is_absorbed(row.id))
        });
        failed.map(|row| row.id).collect()
    }
}
