//! Pausing a run, and letting it go on.

use levada_base::Error;
use levada_store::alphabets::{EventKind, Hold, Phase, RunPhase};
use levada_store::rows::Run;
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
        draft.set_paused(self.run, true, &self.actor)
    }
}

impl Rule for ResumeRun {
    type Answer = Applied;

    fn scope(&self) -> Scope {
        members_of(self.run)
    }

    fn decide(&self, draft: &mut Draft) -> Result<Applied, Error> {
        draft.set_paused(self.run, false, &self.actor)
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
    fn set_paused(&mut self, id: RunId, paused: bool, actor: &str) -> Result<Applied, Error> {
        validate::actor(actor)?;
        let run = self.run_mut(id)?;
        can_pause(run)?;
        if run.paused == paused {
            return Ok(Applied::AlreadyApplied);
        }
        run.paused = paused;
        let (kind, hold) = if paused { (EventKind::RunPaused, Hold::None) } else { (EventKind::RunResumed, Hold::Operator) };
        self.run_event(kind, id, Some(actor), &Value::Null);
        let concerned = self.members(id).filter(|row| (row.phase, row.hold) == (Phase::Runnable, hold));
        let members: Vec<ExecutionId> = concerned.map(|row| row.id).collect();
        members.into_iter().for_each(|member| self.make_runnable(member));
        Ok(Applied::Applied)
    }
}
