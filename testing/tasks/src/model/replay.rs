//! Beginning again: Z-4, Z-5, Z-6, X-27, Y-09.
//!
//! Where the contract is silent: ends that were not drawn are drawn first; a finalizer follows from every other member; an upstream
//! that is replayed leaves groups that fired as they are and waits anew for those that did not; members that `on_failure` cancelled
//! are retried with the failure they were cancelled for.

use levada_store::alphabets::{AttemptState, CancelState, Cause, EdgeState, GroupState, Outcome, Phase};
use levada_store::limits::REPLAYS_MAX;
use levada_store::{ExecutionId, RunId};
use levada_tasks::spec::RestartOptions;

use super::{Model, Refused, is_failure};

/// What a replay is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Again {
    pub generation: i32,
    pub run_reopened: bool,
}

/// What a restart is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restarted {
    /// The run's.
    pub generation: i32,
    pub run_reopened: bool,
    pub members: Vec<ExecutionId>,
    pub cancelled: Vec<ExecutionId>,
}

impl Model {
    /// Z-4.
    ///
    /// # Errors
    /// T002, T105, T203, T217, T801, T802, T804.
    pub fn replay(&mut self, id: ExecutionId, ignore_edges: bool) -> Result<Again, Refused> {
        self.atomically(|model| model.replay_one(id, ignore_edges))
    }

    fn replay_one(&mut self, id: ExecutionId, ignore_edges: bool) -> Result<Again, Refused> {
        let row = self.executions.get(&id).ok_or("LV-T002")?;
        if row.phase != Phase::Ended {
            return Err("LV-T801");
        }
        if row.generation >= REPLAYS_MAX {
            return Err("LV-T802");
        }
        let run = row.run;
        let mut run_reopened = false;
        if let Some(run) = run {
            self.draw_all(run);
            if self.is_barred(run, id) && !ignore_edges {
                return Err("LV-T804");
            }
            run_reopened = self.reopen(run)?;
            self.reopen_edges_out_of(run, id);
        }
        self.next_generation(id);
        if let Some(run) = run {
            self.recall(run);
            self.meet_edges(run, id, ignore_edges);
        }
        self.make_runnable(id);
        Ok(Again { generation: self.execution(id).generation, run_reopened })
    }

    /// Draws what earlier steps left in a run, even if in the end the call is refused and it stays left.
    fn draw_all(&mut self, run: RunId) {
        let members: Vec<_> = self.member_ids(run);
        self.seen.marks.retain(|id| !members.contains(id));
        self.follow();
    }

    /// Skipped because of its edges, or it would be at once.
    fn is_barred(&self, run: RunId, id: ExecutionId) -> bool {
        let header = &self.runs[&run];
        let Some(group) = header.groups.get(&id) else { return false };
        match group.state {
            GroupState::Impossible => true,
            GroupState::Withdrawn => header.is_lost(id),
            GroupState::Open | GroupState::Satisfied => false,
        }
    }

    /// Its own group: one that was satisfied stays so, one that was withdrawn waits again.
    fn meet_edges(&mut self, run: RunId, id: ExecutionId, ignore_edges: bool) {
        let state = self.runs[&run].groups.get(&id).map(|group| group.state);
        if state.is_none_or(|state| state == GroupState::Satisfied) {
            return;
        }
        if ignore_edges {
            return self.pin(run, id);
        }
        self.group_mut(run, id).state = GroupState::Open;
        self.fresh.insert(id);
        self.make_runnable(id);
        self.decide(run, id, None);
    }

    ///
    fn next_generation(&mut self, id: ExecutionId) {
        let now_ms = self.now_ms;
        let row = self.execution_mut(id);
        if row.phase != Phase::Ended {
            if let Some(parked) = row.open_try() {
                parked.state = None;
            }
            row.take_lease();
        }
        row.generation += 1;
        row.retries = 0;
        row.crashes = 0;
        row.next_cause = levada_store::alphabets::AttemptCause::Replay;
        row.phase = Phase::Runnable;
        row.end = None;
        row.drawn = None;
        row.answered = false;
        row.due_ms = None;
        row.deadline_ms = row.policy.deadline_ms.map(|span| now_ms + span);
        self.say(levada_store::alphabets::EventKind::Replayed, id);
    }

    /// Y-09. Whether it had ended.
    fn reopen(&mut self, run: RunId) -> Result<bool, Refused> {
        use levada_store::alphabets::RunPhase as P;
        let now_ms = self.now_ms;
        let header = self.run_mut(run);
        match header.phase {
            P::Running => return Ok(false),
            P::Cancelling => return Err("LV-T217"),
            P::Building => return Err("LV-T105"),
            P::Ended if !header.sealed => return Err("LV-T203"),
            P::Ended if header.generation >= REPLAYS_MAX => return Err("LV-T802"),
            P::Ended => {}
        }
        header.generation += 1;
        header.phase = P::Running;
        header.outcome = None;
        header.paused = false;
        header.cancel = None;
        header.deadline_ms = header.options.deadline_ms.map(|span| now_ms + span);
        self.say_run(levada_store::alphabets::EventKind::RunReopened, run);
        Ok(true)
    }

    /// A deadline that ended nobody who is kept is forgotten.
    fn recall(&mut self, run: RunId) {
        let by_deadline = self.members(run).any(|row| row.end.is_some_and(|end| end.cause == Cause::RunExpired));
        self.run_mut(run).expired &= by_deadline;
    }

    /// Groups that have not fired wait for the new end.
    fn reopen_edges_out_of(&mut self, run: RunId, id: ExecutionId) {
        let header = self.run_mut(run);
        for edge in header.edges.iter_mut().filter(|edge| edge.from == id && edge.state != EdgeState::Staged) {
            if matches!(header.groups[&edge.to].state, GroupState::Open | GroupState::Withdrawn) {
                edge.state = EdgeState::Open;
            }
        }
    }

    /// Z-5.
    ///
    /// # Errors
    /// T002, T105, T203, T208, T217, T801 … T803.
    pub fn restart(&mut self, run: RunId, from: ExecutionId, options: RestartOptions) -> Result<Restarted, Refused> {
        self.atomically(|model| {
            model.runs.get(&run).ok_or("LV-T002")?;
            if model.executions.get(&from).is_none_or(|row| row.run != Some(run)) {
                return Err("LV-T208");
            }
            model.draw_all(run);
            if model.execution(from).phase != Phase::Ended && !options.force {
                return Err("LV-T801");
            }
            model.begin_again(run, vec![from], options)
        })
    }

    /// Z-6.
    ///
    /// # Errors
    /// T002, T105, T203, T217, T802, T803.
    pub fn retry_failed(&mut self, run: RunId, force: bool) -> Result<Restarted, Refused> {
        self.atomically(|model| {
            model.runs.get(&run).ok_or("LV-T002")?;
            model.draw_all(run);
            let for_it = |row: &super::Execution| row.end.is_some_and(|end| end.cause == Cause::RunCancelled && !end.by_call);
            let failed = model.members(run).filter(|row| for_it(row) || (is_failure(row) && !model.is_absorbed(run, row)));
            let failed = failed.map(|row| row.id).collect();
            model.begin_again(run, failed, RestartOptions { cascade: true, force, generation: None })
        })
    }

    fn begin_again(&mut self, run: RunId, roots: Vec<ExecutionId>, options: RestartOptions) -> Result<Restarted, Refused> {
        let again = if options.cascade { self.with_descendants(run, roots) } else { roots };
        let is_busy = |id: &ExecutionId| matches!(self.execution(*id).phase, Phase::Active | Phase::Suspended);
        let busy: Vec<_> = again.iter().copied().filter(is_busy).collect();
        if !busy.is_empty() && !options.force {
            return Err("LV-T803");
        }
        if again.iter().any(|id| self.execution(*id).generation >= REPLAYS_MAX) {
            return Err("LV-T802");
        }
        let run_reopened = !again.is_empty() && self.reopen(run)?;
        for id in &busy {
            self.end(*id, Outcome::Cancelled, Cause::Operator, Some(AttemptState::Cancelled));
            self.tell_fired_groups(run, *id, &again);
        }
        for id in &again {
            self.next_generation(*id);
            self.execution_mut(*id).pins.clear();
            self.reopen_edges_out_of(run, *id);
        }
        if again.iter().any(|id| self.execution(*id).finalizer) {
            self.run_mut(run).finalizers_released = false;
        }
        self.recall(run);
        self.reset_groups(run, &again);
        let generation = self.runs[&run].generation;
        Ok(Restarted { generation, run_reopened, members: again, cancelled: busy })
    }

    /// In the order of their ids.
    fn with_descendants(&self, run: RunId, roots: Vec<ExecutionId>) -> Vec<ExecutionId> {
        let header = &self.runs[&run];
        let mut found: std::collections::BTreeSet<_> = roots.iter().flat_map(|root| header.downstream_of(*root)).collect();
        if found.iter().any(|id| !self.execution(*id).finalizer) {
            found.extend(self.members(run).filter(|row| row.finalizer).map(|row| row.id));
        }
        found.into_iter().collect()
    }

    /// Groups recomputed: edges from kept members resolve again at once from stored outcomes.
    fn reset_groups(&mut self, run: RunId, again: &[ExecutionId]) {
        self.fresh.extend(again);
        let header = self.run_mut(run);
        for (_, group) in header.groups.iter_mut().filter(|(child, _)| again.contains(child)) {
            group.state = GroupState::Open;
            group.cancel = CancelState::None;
            group.cancel_cause = None;
            group.kept = 0;
            group.pending_since_ms = None;
        }
        for edge in header.edges.iter_mut().filter(|edge| again.contains(&edge.to)) {
            edge.state = EdgeState::Open;
        }
        self.resolve_known(run, again, again);
        for id in again {
            self.make_runnable(*id);
            self.decide(run, *id, self.first_missed(run, *id));
        }
    }
}
