//! What follows from a graph alone: stages, readers, and how watermarks spread.

use levada_base::Watermark;

use super::EpochInput;
use crate::{Graph, NodeId, OpSpec, Route};

/// So many rows of an operator without state cost about as much as one row of an operator with state.
const STATELESS_ROWS: usize = 16;

/// An edge, seen from the node that feeds it.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    pub node: NodeId,
    pub input: usize,
    pub route: Route,
}

/// The order of work.
#[derive(Debug)]
pub(super) struct Topology {
    stage_of: Vec<usize>,
    nodes_in: Vec<Vec<NodeId>>,
    readers: Vec<Vec<Reader>>,
    feeds: Vec<Vec<NodeId>>,
    has_event_time: Vec<bool>,
    /// By stage: whether some operator of it keeps state.
    is_stateful: Vec<bool>,
    output: NodeId,
}

impl Topology {
    /// With one shard no row ever moves: every route is local and there is one stage.
    pub(super) fn new(graph: &Graph, shards: usize) -> Self {
        let count = graph.nodes().len();
        let mut stage_of = vec![0; count];
        let mut readers: Vec<Vec<Reader>> = vec![Vec::new(); count];
        let mut feeds = vec![Vec::new(); count];
        for (at, node) in graph.nodes().iter().enumerate() {
            for (input, edge) in node.inputs.iter().enumerate() {
                let route = if shards == 1 { Route::Local } else { edge.route.clone() };
                let step = usize::from(route != Route::Local);
                stage_of[at] = stage_of[at].max(stage_of[edge.from.0] + step);
                readers[edge.from.0].push(Reader { node: NodeId(at), input, route });
                feeds[at].push(edge.from);
            }
        }
        let stages = stage_of.iter().max().map_or(0, |last| last + 1);
        let mut nodes_in = vec![Vec::new(); stages];
        for (at, &stage) in stage_of.iter().enumerate() {
            nodes_in[stage].push(NodeId(at));
        }
        let is_stateful = |at: &NodeId| {
            let node = graph.node(*at);
            !matches!(node.op, OpSpec::Input(_) | OpSpec::Values(_) | OpSpec::Map(_) | OpSpec::Union | OpSpec::Window(_))
        };
        let is_stateful = nodes_in.iter().map(|nodes: &Vec<NodeId>| nodes.iter().any(is_stateful)).collect();
        let has_event_time = graph.nodes().iter().map(|node| matches!(&node.op, OpSpec::Input(i) if i.event_time.is_some()));
        Self {
            stage_of,
            nodes_in,
            readers,
            feeds,
            has_event_time: has_event_time.collect(),
            is_stateful,
            output: graph.output(),
        }
    }

    pub(super) fn stages(&self) -> usize {
        self.nodes_in.len()
    }

    /// The work of `rows` rows in a stage, in rows of a stateful operator.
    pub(super) fn work(&self, stage: usize, rows: usize) -> usize {
        if self.is_stateful[stage] { rows } else { rows / STATELESS_ROWS }
    }

    pub(super) fn stage(&self, node: NodeId) -> usize {
        self.stage_of[node.0]
    }

    /// The nodes of a stage, inputs before their readers.
    pub(super) fn nodes_in(&self, stage: usize) -> &[NodeId] {
        &self.nodes_in[stage]
    }

    pub(super) fn readers(&self, node: NodeId) -> &[Reader] {
        &self.readers[node.0]
    }

    pub(super) fn is_output(&self, node: NodeId) -> bool {
        self.output == node
    }

    /// W(e) of every node: of an input as it says, else the minimum of what feeds it. Inputs without event time hold nothing back.
    pub(super) fn watermarks(&self, before: &[Watermark], inputs: &[EpochInput]) -> Vec<Watermark> {
        let mut after = before.to_vec();
        for (at, feeds) in self.feeds.iter().enumerate() {
            let now = match feeds.iter().map(|from| after[from.0]).min() {
                Some(slowest) => slowest,
                None if !self.has_event_time[at] => Watermark::END,
                None => inputs.iter().find(|input| input.node.0 == at).map_or(before[at], |input| input.watermark),
            };
            after[at] = now.max(before[at]);
        }
        after
    }
}
