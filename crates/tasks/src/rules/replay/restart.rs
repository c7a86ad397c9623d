//! Restarting a run from members of it.

use std::collections::BTreeSet;

use levada_base::{Error, codes};
use levada_store::alphabets::{CancelState, Cause, ConditionState, EdgeState, GroupState, Outcome, Phase};
use levada_store::rows::{Edge, Group};
use levada_store::{ExecutionId, RunId, Scope};
use serde::{Deserialize, Serialize};

use super::execution::not_ended;
use crate::rules::end::End;
use crate::rules::{Draft, Rule, edge, errors, validate};
use crate::spec::RestartOptions;

/// Begin a member of a run again and, if asked for, everything that follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestartRun {
    pub run: RunId,
    pub from: ExecutionId,
    pub options: RestartOptions,
    pub actor: String,
}

/// What a restart did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restarted {
    /// The run's.
    pub generation: i32,
    /// It had ended and runs again by this call.
    pub run_reopened: bool,
    /// The members that begin again, in the order of their ids.
    pub members: Vec<ExecutionId>,
    /// Those of them that this call cancelled for it.
    pub cancelled: Vec<ExecutionId>,
}

impl Rule for RestartRun {
    type Answer = Restarted;

    fn scope(&self) -> Scope {
        Scope::WholeRun(self.run)
    }

    fn decide(&self, draft: &mut Draft) -> Result<Restarted, Error> {
        validate::actor(&self.actor)?;
        draft.run(self.run)?;
        let is_member = draft.state.executions.get(&self.from).is_some_and(|row| row.run_id == Some(self.run));
        if !is_member {
            let message = format!("execution \"{}\" is not a member of run \"{}\"", self.from, self.run);
            return Err(Error::new(codes::LV_T208, message).with_hint("restart from a member of the run"));
        }
        if draft.has_begun_again(self.from, self.options.generation)? {
            return self.repeated(draft);
        }
        draft.settle_runs(vec![self.run])?;
        if draft.execution(self.from)?.phase != Phase::Ended && !self.options.force {
            return Err(not_ended(draft, self.from));
        }
        draft.restart(self.run, BTreeSet::from([self.from]), self.options, &self.actor)
    }
}

impl RestartRun {
    /// What the call that did it was answered, but for what only its moment knew.
    fn repeated(&self, draft: &Draft) -> Result<Restarted, Error> {
        let roots = BTreeSet::from([self.from]);
        let again = if self.options.cascade { draft.with_descendants(self.run, roots) } else { roots };
        let generation = draft.run(self.run)?.generation;
        Ok(Restarted { generation, run_reopened: false, members: again.into_iter().collect(), cancelled: Vec::new() })
    }
}

impl Draft<'_> {
    /// Begins `roots` again and, cascading, what follows from them. The run is here as a whole and settled.
    pub(super) fn restart(
        &mut self,
        run: RunId,
        roots: BTreeSet<ExecutionId>,
        options: RestartOptions,
        actor: &str,
    ) -> Result<Restarted, Error> {
        let again = if options.cascade { self.with_descendants(run, roots) } else { roots };
        let busy: Vec<_> = again.iter().copied().filter(|id| self.is_busy(*id)).collect();
        if !busy.is_empty() && !options.force {
            return Err(self.descendants_active(&busy));
        }
        again.iter().try_for_each(|id| self.replays_left(*id))?;
        let run_reopened = !again.is_empty() && self.reopen_run(run, actor)?;
        self.begin_again(run, &again, &busy, actor)?;
        self.reset_groups(run, &again)?;
        self.settle_runs(vec![run])?;
        let generation = self.run(run)?.generation;
        Ok(Restarted { generation, run_reopened, members: again.into_iter().collect(), cancelled: busy })
    }

    /// Everything that follows from `roots`, and they themselves. All finalizers follow from every other member.
    fn with_descendants(&self, run: RunId, roots: BTreeSet<ExecutionId>) -> BTreeSet<ExecutionId> {
        let mut waiting: Vec<_> = roots.iter().copied().collect();
        let mut found = roots;
        while let Some(id) = waiting.pop() {
            waiting.extend(self.edges_from(id).into_iter().map(|key| key.1).filter(|child| found.insert(*child)));
        }
        let works = |id: &ExecutionId| self.state.executions.get(id).is_some_and(|row| !row.finalizer);
        if found.iter().any(works) {
            found.extend(self.members(run).filter(|row| row.finalizer).map(|row| row.id));
        }
        found
    }

    fn is_busy(&self, id: ExecutionId) -> bool {
        self.state.executions.get(&id).is_some_and(|row| matches!(row.phase, Phase::Active | Phase::Suspended))
    }

    /// `LV-T803`: what would begin again is at work.
    fn descendants_active(&self, busy: &[ExecutionId]) -> Error {
        let names: Vec<_> =
            busy.iter().take(IDS_SHOWN_MAX).map(|id| errors::name_of(self.state.executions.get(id), *id)).collect();
        let ids: Vec<_> = busy.iter().take(IDS_TOLD_MAX).map(ToString::to_string).collect();
        let more = if busy.len() > names.len() { ", …" } else { "" };
        Error::new(codes::LV_T803, format!("{} descendants are active: {}{more}", busy.len(), names.join(", ")))
            .with_hint("wait until they have ended, or restart with force")
            .with_detail("ids", ids.join(","))
    }

    /// Everybody gets the next generation; the busy ones are cancelled first.
    fn begin_again(
        &mut self,
        run: RunId,
        again: &BTreeSet<ExecutionId>,
        busy: &[ExecutionId],
        actor: &str,
    ) -> Result<(), Error> {
        for id in again {
            let row = self.execution(*id)?;
            if let Some(outcome) = row.outcome {
                let finalizer = row.finalizer;
                self.uncount_end(run, outcome, finalizer)?;
            }
        }
        for id in busy {
            self.end(*id, End::by(Cause::Operator, Outcome::Cancelled, Some(actor)));
            self.tell_fired_groups(*id, again)?;
        }
        // These ends are taken back at once: nothing else follows from them.
        self.unsettled.clear();
        for id in again {
            self.next_generation(*id, actor)?;
            self.reopen_edges_out_of(*id);
            self.unpin_inputs(*id);
        }
        self.recall_cancel(run)?;
        if again.iter().any(|id| self.state.executions.get(id).is_some_and(|row| row.finalizer)) {
            self.run_mut(run)?.finalizers_released = false;
        }
        Ok(())
    }

    /// E-3: what ends late still resolves its edges into groups that have fired. So the dispatcher sees that it is no loser any more,
    /// whatever it begins again as.
    fn tell_fired_groups(&mut self, id: ExecutionId, again: &BTreeSet<ExecutionId>) -> Result<(), Error> {
        let has_fired = |group: &Group| matches!(group.state, GroupState::Satisfied | GroupState::Impossible);
        for key in self.edges_from(id).into_iter().filter(|key| !again.contains(&key.1)).collect::<Vec<_>>() {
            if !self.group(key.1).is_some_and(has_fired) {
                continue;
            }
            let Some(edge) = self.state.edges.get(&key) else { continue };
            let satisfied = edge::is_satisfied(edge.satisfied_by, &edge.predicates, Outcome::Cancelled, None);
            self.count_edge(key, satisfied)?;
        }
        Ok(())
    }

    fn unpin_inputs(&mut self, id: ExecutionId) {
        let pinned = self.state.pins.range((id, String::new())..).map(|(key, _)| key).take_while(|key| key.0 == id);
        for key in pinned.cloned().collect::<Vec<_>>() {
            self.state.pins.remove(&key);
        }
    }

    /// The groups of those who begin again count anew: edges from members that were kept resolve from what is stored.
    fn reset_groups(&mut self, run: RunId, again: &BTreeSet<ExecutionId>) -> Result<(), Error> {
        for id in again {
            self.reset_group(run, *id, again);
        }
        // Only now: a group that fires looks at what its siblings feed.
        for id in again {
            self.make_runnable(*id);
            self.fire_if_known(run, *id)?;
        }
        Ok(())
    }

    fn reset_group(&mut self, run: RunId, child: ExecutionId, again: &BTreeSet<ExecutionId>) {
        let now_ms = self.now();
        let resolved: Vec<_> = self.edges_into(run, child).map(|edge| (edge.upstream, self.resolution(edge, again))).collect();
        let Some(group) = self.state.groups.get_mut(&child) else { return };
        group.state = GroupState::Open;
        group.fired_ms = None;
        group.satisfied = 0;
        group.missed = 0;
        group.cancel_state = CancelState::None;
        group.cancel_cause = None;
        group.kept = 0;
        self.state.cancel_pending.remove(&child);
        for (upstream, satisfied) in resolved {
            let Some(edge) = self.state.edges.get_mut(&(run, child, upstream)) else { continue };
            edge.resolved_ms = satisfied.map(|_| now_ms);
            edge.state = match satisfied {
                Some(true) => EdgeState::Satisfied,
                Some(false) => EdgeState::Missed,
                None => EdgeState::Open,
            };
            group.satisfied += i32::from(satisfied == Some(true));
            group.missed += i32::from(satisfied == Some(false));
        }
    }

    /// Whether an edge is satisfied by what is stored; none if that is not known yet.
    fn resolution(&self, edge: &Edge, again: &BTreeSet<ExecutionId>) -> Option<bool> {
        if let Some(key) = &edge.condition_key {
            let condition = self.state.conditions.get(&(edge.run_id, key.clone()))?;
            return match condition.state {
                ConditionState::Open => None,
                ConditionState::Missed => Some(false),
                ConditionState::Satisfied => {
                    let by = (edge.satisfied_by, &edge.predicates);
                    Some(edge::is_satisfied(by.0, by.1, Outcome::Succeeded, Some(&condition.facts)))
                }
            };
        }
        let row = self.state.executions.get(&edge.upstream).filter(|row| !again.contains(&row.id))?;
        let facts = self.state.results.get(&(row.id, row.generation)).map(|result| &result.facts);
        Some(edge::is_satisfied(edge.satisfied_by, &edge.predicates, row.outcome?, facts))
    }
}

/// Names in a message, and ids in its details.
const IDS_SHOWN_MAX: usize = 10;
const IDS_TOLD_MAX: usize = 1_000;
