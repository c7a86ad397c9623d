//! Puts a graph together, sharing equal subtrees.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hash, Hasher};

use arrow::datatypes::SchemaRef;
use foldhash::quality::FixedState;
use levada_base::{OperatorId, Result};

use super::{Edge, Graph, Node, NodeId, Route, check};
use crate::OpSpec;

/// Seed of operator ids. Changing it gives every operator of every stored job a new id.
const OPERATOR_ID_SEED: u64 = 0x6c65_7661_6461_0001;

/// Builds a graph bottom up. A node that is already there (same operator, same inputs) is not built twice: an expression used in two
/// places is computed once.
#[derive(Debug, Default)]
pub struct GraphBuilder {
    nodes: Vec<Node>,
    known: BTreeMap<OperatorId, NodeId>,
}

impl GraphBuilder {
    /// Adds `op` over `inputs`, or finds it.
    pub fn add(&mut self, op: OpSpec, inputs: Vec<(NodeId, Route)>, schema: SchemaRef, append_only: bool) -> NodeId {
        let inputs: Vec<Edge> = inputs.into_iter().map(|(from, route)| Edge { from, route }).collect();
        let id = self.operator_id(&op, &inputs);
        if let Some(&known) = self.known.get(&id) {
            return known;
        }
        let at = NodeId(self.nodes.len());
        self.nodes.push(Node { id, op, inputs, schema, append_only });
        self.known.insert(id, at);
        at
    }

    /// A node added before.
    #[must_use]
    pub fn node(&self, at: NodeId) -> &Node {
        &self.nodes[at.0]
    }

    /// The finished graph with `output` as its result, checked.
    ///
    /// # Errors
    /// `LV-S999` where an edge, a column or a schema does not fit: the planner built it wrong.
    pub fn finish(self, output: NodeId) -> Result<Graph> {
        let graph = Graph { nodes: self.nodes, output };
        check::check(&graph)?;
        Ok(graph)
    }

    /// A digest of what the operator means and of everything below it. Routes are left out: where a row is computed does not change
    /// what is computed.
    fn operator_id(&self, op: &OpSpec, inputs: &[Edge]) -> OperatorId {
        let mut hasher = FixedState::with_seed(OPERATOR_ID_SEED).build_hasher();
        op.to_string().hash(&mut hasher);
        for edge in inputs {
            self.nodes[edge.from.0].id.hash(&mut hasher);
        }
        OperatorId(hasher.finish())
    }
}
