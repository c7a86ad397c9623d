//! Making an execution a member of a run.

use levada_base::Error;
use levada_store::alphabets::{Hold, Phase};
use levada_store::limits::{RUN_EXECUTIONS_MAX, RUN_FINALIZERS_MAX};
use levada_store::rows::{Execution, Run};
use levada_store::{BuildingScope, ExecutionId, RunId, Scope};
use serde::{Deserialize, Serialize};

use super::super::{Draft, Rule, errors as rules};
use super::{errors, is_building};

/// Make an execution that belongs to no run a member of one that is being built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddExecution {
    pub run: RunId,
    pub execution: ExecutionId,
}

/// Whether it was a member before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    Added { revision: i64 },
    AlreadyMember { revision: i64 },
}

impl Rule for AddExecution {
    type Answer = Membership;

    fn scope(&self) -> Scope {
        Scope::Building(BuildingScope { run: self.run, executions: vec![self.execution], ..BuildingScope::default() })
    }

    fn decide(&self, draft: &mut Draft) -> Result<Membership, Error> {
        let run = draft.run(self.run)?;
        let row = draft.execution(self.execution)?;
        if row.run_id == Some(self.run) {
            return Ok(Membership::AlreadyMember { revision: run.revision });
        }
        is_building(run)?;
        fits(run, row)?;
        let namesake = |other: &&Execution| other.run_id == Some(self.run) && other.name == row.name;
        if !row.name.is_empty() && draft.state.executions.values().any(|other| namesake(&other)) {
            return Err(errors::name_twice(&row.name, self.run));
        }
        Ok(Membership::Added { revision: self.add(draft)? })
    }
}

impl AddExecution {
    fn add(&self, draft: &mut Draft) -> Result<i64, Error> {
        let now_ms = draft.now();
        let row = draft.execution_mut(self.execution)?;
        row.run_id = Some(self.run);
        // From now on it is kept as long as its run.
        row.retain_until_ms = None;
        if row.phase == Phase::Runnable {
            row.phase = Phase::Staged;
            row.hold = Hold::None;
            row.hold_ref = None;
            row.recheck_ms = None;
            row.since_ms = now_ms;
        }
        let (finalizer, outcome) = (row.finalizer, row.outcome);
        let run = draft.run_mut(self.run)?;
        run.members += 1;
        run.finalizers += i32::from(finalizer);
        run.revision += 1;
        let revision = run.revision;
        if let Some(outcome) = outcome {
            // It ended when it had no run, so that no mark says so.
            draft.count_end(self.run, outcome, finalizer)?;
        }
        Ok(revision)
    }
}

/// Whether an execution can become a member of a run.
fn fits(run: &Run, row: &Execution) -> Result<(), Error> {
    if let Some(other) = row.run_id {
        return Err(errors::other_run(row, other));
    }
    if row.namespace != run.namespace {
        return Err(rules::invalid("namespace", &row.namespace, &format!("\"{}\", the one of the run", run.namespace)));
    }
    if row.phase == Phase::Runnable && row.attempt_no > 0 {
        return Err(rules::impossible("add_execution_to_run", row));
    }
    let members = usize::try_from(run.members).unwrap_or(0);
    if members >= RUN_EXECUTIONS_MAX {
        return Err(errors::too_large(members + 1, "executions", "RUN_EXECUTIONS_MAX", RUN_EXECUTIONS_MAX));
    }
    let finalizers = usize::try_from(run.finalizers).unwrap_or(0);
    if row.finalizer && finalizers >= RUN_FINALIZERS_MAX {
        return Err(errors::too_large(finalizers + 1, "finalizers", "RUN_FINALIZERS_MAX", RUN_FINALIZERS_MAX));
    }
    Ok(())
}
