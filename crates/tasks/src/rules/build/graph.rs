//! From a graph by names to rows: the members and edges of a submitted graph, or of a fragment of a run that is there.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use levada_base::Error;
use levada_store::limits::{RUN_EDGES_MAX, RUN_EXECUTIONS_MAX, RUN_FINALIZERS_MAX};
use levada_store::rows::Row;
use levada_store::{ExecutionId, RunId};

use super::super::errors::{invalid, not_here, used_otherwise};
use super::super::{Draft, intern, validate};
use super::edge::new_edge;
use super::{errors, request};
use crate::spec::{GraphEdge, GraphNode, NewEdge, NewExecution, Upstream};

/// The nodes and edges of a graph, with an id for each node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Graph<'a> {
    pub run: RunId,
    pub nodes: &'a [GraphNode],
    pub edges: &'a [GraphEdge],
    /// Fresh ids, for the nodes that bring none.
    pub ids: &'a [ExecutionId],
}

/// What a run has already.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) members: i32,
    pub(super) edges: i32,
    pub(super) finalizers: i32,
}

impl<'a> Graph<'a> {
    /// The ids that the callers brought.
    pub(super) fn brought_ids(&self) -> Vec<ExecutionId> {
        self.nodes.iter().filter_map(|node| node.execution.id).collect()
    }

    /// The lanes of its nodes, each once.
    pub(super) fn lanes(&self) -> Vec<String> {
        let lanes: BTreeSet<_> = self.nodes.iter().map(|node| &node.execution.lane).collect();
        lanes.into_iter().cloned().collect()
    }

    /// The conditions of its edges, each once.
    pub(super) fn conditions(&self) -> Vec<String> {
        let keys: BTreeSet<_> = self.edges.iter().filter(|edge| edge.is_condition).map(|edge| &edge.from).collect();
        keys.into_iter().cloned().collect()
    }

    /// Every name that it uses for an execution, each once.
    pub(super) fn names(&self) -> Vec<String> {
        let own = self.nodes.iter().map(|node| &node.execution.name);
        let from = self.edges.iter().filter(|edge| !edge.is_condition).map(|edge| &edge.from);
        let names: BTreeSet<_> = own.chain(from).chain(self.edges.iter().map(|edge| &edge.to)).collect();
        names.into_iter().filter(|name| !name.is_empty()).cloned().collect()
    }

    /// Whether a run that has so much can take these too.
    pub(super) fn fits(&self, has: Counts) -> Result<(), Error> {
        let grown = |n: i32, by: usize| usize::try_from(n).unwrap_or(0).saturating_add(by);
        let (members, edges) = (grown(has.members, self.nodes.len()), grown(has.edges, self.edges.len()));
        let new_finalizers = self.nodes.iter().filter(|node| node.execution.finalizer).count();
        let finalizers = grown(has.finalizers, new_finalizers);
        if members > RUN_EXECUTIONS_MAX {
            return Err(errors::too_large(members, "executions", "RUN_EXECUTIONS_MAX", RUN_EXECUTIONS_MAX));
        }
        if edges > RUN_EDGES_MAX {
            return Err(errors::too_large(edges, "edges", "RUN_EDGES_MAX", RUN_EDGES_MAX));
        }
        if new_finalizers > 0 && finalizers > RUN_FINALIZERS_MAX {
            return Err(errors::too_large(finalizers, "finalizers", "RUN_FINALIZERS_MAX", RUN_FINALIZERS_MAX));
        }
        Ok(())
    }

    /// The nodes' ids by name.
    fn by_name(&self) -> Result<BTreeMap<&'a str, ExecutionId>, Error> {
        if self.ids.len() < self.nodes.len() {
            return Err(invalid("ids", self.ids.len(), "an id for every node"));
        }
        let mut by_name = BTreeMap::new();
        for (node, fresh) in self.nodes.iter().zip(self.ids) {
            let name = node.execution.name.as_str();
            validate::required("name", name, validate::NAME)?;
            if by_name.insert(name, node.execution.id.unwrap_or(*fresh)).is_some() {
                return Err(errors::name_twice(name, self.run));
            }
        }
        Ok(by_name)
    }
}

impl Draft<'_> {
    /// Puts the nodes of a graph in as staged members of a run, and its edges as staged edges. Edges may come from members that are in
    /// the slice; they lead to new ones only. Returns the ids of the new ones, by name.
    pub(super) fn insert_graph(&mut self, graph: Graph<'_>) -> Result<BTreeMap<String, ExecutionId>, Error> {
        let run = self.run(graph.run)?;
        graph.fits(Counts { members: run.members, edges: run.edges, finalizers: run.finalizers })?;
        let new = graph.by_name()?;
        let members = self.members(graph.run).filter(|row| !row.name.is_empty());
        let members: BTreeMap<String, ExecutionId> = members.map(|row| (row.name.clone(), row.id)).collect();
        if let Some(name) = new.keys().find(|name| members.contains_key(**name)) {
            return Err(errors::name_twice(name, graph.run));
        }
        for node in graph.nodes {
            self.insert_node(graph.run, node, new[node.execution.name.as_str()])?;
        }
        for edge in graph.edges {
            let upstream = match edge.is_condition {
                true => Upstream::Condition(edge.from.clone()),
                false => {
                    let id = new.get(edge.from.as_str()).or_else(|| members.get(&edge.from));
                    Upstream::Execution(*id.ok_or_else(|| errors::no_member(&edge.from, graph.run))?)
                }
            };
            let child = match (new.get(edge.to.as_str()), members.get(&edge.to)) {
                (Some(child), _) => *child,
                (None, Some(_)) => return Err(errors::started(&edge.to)),
                (None, None) => return Err(errors::no_member(&edge.to, graph.run)),
            };
            self.insert_edge(graph.run, edge, upstream, child)?;
        }
        Ok(new.into_iter().map(|(name, id)| (name.to_owned(), id)).collect())
    }

    fn insert_node(&mut self, run: RunId, node: &GraphNode, id: ExecutionId) -> Result<(), Error> {
        let new = in_namespace(&node.execution, &self.run(run)?.namespace)?;
        validate::execution(&new)?;
        if new.request_key.is_some() {
            return Err(not_here("request_key", "a graph and a fragment have a key of their own: give it to them"));
        }
        self.lane_takes(&new.lane)?;
        if self.state.executions.contains_key(&id) {
            return Err(used_otherwise(format!("execution id \"{id}\"")));
        }
        if let Some(policy) = node.group {
            request::policy(&new.name, policy)?;
            self.put_group(run, id, policy);
        }
        self.insert_execution(id, &new, intern::digest(&new), Some(run));
        let row = self.run_mut(run)?;
        row.members += 1;
        row.finalizers += i32::from(new.finalizer);
        Ok(())
    }

    fn insert_edge(&mut self, run: RunId, edge: &GraphEdge, upstream: Upstream, child: ExecutionId) -> Result<(), Error> {
        if edge.from == edge.to && !edge.is_condition {
            return Err(errors::own_upstream(&edge.to));
        }
        let key = edge.is_condition.then_some(&edge.from);
        let new = NewEdge {
            upstream,
            child,
            satisfied_by: edge.satisfied_by,
            predicates: edge.predicates.clone(),
            input: edge.input.clone(),
            condition: edge.condition,
        };
        let row = new_edge(run, &new)?;
        if let Some(there) = self.state.edges.get(&row.key()) {
            return Err(errors::edge_exists(there, "this graph naming it twice"));
        }
        if let Some(key) = key {
            self.put_condition(run, key, edge.condition)?;
        }
        self.put_edge(row);
        self.run_mut(run)?.edges += 1;
        Ok(())
    }
}

/// A node in the namespace of its run, which is what the default stands for.
fn in_namespace<'a>(new: &'a NewExecution, namespace: &str) -> Result<Cow<'a, NewExecution>, Error> {
    if new.namespace == namespace {
        return Ok(Cow::Borrowed(new));
    }
    if new.namespace != NewExecution::default().namespace {
        return Err(invalid("namespace", &new.namespace, &format!("\"{namespace}\", the one of the run")));
    }
    Ok(Cow::Owned(NewExecution { namespace: namespace.to_owned(), ..new.clone() }))
}
