//! The moment from which edges act, for all members of a run or for those that a fragment brings: what is known by then
//! counts at once, and then the groups fire.

use levada_store::alphabets::{ConditionState, EdgeState, Outcome, Phase};
use levada_store::{ExecutionId, RunId};

use super::graph::{Upstream, is_satisfied};
use super::{Edge, Model};

impl Model {
    /// Lets members of a sealed run wait for their edges, or be ready.
    pub(super) fn open(&mut self, run: RunId, members: &[ExecutionId]) {
        for id in members {
            if matches!(self.execution(*id).phase, Phase::Staged | Phase::Runnable) {
                self.make_runnable(*id);
            }
        }
        self.fresh.extend(members);
        self.resolve_known(run, members, &[]);
        for id in members {
            self.decide(run, *id, self.first_missed(run, *id));
        }
    }

    /// The open edges into `members` of which the outcome is known count. Whoever is among `again` has not ended yet.
    pub(super) fn resolve_known(&mut self, run: RunId, members: &[ExecutionId], again: &[ExecutionId]) {
        let edges = self.runs[&run].edges.iter().enumerate();
        let open = edges.filter(|(_, edge)| edge.state == EdgeState::Open && members.contains(&edge.to));
        let open = open.filter(|(_, edge)| !again.contains(&edge.from));
        let known: Vec<_> = open.filter_map(|(at, edge)| Some((at, self.known(run, edge)?))).collect();
        for (at, satisfied) in known {
            self.run_mut(run).edges[at].state = if satisfied { EdgeState::Satisfied } else { EdgeState::Missed };
        }
    }

    /// Whether an edge is satisfied by what has happened; none if that is not known.
    fn known(&self, run: RunId, edge: &Edge) -> Option<bool> {
        if let Some(key) = &edge.condition {
            let condition = &self.runs[&run].conditions[key];
            let satisfied = condition.state == ConditionState::Satisfied;
            let is_over = condition.state != ConditionState::Open;
            return is_over.then(|| is_satisfied(edge, &Upstream::Condition(satisfied, &condition.facts)));
        }
        let row = self.execution(edge.from);
        let outcome: Outcome = row.end?.outcome;
        Some(is_satisfied(edge, &Upstream::Ended(outcome, row.results.get(&row.generation))))
    }

    /// Of several missed edges that were known at once, the first by the id of its upstream decides.
    pub(super) fn first_missed(&self, run: RunId, child: ExecutionId) -> Option<ExecutionId> {
        let missed = self.runs[&run].edges.iter().filter(|edge| edge.to == child && edge.state == EdgeState::Missed);
        missed.map(|edge| edge.from).min()
    }
}
