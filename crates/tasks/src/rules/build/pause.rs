//! Pausing a run, and letting it go on.

use levada_base::Error;
use levada_store::alphabets::{EventKind, Hold, Phase, RunPhase};
use levada_store::rows::{Execution, Run};
use levada_store::{ExecutionId, RunId, Scope};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::{Applied, Draft, Rule, errors, validate};

/// Let nothing more of a run start. What is active goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseRun {
    pub run: RunId,
    pub actor: String,
}

/// Let a paused run go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumeRun {
    pub run: RunId,
    pub actor: String,
}

/// Everything that may have to change its hold. Active members, too: one that is given back at this moment has been told the other
/// state of the run, and is waited for.
fn members_of(run: RunId) -> Scope {
    Scope::OpenMembers { run, active: true, finalizers: true, limit: u32::MAX }
}

impl Rule for PauseRun {
    type Answer = Applied;

    fn scope(&self) -> Scope {
        members_of(self.run)
    }

    fn decide(&self, draft: &mut Draft) -> Result<Applied, Error> {
        validate::actor(&self.actor)?;
        let run = draft.run(self.run)?;
        can_pause(run)?;
        if run.paused {
            return Ok(Applied::AlreadyApplied);
        }
        draft.set_paused(self.run, true, &self.actor)?;
        draft.hold_again(self.run, |row| row.hold == Hold::None);
        Ok(Applied::Applied)
    }
}

impl Rule for ResumeRun {
    type Answer = Applied;

    fn scope(&self) -> Scope {
        members_of(self.run)
    }

    fn decide(&self, draft: &mut Draft) -> Result<Applied, Error> {
        validate::actor(&self.actor)?;
        let run = draft.run(self.run)?;
        can_pause(run)?;
        if !run.paused {
            return Ok(Applied::AlreadyApplied);
        }
        draft.set_paused(self.run, false, &self.actor)?;
        draft.hold_again(self.run, |row| row.hold == Hold::Operator);
        Ok(Applied::Applied)
    }
}

/// Whether a run can be paused and resumed.
fn can_pause(run: &Run) -> Result<(), Error> {
    match run.phase {
        RunPhase::Building | RunPhase::Running => Ok(()),
        RunPhase::Cancelling => Err(errors::run_cancelling(run.id)),
        RunPhase::Ended => Err(errors::run_ended(run)),
    }
}

impl Draft<'_> {
    fn set_paused(&mut self, run: RunId, paused: bool, actor: &str) -> Result<(), Error> {
        self.run_mut(run)?.paused = paused;
        let kind = if paused { EventKind::RunPaused } else { EventKind::RunResumed };
        self.run_event(kind, run, Some(actor), &Value::Null);
        Ok(())
    }

    /// Chooses the hold again of the runnable members that `concerns` names.
    fn hold_again(&mut self, run: RunId, concerns: fn(&Execution) -> bool) {
        let runnable = self.members(run).filter(|row| row.phase == Phase::Runnable && concerns(row));
        let ids: Vec<ExecutionId> = runnable.map(|row| row.id).collect();
        ids.into_iter().for_each(|id| self.make_runnable(id));
    }
}
