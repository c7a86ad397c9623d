//! The next generation of an execution, and what a member's new generation takes back in its run.

use levada_base::{Error, codes};
use levada_store::alphabets::{AttemptCause, AttemptState, EdgeState, EventKind, GroupState, Outcome, Phase};
use levada_store::rows::Group;
use levada_store::{ExecutionId, RunId, limits};
use serde_json::json;

use crate::rules::Draft;
use crate::rules::settle::settled_count;

impl Draft<'_> {
    /// Whether the generation after the one that a caller read has begun: then the call is a repetition.
    ///
    /// # Errors
    /// `LV-T218`: it is another generation altogether.
    pub(super) fn has_begun_again(&self, id: ExecutionId, ended: Option<i32>) -> Result<bool, Error> {
        is_next("execution", id, self.execution(id)?.generation, ended)
    }

    /// The same for a run.
    pub(super) fn was_reopened(&self, id: RunId, ended: Option<i32>) -> Result<bool, Error> {
        is_next("run", id, self.run(id)?.generation, ended)
    }

    /// Refuses what was replayed as often as it may be.
    pub(super) fn replays_left(&self, id: ExecutionId) -> Result<(), Error> {
        let row = self.execution(id)?;
        if row.generation < limits::REPLAYS_MAX { Ok(()) } else { Err(replayed_too_often("execution", id, row.generation)) }
    }

    /// Begins the next generation: counts and deadline start anew, the old result stays under its generation. The hold is the caller's to
    /// choose.
    pub(super) fn next_generation(&mut self, id: ExecutionId, actor: &str) -> Result<(), Error> {
        let now_ms = self.now();
        let life_ms = self.policy(self.execution(id)?)?.deadline_ms;
        if self.execution(id)?.phase != Phase::Ended {
            // It waited; a parked attempt belongs to the generation that is over.
            self.close_attempt(id, AttemptState::Cancelled);
            self.take_lease(id);
        }
        let row = self.execution_mut(id)?;
        row.generation += 1;
        row.retry_used = 0;
        row.crash_used = 0;
        row.next_cause = AttemptCause::Replay;
        row.phase = Phase::Runnable;
        row.since_ms = now_ms;
        row.outcome = None;
        row.cause = None;
        row.cancelled_by_call = false;
        row.ended_ms = None;
        row.decided_by = None;
        row.retain_until_ms = None;
        row.due_ms = None;
        row.deadline_ms = life_ms.map(|span| now_ms.saturating_add(span));
        let detail = json!({ "generation": row.generation });
        self.execution_event(EventKind::Replayed, id, Some(actor), &detail);
        Ok(())
    }

    /// Takes a settled end back out of the counts of its run.
    pub(super) fn uncount_end(&mut self, run: RunId, outcome: Outcome, finalizer: bool) -> Result<(), Error> {
        let run = self.run_mut(run)?;
        *settled_count(run, outcome) -= 1;
        run.finalizers_settled -= i32::from(finalizer);
        Ok(())
    }

    /// Takes the edges out of a member back, as far as the groups they lead to have not fired: these wait for its new end, and withdrawn
    /// ones would if their child were replayed too. What has fired stays as it is.
    pub(super) fn reopen_edges_out_of(&mut self, id: ExecutionId) {
        for key in self.edges_from(id) {
            let has_not_fired = |group: &&mut Group| matches!(group.state, GroupState::Open | GroupState::Withdrawn);
            let Some(group) = self.state.groups.get_mut(&key.1).filter(has_not_fired) else { continue };
            let Some(edge) = self.state.edges.get_mut(&key) else { continue };
            match edge.state {
                EdgeState::Satisfied => group.satisfied -= 1,
                EdgeState::Missed => group.missed -= 1,
                EdgeState::Staged | EdgeState::Open => continue,
            }
            edge.state = EdgeState::Open;
            edge.resolved_ms = None;
        }
    }
}

/// Whether a generation follows the one that a caller read.
fn is_next(entity: &str, id: impl std::fmt::Display, generation: i32, ended: Option<i32>) -> Result<bool, Error> {
    match ended.map(|ended| generation.saturating_sub(ended)) {
        None | Some(0) => Ok(false),
        Some(1) => Ok(true),
        Some(_) => {
            let message = format!("plan is out of date: {entity} \"{id}\" is in generation {generation}");
            Err(Error::new(codes::LV_T218, message).with_hint(format!("read the {entity} again, then decide anew")))
        }
    }
}

/// `LV-T802`: it was replayed as often as it may be.
pub(super) fn replayed_too_often(entity: &str, id: impl std::fmt::Display, times: i32) -> Error {
    let message = format!("{entity} \"{id}\" was replayed {times} times, limit {}", limits::REPLAYS_MAX);
    Error::new(codes::LV_T802, message).with_hint("submit a new run").with_detail("limit", "REPLAYS_MAX")
}
