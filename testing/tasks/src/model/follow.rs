//! What follows from ends in a run: §3.5, to a fixpoint, looking at everything each time.

use std::collections::BTreeSet;

use levada_store::alphabets::{CancelPolicy, Cause, EventKind, GroupState, Hold, OnFailure, Outcome, Phase, RunPhase};
use levada_store::{ExecutionId, RunId};

use super::{Cancel, Execution, Model, Pin};

impl Model {
    /// Draws every consequence that the engine was not seen to leave for later.
    pub fn follow(&mut self) {
        for run in self.runs.keys().copied().collect::<Vec<_>>() {
            while self.draw_ends(run)
                || self.resolve_next(run)
                || self.answer_failures(run)
                || self.end_some_doomed(run)
                || self.release_finalizers(run)
                || self.let_finalizers_go(run)
                || self.end_run(run)
            {}
        }
    }

    /// Ends whose consequences are drawn now, in the order in which they came. A group whose child is over never fires (E-6), so that
    /// comes first.
    fn draw_ends(&mut self, run: RunId) -> bool {
        let over = self.members(run).filter(|row| is_left(row) && !self.seen.marks.contains(&row.id));
        let mut over: Vec<_> = over.filter_map(|row| Some((row.id, row.end?))).collect();
        over.sort_by_key(|(_, end)| end.order);
        for (id, _) in &over {
            let number = self.next_number();
            self.execution_mut(*id).drawn = Some(number);
            let header = &self.runs[&run];
            if header.sealed && header.groups.get(id).is_some_and(|group| group.state == GroupState::Open) {
                self.withdraw(run, *id);
            }
        }
        !over.is_empty()
    }

    fn resolve_next(&mut self, run: RunId) -> bool {
        // A graph that is not sealed stands still.
        if !self.runs[&run].sealed {
            return false;
        }
        let Some((at, satisfied)) = self.resolvable(run) else { return false };
        self.resolve(run, at, satisfied);
        true
    }

    /// `on_failure`: when an essential member ended failed or expired. A finalizer that fails leaves nothing to be cancelled.
    fn answer_failures(&mut self, run: RunId) -> bool {
        let failed = |outcome| matches!(outcome, Some(Outcome::Failed | Outcome::Expired));
        let new =
            self.members(run).filter(|row| row.drawn.is_some() && !row.answered && failed(row.end.map(|end| end.outcome)));
        let new: Vec<_> = new.filter(|row| row.essential && !row.finalizer).map(|row| row.id).collect();
        let header = &self.runs[&run];
        if new.is_empty() || !header.sealed {
            return false;
        }
        let policy = match header.options.on_failure {
            _ if header.phase != RunPhase::Running => None,
            OnFailure::Continue => None,
            OnFailure::CancelPending => Some(CancelPolicy::CancelPending),
            OnFailure::CancelAll => Some(CancelPolicy::CancelAll),
        };
        for id in new {
            self.execution_mut(id).answered = true;
        }
        if let Some(policy) = policy {
            let cause = Cause::RunCancelled;
            self.begin_cancel(run, Cancel { policy, explicit: false, cause, finalizers_too: false, grace_ms: None });
        }
        true
    }

    /// Members that the cancel in force ends, as far as the engine was seen to end them: it may leave them to its backlog (K-2).
    pub(super) fn end_some_doomed(&mut self, run: RunId) -> bool {
        let doomed: Vec<_> = self.doomed(run).into_iter().filter(|id| self.seen.cancelled.contains(id)).collect();
        for id in &doomed {
            self.end_by_cancel(*id);
        }
        !doomed.is_empty()
    }

    /// Y-05, Z-3.
    fn release_finalizers(&mut self, run: RunId) -> bool {
        let header = &self.runs[&run];
        let in_time = matches!(header.phase, RunPhase::Running | RunPhase::Cancelling) && header.sealed;
        if !in_time
            || !self.members(run).any(|row| row.finalizer)
            || header.finalizers_released
            || self.members(run).any(|row| !row.finalizer && row.drawn.is_none())
        {
            return false;
        }
        // Finalizers that a cancel ends with the others never have their turn.
        if header.phase == RunPhase::Cancelling && header.cancel.is_some_and(|cancel| cancel.finalizers_too) {
            return false;
        }
        let provisional = self.outcome(run);
        let generation = header.generation;
        self.run_mut(run).finalizers_released = true;
        for id in self.member_ids(run) {
            if self.execution(id).finalizer && self.waits(id) {
                let upstream = ExecutionId(run.0);
                let seen = Pin { upstream, generation, outcome: provisional, failure_code: None };
                self.execution_mut(id).pins.insert("run".to_owned(), seen);
                self.make_runnable(id);
            }
        }
        true
    }

    /// A cancel ends a pause: finalizers that this held go on, at once or by the backlog worker.
    fn let_finalizers_go(&mut self, run: RunId) -> bool {
        let is_held = |row: &&Execution| row.finalizer && (row.phase, row.hold) == (Phase::Runnable, Hold::Operator);
        let goes = |row: &&Execution| !self.seen.held.contains(&row.id) && self.next_hold(row.id) != Hold::Operator;
        let held: Vec<_> = self.members(run).filter(is_held).filter(goes).map(|row| row.id).collect();
        for id in &held {
            self.make_runnable(*id);
        }
        !held.is_empty() && self.runs[&run].phase == RunPhase::Cancelling
    }

    /// Y-06.
    fn end_run(&mut self, run: RunId) -> bool {
        let header = &self.runs[&run];
        let in_time = matches!(header.phase, RunPhase::Running | RunPhase::Cancelling);
        if !in_time || self.members(run).any(|row| row.drawn.is_none()) {
            return false;
        }
        let outcome = self.outcome(run);
        let header = self.run_mut(run);
        header.phase = RunPhase::Ended;
        header.outcome = Some(outcome);
        header.deadline_ms = None;
        self.say_run(EventKind::RunEnded, run);
        true
    }

    /// Ends whose consequences are not drawn yet.
    #[must_use]
    pub fn left(&self) -> BTreeSet<ExecutionId> {
        self.executions.values().filter(|row| is_left(row)).map(|row| row.id).collect()
    }

    /// How many members are over and drawn, by outcome.
    #[must_use]
    pub fn settled(&self, run: RunId, outcome: Outcome) -> usize {
        self.members(run).filter(|row| row.drawn.is_some() && row.end.is_some_and(|end| end.outcome == outcome)).count()
    }
}

/// Whether the consequences of an end are not drawn yet.
#[must_use]
fn is_left(row: &Execution) -> bool {
    row.phase == Phase::Ended && row.drawn.is_none()
}
