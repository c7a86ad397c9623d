//! One shard: its operators, what waits for them, and what goes to other shards.

use arrow::datatypes::SchemaRef;
use levada_base::Result;
use levada_delta::DeltaBatch;

use super::exchange::split;
use super::topology::Topology;
use crate::planted::{self, Bug};
use crate::{Emitter, EpochTime, Graph, NodeId, Operator, Route, Stats};

/// Rows a stateful operator is given in one piece at least, where the epoch has so many: its cost a batch is that of some rows.
const COALESCE_ROWS_MIN: usize = 1_024;
/// Rows gathered before a stateful operator at most.
const COALESCE_ROWS_MAX: usize = 8_192;

/// Changes on their way to a node of another shard.
pub(super) struct Parcel {
    pub shard: usize,
    pub stage: usize,
    pub node: NodeId,
    pub input: usize,
    pub delta: DeltaBatch,
}

/// Small batches that wait before an input of a stateful operator.
#[derive(Default)]
struct Gathered {
    rows: usize,
    parts: Vec<DeltaBatch>,
}

struct Seat {
    operator: Box<dyn Operator>,
    /// Schema and gathered batches of each input; empty for stateless operators.
    gathered: Vec<(SchemaRef, Gathered)>,
}

/// One shard of a job.
pub(super) struct Shard {
    shards: usize,
    seats: Vec<Seat>,
    /// What waits for each stage, in the order it came.
    inbox: Vec<Vec<(NodeId, usize, DeltaBatch)>>,
    parcels: Vec<Parcel>,
    results: Vec<DeltaBatch>,
    emitter: Emitter,
}

impl Shard {
    pub(super) fn new(graph: &Graph, id: usize, shards: usize) -> Result<Self> {
        let seat = |node: &crate::Node| -> Result<Seat> {
            let inputs: Vec<SchemaRef> = node.inputs.iter().map(|edge| graph.node(edge.from).schema.clone()).collect();
            let operator = node.op.build(&inputs, &node.schema, id)?;
            let gathered = if node.op.is_stateful() { inputs } else { Vec::new() };
            Ok(Seat { operator, gathered: gathered.into_iter().map(|schema| (schema, Gathered::default())).collect() })
        };
        let seats = graph.nodes().iter().map(seat).collect::<Result<Vec<_>>>()?;
        let inbox = vec![Vec::new(); graph.nodes().len() + 1];
        Ok(Self { shards, seats, inbox, parcels: Vec::new(), results: Vec::new(), emitter: Emitter::default() })
    }

    pub(super) fn stats(&self, node: usize) -> Stats {
        self.seats[node].operator.stats()
    }

    pub(super) fn waiting_rows(&self, stage: usize) -> usize {
        self.inbox[stage].iter().map(|(_, _, delta)| delta.num_rows()).sum()
    }

    pub(super) fn receive(&mut self, stage: usize, node: NodeId, input: usize, delta: DeltaBatch) {
        self.inbox[stage].push((node, input, delta));
    }

    pub(super) fn take_parcels(&mut self) -> Vec<Parcel> {
        std::mem::take(&mut self.parcels)
    }

    pub(super) fn take_results(&mut self) -> Vec<DeltaBatch> {
        std::mem::take(&mut self.results)
    }

    /// Everything of a stage: what waits is pushed through, then every operator's epoch ends, inputs before their readers.
    pub(super) fn run_stage(&mut self, stage: usize, topology: &Topology, times: &[EpochTime]) -> Result<()> {
        for (node, input, delta) in std::mem::take(&mut self.inbox[stage]) {
            self.deliver(node, input, delta, stage, topology)?;
        }
        for &node in topology.nodes_in(stage) {
            for input in 0..self.seats[node.0].gathered.len() {
                self.release(node, input, stage, topology)?;
            }
            self.seats[node.0].operator.on_epoch(times[node.0], &mut self.emitter)?;
            self.spread(node, stage, topology)?;
        }
        Ok(())
    }

    /// Gives an operator its input: at once, or gathered with what comes after it.
    fn deliver(&mut self, node: NodeId, input: usize, delta: DeltaBatch, stage: usize, topology: &Topology) -> Result<()> {
        let seat = &mut self.seats[node.0];
        let Some((_, gathered)) = seat.gathered.get_mut(input) else {
            seat.operator.push(input, delta, &mut self.emitter)?;
            return self.spread(node, stage, topology);
        };
        if gathered.parts.is_empty() && delta.num_rows() >= COALESCE_ROWS_MIN {
            seat.operator.push(input, delta, &mut self.emitter)?;
            return self.spread(node, stage, topology);
        }
        gathered.rows += delta.num_rows();
        gathered.parts.push(delta);
        if gathered.rows >= COALESCE_ROWS_MAX { self.release(node, input, stage, topology) } else { Ok(()) }
    }

    fn release(&mut self, node: NodeId, input: usize, stage: usize, topology: &Topology) -> Result<()> {
        let seat = &mut self.seats[node.0];
        let (schema, gathered) = &mut seat.gathered[input];
        if gathered.parts.is_empty() {
            return Ok(());
        }
        let Gathered { mut parts, .. } = std::mem::take(gathered);
        if parts.len() > 1 && planted::has(Bug::DroppedBatch) {
            parts.pop();
        }
        let delta = DeltaBatch::concat(schema, &parts)?;
        seat.operator.push(input, delta, &mut self.emitter)?;
        self.spread(node, stage, topology)
    }

    /// Hands what a node gave to its readers, depth first.
    fn spread(&mut self, node: NodeId, stage: usize, topology: &Topology) -> Result<()> {
        for delta in self.emitter.take() {
            if topology.is_output(node) {
                self.results.push(delta.clone());
            }
            for reader in topology.readers(node) {
                self.send(reader, &delta, stage, topology)?;
            }
        }
        Ok(())
    }

    fn send(&mut self, reader: &super::topology::Reader, delta: &DeltaBatch, stage: usize, topology: &Topology) -> Result<()> {
        let target = topology.stage(reader.node);
        let (node, input) = (reader.node, reader.input);
        match &reader.route {
            Route::Local if target == stage => return self.deliver(node, input, delta.clone(), stage, topology),
            Route::Local => self.receive(target, node, input, delta.clone()),
            Route::Single => self.parcels.push(Parcel { shard: 0, stage: target, node, input, delta: delta.clone() }),
            Route::Hash(columns) => {
                for (shard, delta) in split(delta, columns, self.shards)? {
                    self.parcels.push(Parcel { shard, stage: target, node, input, delta });
                }
            }
        }
        Ok(())
    }
}
