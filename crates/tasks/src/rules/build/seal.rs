//! Sealing: the graph is fixed and may start.

use levada_base::Error;
use levada_store::alphabets::{EventKind, Phase, RunPhase};
use levada_store::{ExecutionId, RunId, Scope};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::{Draft, Rule};
use super::{RunState, is_building, is_revision};

/// Fix the graph of a run and let it start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealRun {
    pub run: RunId,
    /// The revision that the caller knows.
    pub expected: i64,
    /// The epoch at which its statements read, unless its options name one.
    pub epoch: Option<i64>,
}

/// A sealed run, sealed now or before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealed {
    Sealed(RunState),
    Existing(RunState),
}

impl Rule for SealRun {
    type Answer = Sealed;

    fn scope(&self) -> Scope {
        Scope::WholeRun(self.run)
    }

    fn decide(&self, draft: &mut Draft) -> Result<Sealed, Error> {
        let run = draft.run(self.run)?;
        if run.sealed_ms.is_some() {
            return Ok(Sealed::Existing(run.into()));
        }
        is_building(run)?;
        is_revision(run, self.expected)?;
        draft.seal(self.run, self.epoch)?;
        Ok(Sealed::Sealed(draft.run(self.run)?.into()))
    }
}

impl Draft<'_> {
    /// Seals a run that is here as a whole, and draws every consequence.
    pub(super) fn seal(&mut self, id: RunId, epoch: Option<i64>) -> Result<(), Error> {
        let members: Vec<ExecutionId> = self.members(id).map(|row| row.id).collect();
        self.open_edges(id, &members)?;
        let now_ms = self.now();
        let run = self.run_mut(id)?;
        run.phase = RunPhase::Running;
        run.sealed_ms = Some(now_ms);
        run.build_deadline_ms = None;
        run.deadline_ms = run.deadline_span_ms.map(|span| now_ms.saturating_add(span));
        run.epoch = run.epoch.or(epoch);
        let detail = json!({ "revision": run.revision, "executions": run.members, "edges": run.edges });
        self.run_event(EventKind::RunSealed, id, None, &detail);
        let is_ended = |id: &&ExecutionId| self.execution(**id).is_ok_and(|row| row.phase == Phase::Ended);
        let ended: Vec<ExecutionId> = members.iter().filter(is_ended).copied().collect();
        ended.iter().for_each(|member| self.withdraw_group(*member));
        self.open_members(id, &members)?;
        for member in ended {
            // What an end brings in the run was left until now; an end with a mark is settled below.
            if !self.state.marks.contains_key(&member) {
                self.draw(member)?;
            }
        }
        self.settle_runs(vec![id])
    }
}
