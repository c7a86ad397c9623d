//! Submitting a whole run: everything that building does, in one transaction.

use levada_base::Error;
use levada_store::{ExecutionId, RunId, Scope};
use serde::{Deserialize, Serialize};

use super::super::{Created, Draft, Rule, intern};
use super::graph::{Counts, Graph};
use super::{RunState, request};
use crate::spec::RunGraph;

/// Create a run with its whole graph, sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitRun {
    /// The caller's id, or one made for it.
    pub run: RunId,
    /// A fresh id for each node; a node that brings an id does not use its.
    pub ids: Vec<ExecutionId>,
    pub graph: RunGraph,
    /// The epoch at which its statements read, unless its options name one.
    pub epoch: Option<i64>,
}

impl Rule for SubmitRun {
    type Answer = Created<RunState>;

    fn scope(&self) -> Scope {
        let key = self.graph.request_key.iter().map(|key| Scope::Key(self.graph.options.namespace.clone(), key.clone()));
        Scope::All(std::iter::once(graph_scope(self.run, &self.graph)).chain(key).collect())
    }

    fn namespace(&self) -> Option<&str> {
        Some(&self.graph.options.namespace)
    }

    fn decide(&self, draft: &mut Draft) -> Result<Created<RunState>, Error> {
        let options = &self.graph.options;
        let key = self.graph.request_key.as_deref();
        request::run(&self.graph.name, options, self.graph.request_key.as_ref())?;
        // What is too large is not read as a whole.
        Graph { run: self.run, nodes: &self.graph.nodes, edges: &self.graph.edges, ids: &self.ids }.fits(Counts::default())?;
        let digest = intern::digest(&self.graph);
        if let Some(run) = draft.existing_run(self.run, &options.namespace, key, digest)? {
            return Ok(Created::Existing(run));
        }
        draft.put_run_key(self.run, options, key, digest);
        draft.submit(self.run, &self.ids, &self.graph, self.epoch)?;
        Ok(Created::Created(draft.run(self.run)?.into()))
    }
}

/// What submitting a graph needs besides its request key.
pub(crate) fn graph_scope(run: RunId, graph: &RunGraph) -> Scope {
    let nodes = Graph { run, nodes: &graph.nodes, edges: &graph.edges, ids: &[] };
    Scope::All(vec![Scope::Run(run), Scope::Executions(nodes.brought_ids()), Scope::Lanes(nodes.lanes())])
}

impl Draft<'_> {
    /// Puts in a run with its whole graph, sealed. There must be no such run, and the slice must be one of [`graph_scope`].
    pub(crate) fn submit(
        &mut self,
        run: RunId,
        ids: &[ExecutionId],
        graph: &RunGraph,
        epoch: Option<i64>,
    ) -> Result<(), Error> {
        request::run(&graph.name, &graph.options, graph.request_key.as_ref())?;
        self.insert_run(run, &graph.name, &graph.options, intern::digest(graph));
        // All of it is here, because nothing of it was there before.
        self.state.locked_runs.insert(run);
        self.state.whole_runs.insert(run);
        self.insert_graph(Graph { run, nodes: &graph.nodes, edges: &graph.edges, ids })?;
        self.seal(run, epoch)
    }
}
