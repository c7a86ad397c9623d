//! Replaying one execution, and nothing else.

use levada_base::{Error, codes};
use levada_store::alphabets::{EdgeState, GroupState, Outcome, Phase, PublicState};
use levada_store::rows::Group;
use levada_store::{ExecutionId, RunId, Scope};
use serde::{Deserialize, Serialize};

use crate::rules::{Draft, Rule, errors, validate};

/// Begin an ended execution again. What went on after its earlier end stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayExecution {
    pub execution: ExecutionId,
    /// The run it is a member of, as the caller read it; checked.
    pub run: Option<RunId>,
    /// Begin it although its edges say that it cannot be begun.
    pub ignore_edges: bool,
    /// The generation that ended, as the caller read it: who asks again once the next has begun is told so. None: whichever it is.
    #[serde(default)]
    pub generation: Option<i32>,
    pub actor: String,
}

/// What a replay did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replayed {
    pub generation: i32,
    pub public_state: PublicState,
    /// Its run had ended and runs again by this call.
    pub run_reopened: bool,
}

impl Rule for ReplayExecution {
    type Answer = Replayed;

    fn scope(&self) -> Scope {
        match self.run {
            Some(run) => Scope::WholeRun(run),
            None => Scope::Executions(vec![self.execution]),
        }
    }

    fn decide(&self, draft: &mut Draft) -> Result<Replayed, Error> {
        validate::actor(&self.actor)?;
        let id = self.execution;
        let row = draft.execution(id)?;
        if row.run_id != self.run {
            let message = format!("plan is out of date: the run of execution \"{id}\" changed");
            return Err(Error::new(codes::LV_T218, message).with_hint("read the execution again, then repeat the replay"));
        }
        if draft.has_begun_again(id, self.generation)? {
            return Ok(Replayed { generation: row.generation, public_state: row.public_state(), run_reopened: false });
        }
        if row.phase != Phase::Ended {
            return Err(not_ended(draft, id));
        }
        draft.replays_left(id)?;
        let run_reopened = match self.run {
            Some(run) => self.leave_end(draft, run)?,
            None => false,
        };
        draft.next_generation(id, &self.actor)?;
        if let Some(run) = self.run {
            draft.recall_cancel(run)?;
        }
        self.meet_edges(draft)?;
        draft.make_runnable(id);
        if let Some(run) = self.run {
            draft.finish_run(run);
        }
        let row = draft.execution(id)?;
        Ok(Replayed { generation: row.generation, public_state: row.public_state(), run_reopened })
    }
}

impl ReplayExecution {
    /// Takes the end back in the run. Returns whether the run was reopened.
    fn leave_end(&self, draft: &mut Draft, run: RunId) -> Result<bool, Error> {
        let id = self.execution;
        draft.settle_runs(vec![run])?;
        if !self.ignore_edges && draft.group(id).is_some_and(cannot_be_satisfied) {
            return Err(draft.would_be_skipped(run, id));
        }
        let reopened = draft.reopen_run(run, &self.actor)?;
        let row = draft.execution(id)?;
        let (outcome, finalizer) = (row.outcome.unwrap_or(Outcome::Failed), row.finalizer);
        draft.uncount_end(run, outcome, finalizer)?;
        draft.reopen_edges_out_of(id);
        Ok(reopened)
    }

    /// A group that was withdrawn by the earlier end waits again, unless edges are ignored.
    fn meet_edges(&self, draft: &mut Draft) -> Result<(), Error> {
        let id = self.execution;
        let Some(group) = draft.state.groups.get_mut(&id) else { return Ok(()) };
        if group.state == GroupState::Satisfied {
            return Ok(());
        }
        if self.ignore_edges {
            draft.pin_inputs(id);
            return Ok(());
        }
        group.state = GroupState::Open;
        group.fired_ms = None;
        draft.make_runnable(id);
        draft.fire_if_due(id, None)
    }
}

/// Whether a group has fired as impossible, or would at once.
fn cannot_be_satisfied(group: &Group) -> bool {
    let withdrawn = group.state == GroupState::Withdrawn && group.n - group.missed < group.need_count();
    withdrawn || group.state == GroupState::Impossible
}

/// `LV-T801`: it has not ended.
pub(super) fn not_ended(draft: &Draft, id: ExecutionId) -> Error {
    let state = draft.execution(id).map_or(PublicState::Staged, |row| row.public_state());
    Error::new(codes::LV_T801, format!("execution \"{id}\" is {state}; only ended ones can be replayed"))
        .with_hint("cancel it first")
        .with_detail("state", state)
}

impl Draft<'_> {
    /// `LV-T804`: its edges say that it cannot be begun.
    fn would_be_skipped(&self, run: RunId, id: ExecutionId) -> Error {
        let (mut blocked, mut by) = (id, self.blocked_by(run, id));
        // Of a chain of skipped ones, the first member that was not skipped is the one to restart from. The graph has no cycle.
        while let Some(next) = by.filter(|next| self.group(*next).is_some_and(cannot_be_satisfied)) {
            (blocked, by) = (next, self.blocked_by(run, next));
        }
        let by = by.unwrap_or(blocked);
        let condition = self.state.edges.get(&(run, blocked, by)).and_then(|edge| edge.condition_key.as_deref());
        let (upstream, hint) = match condition {
            Some(key) => (format!("condition \"{key}\""), "replay it with ignore_edges".to_owned()),
            None => {
                let name = errors::name_of(self.state.executions.get(&by), by);
                (format!("\"{name}\""), format!("use restart_run_from with \"{by}\", or replay it with ignore_edges"))
            }
        };
        let name = errors::name_of(self.state.executions.get(&id), id);
        let message = format!("execution \"{name}\" would be skipped again because of {upstream}");
        Error::new(codes::LV_T804, message).with_hint(hint).with_detail("upstream", by)
    }

    /// The upstream that decided that a member is skipped.
    fn blocked_by(&self, run: RunId, id: ExecutionId) -> Option<ExecutionId> {
        let decided_by = self.state.executions.get(&id).and_then(|row| row.decided_by);
        let missed = || self.edges_into(run, id).find(|edge| edge.state == EdgeState::Missed).map(|edge| edge.upstream);
        decided_by.or_else(missed)
    }
}
