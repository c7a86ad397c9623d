//! A plan as data: operators, and edges outside of them.
//!
//! Edges live beside the payload (`{ id, op, inputs }`), so that rewiring never opens an operator and can't lose a field of it.
//! Nodes are in topological order by construction: a node's inputs exist before it.

mod builder;
mod check;
mod describe;

use arrow::datatypes::SchemaRef;
use levada_base::OperatorId;

use crate::OpSpec;
pub use builder::GraphBuilder;
pub(crate) use describe::named;

/// A node's place in its graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub usize);

/// How the rows of an edge find their shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// They stay where they are.
    Local,
    /// Rows with equal values in these columns meet on one shard.
    Hash(Vec<usize>),
    /// All rows meet on the first shard.
    Single,
}

/// An edge from `from` into a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    pub from: NodeId,
    pub route: Route,
}

/// An operator with its place in the graph.
#[derive(Debug, Clone)]
pub struct Node {
    pub id: OperatorId,
    pub op: OpSpec,
    pub inputs: Vec<Edge>,
    /// The columns it gives.
    pub schema: SchemaRef,
    /// Whether it never retracts.
    pub append_only: bool,
}

/// Operators in topological order; the last node gives the result.
#[derive(Debug, Clone)]
pub struct Graph {
    nodes: Vec<Node>,
    output: NodeId,
}

impl Graph {
    /// All nodes, inputs before their readers.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Checks what must hold between operators, edges and schemas.
    ///
    /// # Errors
    /// `LV-S999` naming the node and what does not fit.
    pub fn check(&self) -> levada_base::Result<()> {
        check::check(self)
    }

    /// One node.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// The node whose changes are the result.
    #[must_use]
    pub fn output(&self) -> NodeId {
        self.output
    }

    /// The inputs from outside: the node of each and the name of the relation it reads.
    pub fn inputs(&self) -> impl Iterator<Item = (NodeId, &str)> {
        self.nodes.iter().enumerate().filter_map(|(at, node)| match &node.op {
            OpSpec::Input(input) => Some((NodeId(at), input.relation.as_str())),
            _ => None,
        })
    }

    /// The inputs from outside: the node of each and the object it reads.
    pub fn inputs_by_object(&self) -> impl Iterator<Item = (NodeId, levada_base::ObjectId)> {
        self.nodes.iter().enumerate().filter_map(|(at, node)| match &node.op {
            OpSpec::Input(input) => Some((NodeId(at), input.object)),
            _ => None,
        })
    }
}
