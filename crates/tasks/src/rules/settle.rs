//! Settlement: the consequences of ends in a run, to a fixpoint.
//!
//! Small runs are settled by the transaction that ends a member ([`Draft::settle`] at the end of the event); larger ones, and ends
//! made by sweeps, by the settle worker ([`SettleRun`]). Both run the same code on slices of different size.

use std::collections::VecDeque;

use levada_base::Error;
use levada_store::alphabets::{CancelPolicy, Cause, EdgeState, OnFailure, Outcome, RunPhase};
use levada_store::rows::Run;
use levada_store::{ExecutionId, RunId, Scope};
use serde::{Deserialize, Serialize};

use super::{Draft, Rule, edge};

/// Settle the marks of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettleRun {
    pub run: RunId,
}

/// What one settlement did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settled {
    pub settled: u32,
    pub fired: u32,
    pub runs_ended: u32,
}

impl Rule for SettleRun {
    type Answer = Settled;

    fn scope(&self) -> Scope {
        Scope::Marks(self.run)
    }

    fn decide(&self, draft: &mut Draft) -> Result<Settled, Error> {
        let marked = draft.state.marks.values().filter(|mark| mark.run_id == self.run).map(|mark| mark.execution_id);
        let marked: VecDeque<_> = marked.collect();
        let settled = u32::try_from(marked.len()).unwrap_or(u32::MAX);
        let open_before = draft.state.groups.values().filter(|group| group.fired_ms.is_some()).count();
        draft.settle_marked(marked)?;
        draft.finish_run(self.run);
        let fired = draft.state.groups.values().filter(|group| group.fired_ms.is_some()).count() - open_before;
        let ended = draft.run(self.run).is_ok_and(|run| run.phase == RunPhase::Ended);
        Ok(Settled { settled, fired: u32::try_from(fired).unwrap_or(u32::MAX), runs_ended: u32::from(ended && settled > 0) })
    }
}

impl Draft<'_> {
    /// Settles the ends of this transaction in the runs that are here as a whole, together with the marks that wait in them.
    pub(crate) fn settle(&mut self) -> Result<(), Error> {
        let mut runs: Vec<RunId> = self.unsettled.iter().filter_map(|id| self.state.executions.get(id)?.run_id).collect();
        runs.sort_unstable();
        runs.dedup();
        self.settle_runs(runs)
    }

    /// Settles what waits in runs that are here as a whole: ends of this transaction and marks.
    pub(crate) fn settle_runs(&mut self, runs: Vec<RunId>) -> Result<(), Error> {
        let marks = self.state.marks.values().filter(|mark| runs.contains(&mark.run_id)).map(|mark| mark.execution_id);
        let marked: VecDeque<_> = marks.collect();
        self.settle_marked(marked)?;
        while let Some(id) = self.unsettled.pop_front() {
            self.settle_end(id)?;
        }
        for run in runs {
            self.finish_run(run);
            // A run's end or its finalizers may end members in turn.
            while let Some(id) = self.unsettled.pop_front() {
                self.settle_end(id)?;
                self.finish_run(run);
            }
        }
        Ok(())
    }

    /// Settles marked ends in the order in which they came: a group that needs one edge is fired by the first of them, as it would have
    /// been had each been settled at once.
    fn settle_marked(&mut self, marked: VecDeque<ExecutionId>) -> Result<(), Error> {
        let mut marked = Vec::from(marked);
        marked.sort_by_key(|id| self.state.marks.get(id).map(|mark| mark.seq));
        for id in marked {
            let Some(mark) = self.state.marks.remove(&id) else { continue };
            if self.state.executions.get(&id).is_some_and(|row| mark.outcome_of(row).is_some()) {
                self.settle_end(id)?;
            }
        }
        Ok(())
    }

    /// One end: the run's counts, and what follows in a sealed run.
    fn settle_end(&mut self, id: ExecutionId) -> Result<(), Error> {
        let row = self.execution(id)?.clone();
        let (Some(run), Some(outcome)) = (row.run_id, row.outcome) else { return Ok(()) };
        self.count_end(run, outcome, row.finalizer)?;
        let header = self.run_mut(run)?;
        header.cancel_ended_any |= row.cancelled_by_call;
        // A graph that is not sealed stands still: sealing draws the consequences.
        if self.run(run)?.sealed_ms.is_some() { self.draw(id) } else { Ok(()) }
    }

    /// What an end that is counted brings: the own group, the edges out of it, the run's answer to failures. A second time changes
    /// nothing.
    pub(crate) fn draw(&mut self, id: ExecutionId) -> Result<(), Error> {
        let row = self.execution(id)?.clone();
        let (Some(run), Some(outcome)) = (row.run_id, row.outcome) else { return Ok(()) };
        self.withdraw_group(id);
        let facts = self.state.results.get(&(id, row.generation)).map(|result| result.facts.clone());
        for key in self.edges_from(id) {
            let Some(edge) = self.state.edges.get(&key).filter(|edge| edge.state == EdgeState::Open) else { continue };
            let satisfied = edge::is_satisfied(edge.satisfied_by, &edge.predicates, outcome, facts.as_ref());
            self.resolve_edge(key, satisfied)?;
        }
        if row.essential && !row.finalizer && matches!(outcome, Outcome::Failed | Outcome::Expired) {
            self.answer_failure(run)?;
        }
        Ok(())
    }

    pub(crate) fn count_end(&mut self, run: RunId, outcome: Outcome, finalizer: bool) -> Result<(), Error> {
        let run = self.run_mut(run)?;
        *settled_count(run, outcome) += 1;
        run.finalizers_settled += i32::from(finalizer);
        Ok(())
    }

    /// What the run was told to do when an essential member fails.
    fn answer_failure(&mut self, run: RunId) -> Result<(), Error> {
        let row = self.run(run)?;
        let policy = match row.on_failure {
            OnFailure::Continue => return Ok(()),
            OnFailure::CancelPending => CancelPolicy::CancelPending,
            OnFailure::CancelAll => CancelPolicy::CancelAll,
        };
        if row.phase == RunPhase::Running {
            self.begin_cancel(run, policy, Cause::RunCancelled, "on_failure", "engine")?;
        }
        Ok(())
    }
}

/// How many members of a run ended so.
pub(crate) fn settled_count(run: &mut Run, outcome: Outcome) -> &mut i32 {
    match outcome {
        Outcome::Succeeded => &mut run.settled_succeeded,
        Outcome::Failed => &mut run.settled_failed,
        Outcome::Cancelled => &mut run.settled_cancelled,
        Outcome::Expired => &mut run.settled_expired,
        Outcome::Skipped => &mut run.settled_skipped,
    }
}
