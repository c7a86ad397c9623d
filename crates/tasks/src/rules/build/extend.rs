//! Extending a run that is running: new executions, and edges into them.

use std::collections::BTreeMap;

use levada_base::Error;
use levada_store::alphabets::{EventKind, KeyOf, RunPhase};
use levada_store::limits::REQUEST_KEY_WINDOW_MS_DEFAULT;
use levada_store::rows::Run;
use levada_store::{BuildingScope, ExecutionId, RunId, Scope};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::errors::{not_here, run_cancelling, run_ended};
use super::super::handle::{Want, access};
use super::super::{Draft, Rule, intern, validate};
use super::graph::Graph;
use super::{errors, is_revision};
use crate::spec::{Fragment, Handle};

/// Add executions to a run that is running, and edges into them, all or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtendRun {
    pub run: RunId,
    /// The revision that the caller knows.
    pub expected: i64,
    /// A fresh id for each node; a node that brings an id does not use its.
    pub ids: Vec<ExecutionId>,
    pub fragment: Fragment,
    /// Only while this lease lives.
    pub fence: Option<Handle>,
}

/// An extension that is there, made now or before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extended {
    Extended {
        revision: i64,
        /// The new executions by name.
        executions: BTreeMap<String, ExecutionId>,
    },
    Existing {
        revision: i64,
    },
}

/// Keys of fragments are unique within their run. Namespaces of callers have a name, so that none of their keys can be one of these.
fn fragment_key(run: RunId, key: &str) -> (String, String) {
    (String::new(), format!("{run}/{key}"))
}

impl ExtendRun {
    fn graph(&self) -> Graph<'_> {
        Graph { run: self.run, nodes: &self.fragment.nodes, edges: &self.fragment.edges, ids: &self.ids }
    }
}

impl Rule for ExtendRun {
    type Answer = Extended;

    fn scope(&self) -> Scope {
        let graph = self.graph();
        let (namespace, key) = fragment_key(self.run, &self.fragment.key);
        let building = BuildingScope {
            run: self.run,
            executions: graph.brought_ids(),
            names: graph.names(),
            conditions: graph.conditions(),
            reach: None,
        };
        let mut parts = vec![
            // The whole run, if that is settled where its members end.
            Scope::OpenMembers { run: self.run, active: false, finalizers: false, limit: 0 },
            Scope::Building(building),
            Scope::Lanes(graph.lanes()),
            Scope::Key(namespace, key),
        ];
        parts.extend(self.fence.map(|handle| Scope::Leases(vec![(handle.execution, handle.fence)])));
        Scope::All(parts)
    }

    fn decide(&self, draft: &mut Draft) -> Result<Extended, Error> {
        validate::required("key", &self.fragment.key, validate::KEY)?;
        let digest = intern::digest(&self.fragment);
        let (namespace, key) = fragment_key(self.run, &self.fragment.key);
        let run = draft.run(self.run)?;
        if draft.used_key((&namespace, &key), KeyOf::Fragment, digest)?.is_some() {
            return Ok(Extended::Existing { revision: run.revision });
        }
        can_grow(run)?;
        if let Some(handle) = &self.fence {
            access(draft, handle, Want::Write)?;
        }
        is_revision(draft.run(self.run)?, self.expected)?;
        let executions = self.extend(draft)?;
        let target = (KeyOf::Fragment, ExecutionId(self.run.0));
        draft.put_request_key((&namespace, &key), target, digest, REQUEST_KEY_WINDOW_MS_DEFAULT);
        Ok(Extended::Extended { revision: draft.run(self.run)?.revision, executions })
    }
}

impl ExtendRun {
    fn extend(&self, draft: &mut Draft) -> Result<BTreeMap<String, ExecutionId>, Error> {
        if draft.run(self.run)?.finalizers_released && self.fragment.nodes.iter().any(|node| node.execution.finalizer) {
            return Err(not_here(
                "finalizer",
                "the finalizers of the run have begun: add it before the last other member ends",
            ));
        }
        let executions = draft.insert_graph(self.graph())?;
        let new: Vec<ExecutionId> = executions.values().copied().collect();
        draft.open_edges(self.run, &new)?;
        let run = draft.run_mut(self.run)?;
        run.revision += 1;
        let detail = json!({
            "key": self.fragment.key,
            "revision": run.revision,
            "executions": self.fragment.nodes.len(),
            "edges": self.fragment.edges.len(),
        });
        draft.run_event(EventKind::RunExtended, self.run, None, &detail);
        draft.open_members(self.run, &new)?;
        draft.settle()?;
        Ok(executions)
    }
}

/// Whether a run takes new members.
fn can_grow(run: &Run) -> Result<(), Error> {
    match run.phase {
        RunPhase::Running => Ok(()),
        RunPhase::Building => Err(errors::not_sealed("extend_run", run.id)),
        RunPhase::Cancelling => Err(run_cancelling(run.id)),
        RunPhase::Ended => Err(run_ended(run)),
    }
}
