//! The moment from which a graph acts: edges are open, groups wait, members are runnable or held, and what happened before counts.
//!
//! Sealing does it for a whole run, extending for new members only; both in time linear in what is opened, times a logarithm.

use levada_base::Error;
use levada_store::alphabets::{ConditionState, EdgeState, EdgeWhen, Outcome, Phase};
use levada_store::rows::{Edge, Execution, Row};
use levada_store::{ExecutionId, RunId};

use super::super::draft::EdgeKey;
use super::super::errors::name_of;
use super::super::{Draft, edge};
use super::edge::waits_for_all;
use super::{cycle, errors};

impl Draft<'_> {
    /// Opens the edges into `children`, which are members of a run.
    ///
    /// # Errors
    /// `LV-T206` for a cycle among them, `LV-T209` for a group that cannot be satisfied, `LV-T219` for an input named twice.
    pub(super) fn open_edges(&mut self, run: RunId, children: &[ExecutionId]) -> Result<(), Error> {
        self.check_cycles(run, children)?;
        for child in children {
            let edges: Vec<Edge> = self.edges_into(run, *child).cloned().collect();
            self.check_inputs(*child, &edges)?;
            edges.iter().for_each(|edge| self.open_edge(edge.key()));
            let Some(group) = self.group(*child) else { continue };
            let (need, n) = (group.need_count(), group.n);
            if need > n {
                let name = name_of(self.state.executions.get(child), *child);
                return Err(errors::unreachable_group(name, need, n));
            }
        }
        Ok(())
    }

    fn check_inputs(&self, child: ExecutionId, edges: &[Edge]) -> Result<(), Error> {
        let row = self.execution(child)?;
        let mut named: Vec<&Edge> = edges.iter().filter(|edge| edge.input.is_some()).collect();
        named.sort_unstable_by(|a, b| a.input.cmp(&b.input));
        for (index, edge) in named.iter().enumerate() {
            super::edge::input_is_free(row, edge, named.get(index + 1).copied().into_iter())?;
        }
        Ok(())
    }

    fn check_cycles(&self, run: RunId, children: &[ExecutionId]) -> Result<(), Error> {
        let mut edges = Vec::new();
        for child in children {
            let row = self.execution(*child)?;
            for edge in self.edges_into(run, *child).filter(|edge| edge.condition_key.is_none()) {
                let upstream = self.state.executions.get(&edge.upstream);
                if upstream.is_some_and(|upstream| waits_for_all(upstream, row)) {
                    return Err(self.cycle_error(vec![*child, edge.upstream]));
                }
                edges.push((edge.upstream, *child));
            }
        }
        cycle::find(&edges).map_or(Ok(()), |ids| Err(self.cycle_error(ids)))
    }

    /// Makes `members` of a sealed run runnable, resolves what is known about the edges into them, and fires the groups that this decides.
    /// What is known counts at once, so that a child's inputs do not depend on the order of its edges.
    pub(super) fn open_members(&mut self, run: RunId, members: &[ExecutionId]) -> Result<(), Error> {
        for member in members {
            if self.execution(*member).is_ok_and(|row| matches!(row.phase, Phase::Staged | Phase::Runnable)) {
                self.make_runnable(*member);
            }
        }
        for member in members {
            let open: Vec<EdgeKey> =
                self.edges_into(run, *member).filter(|edge| edge.state == EdgeState::Open).map(Row::key).collect();
            for key in open {
                if let Some(satisfied) = self.known_resolution(key) {
                    self.count_edge(key, satisfied)?;
                }
            }
        }
        members.iter().try_for_each(|member| self.fire_if_known(run, *member))
    }

    /// How an open edge comes out if its upstream has ended or its condition is resolved.
    pub(super) fn known_resolution(&self, key: EdgeKey) -> Option<bool> {
        let edge = self.state.edges.get(&key)?;
        match &edge.condition_key {
            Some(condition) => self.condition_resolution(edge, condition),
            None => {
                let upstream = self.state.executions.get(&edge.upstream).filter(|row| row.phase == Phase::Ended)?;
                Some(self.end_satisfies(edge, upstream, upstream.outcome?))
            }
        }
    }

    fn condition_resolution(&self, edge: &Edge, key: &str) -> Option<bool> {
        let condition = self.state.conditions.get(&(edge.run_id, key.to_owned()))?;
        match condition.state {
            ConditionState::Open => None,
            ConditionState::Missed => Some(false),
            ConditionState::Satisfied => {
                Some(edge::is_satisfied(EdgeWhen::Success, &edge.predicates, Outcome::Succeeded, Some(&condition.facts)))
            }
        }
    }

    fn end_satisfies(&self, edge: &Edge, upstream: &Execution, outcome: Outcome) -> bool {
        let facts = self.state.results.get(&(upstream.id, upstream.generation)).map(|result| &result.facts);
        edge::is_satisfied(edge.satisfied_by, &edge.predicates, outcome, facts)
    }
}
