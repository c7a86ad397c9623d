//! Staging an edge of a run that is being built, and applying it to its child.

use levada_base::Error;
use levada_store::alphabets::{ConditionState, EdgeState, Phase};
use levada_store::limits::RUN_EDGES_MAX;
use levada_store::rows::{Condition, Edge, Execution, Facts, Row, condition_node};
use levada_store::{BuildingScope, ExecutionId, RunId, Scope};
use serde::{Deserialize, Serialize};

use super::super::errors::{invalid, name_of, unknown};
use super::super::finish::RUN_INPUT;
use super::super::{Applied, Draft, Rule};
use super::{errors, is_building, is_revision, request};
use crate::spec::{GroupPolicy, NewCondition, NewEdge, Upstream};

/// Stage an edge; it does nothing before the run is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageEdge {
    pub run: RunId,
    /// The revision that the caller knows.
    pub expected: i64,
    pub edge: NewEdge,
}

/// Whether the edge was staged before, and the revision now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StagedEdge {
    pub applied: Applied,
    pub revision: i64,
}

/// Count a staged edge in its child's group, whose policy is then fixed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplyEdge {
    pub run: RunId,
    pub upstream: Upstream,
    pub child: ExecutionId,
}

/// Whether the edge was applied before, and how many edges of the child are not satisfied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppliedEdge {
    pub applied: Applied,
    pub unsatisfied: i32,
}

impl Upstream {
    /// The node of the edge's row, and the key if it is a condition.
    pub(super) fn node(&self, run: RunId) -> (ExecutionId, Option<&str>) {
        match self {
            Self::Execution(id) => (*id, None),
            Self::Condition(key) => (condition_node(run, key), Some(key)),
        }
    }
}

impl Rule for StageEdge {
    type Answer = StagedEdge;

    fn scope(&self) -> Scope {
        let (upstream, key) = self.edge.upstream.node(self.run);
        let executions = if key.is_some() { vec![self.edge.child] } else { vec![self.edge.child, upstream] };
        Scope::Building(BuildingScope {
            run: self.run,
            executions,
            names: Vec::new(),
            conditions: key.map(str::to_owned).into_iter().collect(),
            reach: key.is_none().then_some(self.edge.child),
        })
    }

    fn decide(&self, draft: &mut Draft) -> Result<StagedEdge, Error> {
        let edge = new_edge(self.run, &self.edge)?;
        let run = draft.run(self.run)?;
        let is_there = draft.state.edges.get(&edge.key()).is_some_and(|there| same_content(there, &edge));
        if is_there && self.names_no_other_timeout(draft) {
            return Ok(StagedEdge { applied: Applied::AlreadyApplied, revision: run.revision });
        }
        is_building(run)?;
        is_revision(run, self.expected)?;
        let edges = usize::try_from(run.edges).unwrap_or(0);
        if edges >= RUN_EDGES_MAX {
            return Err(errors::too_large(edges + 1, "edges", "RUN_EDGES_MAX", RUN_EDGES_MAX));
        }
        self.fits(draft, &edge)?;
        if let Some(key) = &edge.condition_key {
            draft.put_condition(self.run, key, self.edge.condition)?;
        }
        draft.put_edge(edge);
        let run = draft.run_mut(self.run)?;
        run.edges += 1;
        run.revision += 1;
        Ok(StagedEdge { applied: Applied::Applied, revision: run.revision })
    }
}

impl StageEdge {
    /// Whether it asks for no timeout of its condition, or for the one that is stored: another edge may have named that.
    fn names_no_other_timeout(&self, draft: &Draft) -> bool {
        let wanted = self.edge.condition;
        let (_, key) = self.edge.upstream.node(self.run);
        let stored = key.and_then(|key| draft.state.conditions.get(&(self.run, key.to_owned())));
        let is_stored = |row: &Condition| (row.expires_ms, row.on_timeout) == (wanted.expires_ms, wanted.on_timeout);
        wanted == NewCondition::default() || stored.is_some_and(is_stored)
    }

    /// Whether the graph can take the edge.
    fn fits(&self, draft: &Draft, edge: &Edge) -> Result<(), Error> {
        let child = draft.member(self.run, edge.child)?;
        let upstream = match edge.condition_key {
            None => Some(draft.member(self.run, edge.upstream)?),
            Some(_) => None,
        };
        if let Some(there) = draft.state.edges.get(&edge.key()) {
            return Err(errors::edge_exists(there, difference(there, edge)));
        }
        if child.phase != Phase::Staged {
            return Err(errors::started(name_of(Some(child), child.id)));
        }
        input_is_free(child, edge, draft.edges_into(self.run, child.id))?;
        let Some(upstream) = upstream else { return Ok(()) };
        let ids =
            if waits_for_all(upstream, child) { Some(vec![child.id, upstream.id]) } else { draft.path(child.id, upstream.id) };
        ids.map_or(Ok(()), |ids| Err(draft.cycle_error(ids)))
    }
}

impl Rule for ApplyEdge {
    type Answer = AppliedEdge;

    fn scope(&self) -> Scope {
        Scope::Building(BuildingScope { run: self.run, executions: vec![self.child], ..BuildingScope::default() })
    }

    fn decide(&self, draft: &mut Draft) -> Result<AppliedEdge, Error> {
        let run = draft.run(self.run)?;
        let key = (self.run, self.child, self.upstream.node(self.run).0);
        let edge = draft.state.edges.get(&key);
        let edge = edge.ok_or_else(|| unknown("edge", format!("{} → {}", key.2, self.child)))?;
        let applied = if edge.state == EdgeState::Staged {
            is_building(run)?;
            draft.open_edge(key);
            Applied::Applied
        } else {
            Applied::AlreadyApplied
        };
        Ok(AppliedEdge { applied, unsatisfied: draft.group(self.child).map_or(0, |group| group.n - group.satisfied) })
    }
}

/// The row of an edge, staged.
///
/// # Errors
/// `LV-T205` for an edge from an execution to itself, `LV-T001`, `LV-T003`, `LV-T005` for what it says besides.
pub(super) fn new_edge(run: RunId, new: &NewEdge) -> Result<Edge, Error> {
    let (upstream, key) = new.upstream.node(run);
    if upstream == new.child {
        return Err(errors::own_upstream(new.child));
    }
    request::edge(key, new.satisfied_by, &new.predicates, new.input.as_ref(), &new.condition)?;
    Ok(Edge {
        run_id: run,
        child: new.child,
        upstream,
        condition_key: key.map(str::to_owned),
        satisfied_by: new.satisfied_by,
        predicates: new.predicates.clone(),
        input: new.input.clone(),
        state: EdgeState::Staged,
        resolved_ms: None,
    })
}

fn same_content(there: &Edge, edge: &Edge) -> bool {
    there.satisfied_by == edge.satisfied_by && there.predicates == edge.predicates && there.input == edge.input
}

/// What an edge that is there has otherwise.
fn difference(there: &Edge, edge: &Edge) -> &'static str {
    if there.satisfied_by != edge.satisfied_by {
        "another satisfied_by"
    } else if there.predicates != edge.predicates {
        "other predicates"
    } else if there.input != edge.input {
        "another input"
    } else {
        "another timeout of its condition"
    }
}

/// Whether the input of an edge is the only one of its name among the edges into its child.
pub(super) fn input_is_free<'a>(
    child: &Execution,
    edge: &Edge,
    mut others: impl Iterator<Item = &'a Edge>,
) -> Result<(), Error> {
    let Some(input) = &edge.input else { return Ok(()) };
    // Every finalizer sees the outcome of its run under this name.
    let is_taken = child.finalizer && input == RUN_INPUT;
    if is_taken || others.any(|other| other.input.as_ref() == Some(input) && other.upstream != edge.upstream) {
        return Err(errors::input_twice(input, name_of(Some(child), child.id)));
    }
    Ok(())
}

/// A finalizer waits for all other members, so none of these can wait for it.
pub(super) fn waits_for_all(upstream: &Execution, child: &Execution) -> bool {
    upstream.finalizer && !child.finalizer
}

impl Draft<'_> {
    /// A member of a run.
    pub(super) fn member(&self, run: RunId, id: ExecutionId) -> Result<&Execution, Error> {
        let row = self.state.executions.get(&id);
        row.filter(|row| row.run_id == Some(run)).ok_or_else(|| errors::no_member(name_of(row, id), run))
    }

    /// `LV-T206` with names as far as the slice has them.
    pub(super) fn cycle_error(&self, ids: Vec<ExecutionId>) -> Error {
        let named: Vec<_> = ids.into_iter().map(|id| (id, name_of(self.state.executions.get(&id), id))).collect();
        errors::cycle(&named)
    }

    /// An edge that was staged counts from now on. Its child's group is made if nobody chose its policy.
    pub(super) fn open_edge(&mut self, key: super::super::draft::EdgeKey) {
        let Some(edge) = self.state.edges.get_mut(&key).filter(|edge| edge.state == EdgeState::Staged) else { return };
        edge.state = EdgeState::Open;
        let (run, child, _) = key;
        if self.group(child).is_none() {
            self.put_group(run, child, GroupPolicy::all_of());
        }
        if let Some(group) = self.state.groups.get_mut(&child) {
            group.n += 1;
        }
    }

    /// An outside fact that edges wait for. Of several edges on one condition, one may name its timeout.
    pub(super) fn put_condition(&mut self, run: RunId, key: &str, timeout: NewCondition) -> Result<(), Error> {
        let namespace = self.run(run)?.namespace.clone();
        let (upstream_run, upstream_execution) = request::awaited(run, key)?;
        let row = self.state.conditions.get_or_insert_with((run, key.to_owned()), || Condition {
            run_id: run,
            key: key.to_owned(),
            namespace,
            state: ConditionState::Open,
            facts: Facts::default(),
            expires_ms: None,
            on_timeout: NewCondition::default().on_timeout,
            upstream_run,
            upstream_execution,
            resolved_ms: None,
        });
        let there = NewCondition { expires_ms: row.expires_ms, on_timeout: row.on_timeout };
        if timeout == NewCondition::default() || timeout == there {
            return Ok(());
        }
        if there != NewCondition::default() {
            return Err(invalid("condition", key, "given one timeout only: another edge names another one"));
        }
        row.expires_ms = timeout.expires_ms;
        row.on_timeout = timeout.on_timeout;
        Ok(())
    }
}
