//! Extending a run that is running: R-09.

use std::collections::BTreeMap;

use levada_store::alphabets::{EventKind, Need, RunPhase};
use levada_store::{ExecutionId, RunId};
use levada_tasks::spec::{Fragment, GraphEdge, GraphNode, NewCondition};

use super::{Asked, Edge, Model, Refused};

/// What an extension is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grown {
    pub revision: i64,
    /// The new members by name; none if the fragment was there before.
    pub new: Option<BTreeMap<String, ExecutionId>>,
}

impl Model {
    /// R-09; `ids` are those of the fragment's nodes, `lease` an execution and a fence that must live.
    ///
    /// # Errors
    /// T002, T004, T005, T101 … T105, T108, T203 … T209, T212, T214, T217, T219.
    pub fn extend_run(
        &mut self,
        run: RunId,
        expected: i64,
        ids: &[ExecutionId],
        fragment: &Fragment,
        lease: Option<(ExecutionId, i64)>,
    ) -> Result<Grown, Refused> {
        let header = self.runs.get(&run).ok_or("LV-T002")?;
        let made_of = format!("{fragment:?}");
        if let Some(before) = header.fragments.get(&fragment.key) {
            let revision = header.revision;
            return if *before == made_of { Ok(Grown { revision, new: None }) } else { Err("LV-T004") };
        }
        match header.phase {
            RunPhase::Running => {}
            RunPhase::Building => return Err("LV-T105"),
            RunPhase::Cancelling => return Err("LV-T217"),
            RunPhase::Ended => return Err("LV-T203"),
        }
        if let Some((id, fence)) = lease {
            self.is_live(id, fence)?;
        }
        if header.revision != expected {
            return Err("LV-T204");
        }
        self.atomically(|model| {
            let new = model.grow(run, ids, fragment)?;
            let header = model.run_mut(run);
            header.fragments.insert(fragment.key.clone(), made_of);
            header.revision += 1;
            let revision = header.revision;
            model.say_run(EventKind::RunExtended, run);
            let members: Vec<_> = new.values().copied().collect();
            model.open(run, &members);
            Ok(Grown { revision, new: Some(new) })
        })
    }

    fn grow(&mut self, run: RunId, ids: &[ExecutionId], fragment: &Fragment) -> Result<BTreeMap<String, ExecutionId>, Refused> {
        let header = &self.runs[&run];
        if header.finalizers_released && fragment.nodes.iter().any(|node| node.execution.finalizer) {
            return Err("LV-T005");
        }
        let before: BTreeMap<String, ExecutionId> = self.members(run).map(|row| (row.name.clone(), row.id)).collect();
        let new = self.insert_graph(run, ids, &fragment.nodes, &fragment.edges, &before)?;
        let members: Vec<_> = new.values().copied().collect();
        self.is_acyclic(run, &members)?;
        self.apply_all(run, &members)?;
        Ok(new)
    }

    /// Nodes and edges by names, staged. `before` are members by name, from which edges may come.
    pub(super) fn insert_graph(
        &mut self,
        run: RunId,
        ids: &[ExecutionId],
        nodes: &[GraphNode],
        edges: &[GraphEdge],
        before: &BTreeMap<String, ExecutionId>,
    ) -> Result<BTreeMap<String, ExecutionId>, Refused> {
        let mut new = BTreeMap::new();
        for (node, id) in nodes.iter().zip(ids) {
            if new.insert(node.execution.name.clone(), *id).is_some() {
                return Err("LV-T214");
            }
        }
        if new.keys().any(|name| before.contains_key(name)) {
            return Err("LV-T214");
        }
        for (node, id) in nodes.iter().zip(ids) {
            self.lane_takes(&node.execution.lane)?;
            if node.group.is_some_and(|policy| policy.need == Need::Quorum && policy.quorum < 1) {
                return Err("LV-T209");
            }
            self.insert(*id, Some(run), &node.execution);
            self.say(EventKind::ExecutionCreated, *id);
            if let Some(policy) = node.group {
                self.group(run, *id, policy);
            }
        }
        edges.iter().try_for_each(|edge| self.insert_edge(run, edge, &new, before))?;
        Ok(new)
    }

    fn insert_edge(
        &mut self,
        run: RunId,
        edge: &GraphEdge,
        new: &BTreeMap<String, ExecutionId>,
        before: &BTreeMap<String, ExecutionId>,
    ) -> Result<(), Refused> {
        let (from, condition) = if edge.is_condition {
            (levada_store::rows::condition_node(run, &edge.from), Some(edge.from.clone()))
        } else {
            (*new.get(&edge.from).or_else(|| before.get(&edge.from)).ok_or("LV-T208")?, None)
        };
        let to = match new.get(&edge.to) {
            Some(to) => *to,
            None if before.contains_key(&edge.to) => return Err("LV-T212"),
            None => return Err("LV-T208"),
        };
        if from == to {
            return Err("LV-T205");
        }
        if self.runs[&run].edges.iter().any(|there| (there.from, there.to) == (from, to)) {
            return Err("LV-T207");
        }
        if let Some(key) = &condition {
            self.put_condition(run, key, edge.condition)?;
        } else if edge.condition != NewCondition::default() {
            return Err("LV-T005");
        }
        let asked = Asked { satisfied_by: edge.satisfied_by, predicates: edge.predicates.clone(), input: edge.input.clone() };
        let state = levada_store::alphabets::EdgeState::Staged;
        self.run_mut(run).edges.push(Edge { from, condition, to, asked, state });
        Ok(())
    }

    /// No edge into these members closes a cycle, and each of their inputs has a name of its own.
    fn is_acyclic(&self, run: RunId, members: &[ExecutionId]) -> Result<(), Refused> {
        let header = &self.runs[&run];
        let edges: Vec<_> = header.edges.iter().filter(|edge| members.contains(&edge.to)).collect();
        for edge in edges.iter().filter(|edge| edge.condition.is_none()) {
            self.is_no_cycle(run, edge.from, edge.to)?;
        }
        for edge in &edges {
            let Some(input) = &edge.asked.input else { continue };
            let same = |other: &&&Edge| other.to == edge.to && other.asked.input.as_ref() == Some(input);
            let is_own = self.execution(edge.to).finalizer && input == "run";
            if is_own || edges.iter().filter(same).count() > 1 {
                return Err("LV-T219");
            }
        }
        Ok(())
    }
}
