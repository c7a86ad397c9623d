//! How a run comes to its end: finalizers when everything else is over, then the outcome.

use levada_store::ExecutionId;
use levada_store::RunId;
use levada_store::alphabets::{Cause, EdgeState, EdgeWhen, EventKind, GroupState, Hold, Outcome, Phase, RunPhase};
use levada_store::rows::{Execution, Pin, Row};
use serde_json::json;

use super::Draft;

/// The input under which a finalizer sees the provisional outcome of its run.
pub const RUN_INPUT: &str = "run";

impl Draft<'_> {
    /// Releases the finalizers of a run, or ends it, if it is time. The run's row must be locked, and the slice must hold what decides
    /// the outcome: all of the run, or what a slice for settling brings.
    pub(crate) fn finish_run(&mut self, id: RunId) {
        let Some(run) = self.state.runs.get(&id).filter(|run| matches!(run.phase, RunPhase::Running | RunPhase::Cancelling))
        else {
            return;
        };
        // Finalizers that the cancel ends with the others never begin, not even between two steps of its backlog.
        let are_cancelled = run.phase == RunPhase::Cancelling && run.cancel_finalizers;
        if run.finalizers > 0 && !run.finalizers_released && !are_cancelled && run.open_before_finalizers() == 0 {
            self.release_finalizers(id);
        }
        if self.state.runs.get(&id).is_some_and(|run| run.open() == 0) {
            self.end_run(id);
        }
    }

    fn release_finalizers(&mut self, id: RunId) {
        let outcome = self.run_outcome(id);
        let Some(run) = self.state.runs.get_mut(&id) else { return };
        run.finalizers_released = true;
        let generation = run.generation;
        // One that was released before a restart of others keeps what it saw then.
        let waits = |row: &&Execution| row.finalizer && (row.phase, row.hold) == (Phase::Runnable, Hold::Edges);
        let waiting: Vec<_> = self.members(id).filter(waits).map(|row| row.id).collect();
        for finalizer in waiting {
            let pin = Pin {
                execution_id: finalizer,
                name: RUN_INPUT.to_owned(),
                upstream: ExecutionId(id.0),
                condition_key: None,
                generation,
                outcome,
                failure_code: None,
            };
            self.state.pins.insert(pin.key(), pin);
            self.make_runnable(finalizer);
        }
    }

    fn end_run(&mut self, id: RunId) {
        let outcome = self.run_outcome(id);
        let now_ms = self.now();
        let Some(run) = self.state.runs.get_mut(&id) else { return };
        run.phase = RunPhase::Ended;
        run.outcome = Some(outcome);
        run.ended_ms = Some(now_ms);
        run.paused = false;
        run.build_deadline_ms = None;
        run.deadline_ms = None;
        run.cancel_grace_ms = None;
        run.cancel_backlog = false;
        run.retain_until_ms = Some(now_ms.saturating_add(run.retention_ms));
        let detail = json!({
            "outcome": outcome.word(),
            "succeeded": run.settled_succeeded,
            "failed": run.settled_failed,
            "cancelled": run.settled_cancelled,
            "expired": run.settled_expired,
            "skipped": run.settled_skipped,
        });
        self.run_event(EventKind::RunEnded, id, None, &detail);
    }

    /// The outcome if the run ended now.
    fn run_outcome(&self, id: RunId) -> Outcome {
        let Some(run) = self.state.runs.get(&id) else { return Outcome::Succeeded };
        if run.expired {
            return Outcome::Expired;
        }
        if run.cancel_ended_any || run.sealed_ms.is_none() {
            return Outcome::Cancelled;
        }
        let failed = self.members(id).any(|row| is_failure(row) && !self.is_absorbed(row.id));
        if failed { Outcome::Failed } else { Outcome::Succeeded }
    }

    /// A failure is absorbed if something was waiting for it and got it, or if everything it feeds went on without it.
    pub(crate) fn is_absorbed(&self, failed: ExecutionId) -> bool {
        let edges = self.edges_from(failed);
        let met = edges
            .iter()
            .filter_map(|key| self.state.edges.get(key))
            .any(|edge| matches!(edge.satisfied_by, EdgeWhen::Failure | EdgeWhen::Done) && edge.state == EdgeState::Satisfied);
        let went_on = |child| self.group(child).is_some_and(|group| group.state == GroupState::Satisfied);
        met || (!edges.is_empty() && edges.iter().all(|key| went_on(key.1)))
    }

    /// The members of a run that are in the slice.
    pub(crate) fn members(&self, run: RunId) -> impl Iterator<Item = &Execution> + '_ {
        self.state.executions.values().filter(move |row| row.run_id == Some(run))
    }
}

/// Whether an end makes its run fail unless it is absorbed.
pub(crate) fn is_failure(row: &Execution) -> bool {
    let by_operator = row.outcome == Some(Outcome::Cancelled) && row.cause == Some(Cause::Operator);
    row.essential && (matches!(row.outcome, Some(Outcome::Failed | Outcome::Expired)) || by_operator)
}
