//! What the settle worker's slice brings: the marked ends of a run and what they touch one step downstream.

use std::collections::BTreeMap;

use super::{Slice, without_bytes};
use crate::alphabets::{CancelState, EdgeState, GroupState, Outcome, Phase};
use crate::ids::{ExecutionId, RunId};
use crate::limits::SETTLE_MARKS_MAX;
use crate::rows::{Edge, Group, Row, Run};

impl Slice<'_> {
    /// The run's header, locked. The first marks, at most [`SETTLE_MARKS_MAX`]. Of each marked execution: the bare row, its own group,
    /// the edges out of it, the groups these lead to, and the facts of its result if one of these edges asks for facts. Of each group
    /// that these ends may take out of `open`, and of the marked executions' own open groups: what [`Slice::fireable`] brings. If the
    /// run may end: what [`Slice::last`] brings.
    pub(super) fn marks(&mut self, run: RunId) {
        self.lock_run(run);
        let full = self.tables.state();
        let Some(header) = full.runs.get(&run) else { return };
        let mut marks: Vec<_> = full.marks.values().filter(|row| row.run_id == run).collect();
        marks.sort_unstable_by_key(|row| row.seq);
        marks.truncate(SETTLE_MARKS_MAX);
        let mut touched: BTreeMap<ExecutionId, Resolutions> = BTreeMap::new();
        let mut left_open = false;
        for mark in &marks {
            self.state.marks.insert(mark.key(), (*mark).clone());
            let Some(ended) = full.executions.get(&mark.execution_id) else { continue };
            self.state.executions.insert(ended.id, ended.clone());
            self.group_row(ended.id);
            if full.groups.get(&ended.id).is_some_and(|group| group.state == GroupState::Open) {
                left_open = true;
                self.fireable(run, ended.id);
            }
            for edge in self.tables.edges_from(ended.id).collect::<Vec<_>>() {
                self.state.edges.insert(edge.key(), edge.clone());
                self.group_row(edge.child);
                touched.entry(edge.child).or_default().add(edge, mark.outcome_of(ended));
                if !edge.predicates.0.is_empty() {
                    let result = full.results.get_key_value(&(ended.id, mark.generation));
                    self.state.results.extend(result.map(|(key, row)| (*key, without_bytes(row))));
                }
            }
        }
        for (child, ends) in touched {
            if full.groups.get(&child).is_some_and(|group| ends.may_fire(group)) {
                left_open = true;
                self.fireable(run, child);
            }
        }
        if left_open {
            self.sparing_groups(run);
        }
        if may_end(header, marks.len()) {
            self.last(run);
        }
    }

    /// A group that may leave `open`: the group, its child, every edge into it, and the upstreams that feed named inputs, each with
    /// its last attempt.
    pub(super) fn fireable(&mut self, run: RunId, child: ExecutionId) {
        self.group_row(child);
        self.execution(child);
        for edge in self.tables.edges_into(run, child).collect::<Vec<_>>() {
            self.state.edges.insert(edge.key(), edge.clone());
            if edge.input.is_some() {
                self.execution(edge.upstream);
            }
        }
    }

    /// The fired groups of a run that spared siblings, with their edges: another group that leaves `open` may give these free.
    pub(super) fn sparing_groups(&mut self, run: RunId) {
        let full = self.tables.state();
        let sparing = full.groups.values().filter(|group| group.run_id == run && group.kept > 0);
        for group in sparing.filter(|group| group.cancel_state == CancelState::Done).collect::<Vec<_>>() {
            self.group_row(group.child);
            self.state.edges.extend(self.tables.edges_into(run, group.child).map(|edge| (edge.key(), edge.clone())));
        }
    }

    /// What decides a run's outcome and starts its finalizers: finalizers, and essential members that did not succeed, each with its own
    /// group, the edges out of it and the groups they lead to.
    fn last(&mut self, run: RunId) {
        let full = self.tables.state();
        for member in self.tables.members(run) {
            let Some(row) = full.executions.get(&member) else { continue };
            let ended_badly = matches!(row.outcome, Some(Outcome::Failed | Outcome::Expired | Outcome::Cancelled));
            if row.finalizer || (row.essential && row.phase == Phase::Ended && ended_badly) {
                self.execution(member);
                self.group_row(member);
                for edge in self.tables.edges_from(member).collect::<Vec<_>>() {
                    self.state.edges.insert(edge.key(), edge.clone());
                    self.group_row(edge.child);
                }
            }
        }
    }
}

/// How many open edges of a group ends may satisfy, and how many they may miss. An edge that asks for facts counts as both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resolutions {
    satisfied: i32,
    missed: i32,
}

impl Resolutions {
    /// One more edge, whose upstream ended so. Nothing if it is resolved already, or the end is not of this generation.
    pub fn add(&mut self, edge: &Edge, outcome: Option<Outcome>) {
        let Some(outcome) = outcome.filter(|_| edge.state == EdgeState::Open) else { return };
        let is_met = edge.satisfied_by.is_met_by(outcome);
        self.satisfied += i32::from(is_met);
        self.missed += i32::from(!is_met || !edge.predicates.0.is_empty());
    }

    /// Whether these may take the group out of `open`.
    #[must_use]
    pub fn may_fire(&self, group: &Group) -> bool {
        let need = group.need_count();
        group.state == GroupState::Open
            && (group.satisfied + self.satisfied >= need || group.n - group.missed - self.missed < need)
    }
}

/// Whether settling `marks` may release the run's finalizers or end it.
#[must_use]
pub fn may_end(run: &Run, marks: usize) -> bool {
    let marks = i32::try_from(marks).unwrap_or(i32::MAX);
    run.open() <= marks || (run.finalizers > 0 && run.open_before_finalizers() <= marks)
}
