//! Edges and groups: §§3.3, 3.4 and what firing does to the child (X-04, X-05, §3.6).

use std::cmp::Ordering;

use levada_store::alphabets::{
    CancelState, Cause, ConditionState, EdgeState, EdgeWhen, EventKind, GroupState, Hold, Need, OnFired, OnTimeout, Outcome,
    Phase,
};
use levada_store::rows::{Comparison, Fact, Facts, Predicate};
use levada_store::{ExecutionId, RunId};

use super::{Edge, Model, Pin, Run};

/// What became of an upstream.
pub(super) enum Upstream<'a> {
    Ended(Outcome, Option<&'a Facts>),
    Condition(bool, &'a Facts),
}

/// Whether an edge is satisfied by what became of its upstream.
pub(super) fn is_satisfied(edge: &Edge, upstream: &Upstream) -> bool {
    let (by_end, facts) = match upstream {
        Upstream::Ended(outcome, facts) => (table(edge.asked.satisfied_by, *outcome), *facts),
        Upstream::Condition(satisfied, facts) => (*satisfied, Some(*facts)),
    };
    by_end && edge.asked.predicates.0.iter().all(|predicate| holds(predicate, facts))
}

/// §3.3, row by row.
fn table(when: EdgeWhen, outcome: Outcome) -> bool {
    let row = match outcome {
        Outcome::Succeeded => [true, false, true, false, true],
        Outcome::Failed | Outcome::Expired => [false, true, true, false, false],
        Outcome::Cancelled => [false, false, true, false, false],
        Outcome::Skipped => [false, false, true, true, true],
    };
    let columns = [EdgeWhen::Success, EdgeWhen::Failure, EdgeWhen::Done, EdgeWhen::Skipped, EdgeWhen::NotFailed];
    columns.iter().zip(row).any(|(column, satisfied)| *column == when && satisfied)
}

/// An absent fact, or one that cannot be compared with the literal, satisfies no predicate.
fn holds(predicate: &Predicate, facts: Option<&Facts>) -> bool {
    let order = match (facts.and_then(|facts| facts.0.get(&predicate.fact)), &predicate.literal) {
        (Some(Fact::Int(left)), Fact::Int(right)) => left.cmp(right),
        (Some(Fact::Text(left)), Fact::Text(right)) => left.cmp(right),
        (Some(Fact::Bool(left)), Fact::Bool(right)) => left.cmp(right),
        _ => return false,
    };
    match predicate.op {
        Comparison::Equal => order == Ordering::Equal,
        Comparison::NotEqual => order != Ordering::Equal,
        Comparison::Less => order == Ordering::Less,
        Comparison::LessOrEqual => order != Ordering::Greater,
        Comparison::Greater => order == Ordering::Greater,
        Comparison::GreaterOrEqual => order != Ordering::Less,
    }
}

impl Run {
    /// Edges into a child that are counted: all, satisfied, missed.
    #[must_use]
    pub fn counts(&self, child: ExecutionId) -> (usize, usize, usize) {
        let into = || self.edges.iter().filter(|edge| edge.to == child && edge.state != EdgeState::Staged);
        let in_state = |state| into().filter(|edge| edge.state == state).count();
        (into().count(), in_state(EdgeState::Satisfied), in_state(EdgeState::Missed))
    }

    /// What §3.4 says about a group that is still open; none if it stays so.
    fn verdict(&self, child: ExecutionId) -> Option<GroupState> {
        if self.counts(child).1 >= self.need(child) {
            Some(GroupState::Satisfied)
        } else if self.is_lost(child) {
            Some(GroupState::Impossible)
        } else {
            None
        }
    }

    /// Whether a group can no longer be satisfied, whatever its state.
    #[must_use]
    pub fn is_lost(&self, child: ExecutionId) -> bool {
        let (n, _, missed) = self.counts(child);
        n - missed < self.need(child)
    }

    /// How many edges a group needs.
    fn need(&self, child: ExecutionId) -> usize {
        let policy = self.groups[&child].policy;
        match policy.need {
            Need::AllOf => self.counts(child).0,
            Need::AnyOf => 1,
            Need::Quorum => usize::try_from(policy.quorum).unwrap_or(0),
        }
    }

    /// Whether a group shares an upstream with another.
    fn share(&self, one: ExecutionId, other: ExecutionId) -> bool {
        let feeds = |edge: &Edge| self.edges.iter().any(|second| second.to == other && second.from == edge.from);
        self.edges.iter().any(|edge| edge.to == one && feeds(edge))
    }

    /// Whether an upstream feeds an open group besides this one.
    #[must_use]
    pub fn is_needed_elsewhere(&self, upstream: ExecutionId, group: ExecutionId) -> bool {
        let others = self.edges.iter().filter(|edge| edge.from == upstream && edge.to != group);
        others.map(|edge| &self.groups[&edge.to]).any(|other| other.state == GroupState::Open)
    }
}

impl Model {
    /// The next open edge whose upstream's fate is drawn, in the order of draws, and whether it is satisfied.
    pub(super) fn resolvable(&self, run: RunId) -> Option<(usize, bool)> {
        let header = &self.runs[&run];
        let open = header.edges.iter().enumerate().filter(|(_, edge)| edge.state == EdgeState::Open);
        let known = open.filter_map(|(at, edge)| {
            let (drawn, upstream) = self.fate(header, edge)?;
            Some(((drawn, edge.to), at, is_satisfied(edge, &upstream)))
        });
        known.min_by_key(|(order, _, _)| *order).map(|(_, at, satisfied)| (at, satisfied))
    }

    fn fate<'a>(&'a self, run: &'a Run, edge: &Edge) -> Option<(u64, Upstream<'a>)> {
        if let Some(key) = &edge.condition {
            let condition = &run.conditions[key];
            let satisfied = condition.state == ConditionState::Satisfied;
            return Some((condition.drawn?, Upstream::Condition(satisfied, &condition.facts)));
        }
        let row = self.execution(edge.from);
        let (end, drawn) = row.end.zip(row.drawn)?;
        Some((drawn, Upstream::Ended(end.outcome, row.results.get(&row.generation))))
    }

    /// E-3: a cancel that is taken back at once still comes late to the groups that have fired, but for those whose child begins again.
    pub(super) fn tell_fired_groups(&mut self, run: RunId, from: ExecutionId, again: &[ExecutionId]) {
        let header = self.run_mut(run);
        for edge in header.edges.iter_mut().filter(|edge| edge.from == from && edge.state == EdgeState::Open) {
            let has_fired = matches!(header.groups[&edge.to].state, GroupState::Satisfied | GroupState::Impossible);
            if has_fired && !again.contains(&edge.to) {
                let satisfied = is_satisfied(edge, &Upstream::Ended(Outcome::Cancelled, None));
                edge.state = if satisfied { EdgeState::Satisfied } else { EdgeState::Missed };
            }
        }
    }

    /// Resolves one edge and fires its group if that decides it.
    pub(super) fn resolve(&mut self, run: RunId, at: usize, satisfied: bool) {
        let edge = &mut self.run_mut(run).edges[at];
        edge.state = if satisfied { EdgeState::Satisfied } else { EdgeState::Missed };
        let (child, from) = (edge.to, edge.from);
        self.decide(run, child, Some(from));
    }

    /// Fires the open group of a child if its counts decide it; `by` is the upstream of the edge that did.
    pub(super) fn decide(&mut self, run: RunId, child: ExecutionId, by: Option<ExecutionId>) {
        let header = &self.runs[&run];
        if header.groups.get(&child).is_none_or(|group| group.state != GroupState::Open) {
            return;
        }
        let Some(verdict) = header.verdict(child) else { return };
        if self.execution(child).phase == Phase::Ended {
            return self.withdraw(run, child);
        }
        let edge = header.edges.iter().find(|edge| edge.to == child && Some(edge.from) == by);
        let failed_by_timeout = edge.and_then(|edge| edge.condition.as_ref()).is_some_and(|key| {
            let condition = &header.conditions[key];
            condition.timed_out && condition.on_timeout == OnTimeout::Fail
        });
        self.fire(run, child, verdict);
        if verdict == GroupState::Satisfied {
            self.pin(run, child);
            self.make_runnable(child);
        } else {
            let (outcome, cause) = if failed_by_timeout {
                (Outcome::Failed, Cause::ConditionTimeout)
            } else {
                (Outcome::Skipped, Cause::EdgesImpossible)
            };
            self.end(child, outcome, cause, None);
            if let Some(end) = &mut self.execution_mut(child).end {
                end.decided_by = by;
            }
        }
    }

    fn fire(&mut self, run: RunId, child: ExecutionId, verdict: GroupState) {
        let now_ms = self.now_ms;
        let group = self.group_mut(run, child);
        group.state = verdict;
        if group.policy.on_fired == OnFired::CancelRemaining {
            let satisfied = verdict == GroupState::Satisfied;
            group.cancel = CancelState::Pending;
            group.cancel_cause = Some(if satisfied { Cause::GroupSatisfied } else { Cause::GroupImpossible });
            group.pending_since_ms = Some(now_ms);
        }
        self.say(EventKind::GroupFired, child);
        self.left_open(run, child);
    }

    /// E-6.
    pub(super) fn withdraw(&mut self, run: RunId, child: ExecutionId) {
        self.group_mut(run, child).state = GroupState::Withdrawn;
        self.say(EventKind::GroupWithdrawn, child);
        self.left_open(run, child);
    }

    /// siblings that were spared for this group's sake.
    fn left_open(&mut self, run: RunId, child: ExecutionId) {
        if self.fresh.contains(&child) {
            return;
        }
        let now_ms = self.now_ms;
        let header = &self.runs[&run];
        let spared = header.groups.iter().filter(|(id, group)| **id != child && group.kept > 0 && header.share(child, **id));
        let again: Vec<_> = spared.filter(|(_, group)| group.cancel == CancelState::Done).map(|(id, _)| *id).collect();
        for other in again {
            let group = self.group_mut(run, other);
            group.cancel = CancelState::Pending;
            group.pending_since_ms = Some(now_ms);
        }
    }

    pub(super) fn group_mut(&mut self, run: RunId, child: ExecutionId) -> &mut super::Group {
        self.run_mut(run).groups.get_mut(&child).expect("the group exists")
    }

    /// I-1.
    pub(super) fn pin(&mut self, run: RunId, child: ExecutionId) {
        let named = self.runs[&run].edges.iter().filter(|edge| edge.to == child && edge.state == EdgeState::Satisfied);
        let pins: Vec<_> = named.filter_map(|edge| Some((edge.asked.input.clone()?, self.pin_of(edge)?))).collect();
        self.execution_mut(child).pins.extend(pins);
    }

    /// None if the upstream began again since it satisfied the edge: its present generation has not come out yet.
    fn pin_of(&self, edge: &Edge) -> Option<Pin> {
        let Some(row) = self.executions.get(&edge.from) else {
            return Some(Pin { upstream: edge.from, generation: 0, outcome: Outcome::Succeeded, failure_code: None });
        };
        let outcome = row.end?.outcome;
        let code = row.tries.last().and_then(|attempt| attempt.failure_code.clone());
        let failure_code = code.filter(|_| outcome != Outcome::Succeeded);
        Some(Pin { upstream: edge.from, generation: row.generation, outcome, failure_code })
    }

    /// A child that waits for its edges, or for all others.
    pub(super) fn waits(&self, id: ExecutionId) -> bool {
        let row = self.execution(id);
        (row.phase, row.hold) == (Phase::Runnable, Hold::Edges)
    }
}
