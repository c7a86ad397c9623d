//! Drives a graph, epoch by epoch, on N shards.
//!
//! Every shard has its own instance of every operator. An epoch runs in *stages*: within a stage each shard works alone, pushing
//! batches depth first from operator to operator; between two stages the rows of the exchanges change shards. Whether the shards run
//! beside each other or one after the other changes nothing but the time: small epochs run in the caller's thread.

mod exchange;
mod pool;
mod shard;
#[cfg(test)]
mod tests;
mod topology;

use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow::datatypes::SchemaRef;
use levada_base::{Epoch, Error, OperatorId, Result, Watermark, codes};
use levada_delta::DeltaBatch;

use crate::planted::{self, Bug};
use crate::{EpochTime, Graph, NodeId, Stats};
pub use pool::Pool;
use shard::Shard;
use topology::Topology;

/// Work of a stage, in rows of a stateful operator, below which one thread is faster than two: to wake the others and to wait for
/// them costs about as much as this.
const PARALLEL_WORK_MIN: usize = 16_384;
/// Rows of an input that go to a shard in one piece.
const SLICE_ROWS: usize = 8_192;

/// What one input has to say in an epoch.
#[derive(Debug, Clone)]
pub struct EpochInput {
    pub node: NodeId,
    pub changes: Vec<DeltaBatch>,
    /// W(e) of this input: [`Watermark::END`] for inputs without event time, which hold nothing back.
    pub watermark: Watermark,
}

/// A graph with its state, ready for the next epoch.
pub struct Runtime {
    graph: Graph,
    topology: Topology,
    shards: Vec<Shard>,
    /// W(e-1) of every node.
    watermarks: Vec<Watermark>,
}

impl Runtime {
    /// Makes the operators of `graph` on `shards` shards (at least 1), all empty.
    ///
    /// # Errors
    /// `LV-S405` where a type can't be a key; `LV-S999` where the graph is broken.
    pub fn new(graph: Graph, shards: usize) -> Result<Self> {
        graph.check()?;
        let shards = shards.max(1);
        let topology = Topology::new(&graph, shards);
        let made = (0..shards).map(|shard| Shard::new(&graph, shard, shards)).collect::<Result<Vec<_>>>()?;
        let watermarks = vec![Watermark::NONE; graph.nodes().len()];
        Ok(Self { graph, topology, shards: made, watermarks })
    }

    /// The graph it runs.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The columns of the result.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.graph.node(self.graph.output()).schema
    }

    /// The watermark of the result after the last epoch.
    #[must_use]
    pub fn watermark(&self) -> Watermark {
        self.watermarks[self.graph.output().0]
    }

    /// What each operator holds, over all shards.
    #[must_use]
    pub fn stats(&self) -> Vec<(OperatorId, Stats)> {
        let total = |at: usize| self.shards.iter().map(|shard| shard.stats(at)).fold(Stats::default(), add_stats);
        self.graph.nodes().iter().enumerate().map(|(at, node)| (node.id, total(at))).collect()
    }

    /// Runs one epoch: all changes of all inputs in, the changes of the result out (not netted, in no order). Inputs that are not
    /// named have no changes and keep their watermark.
    ///
    /// # Errors
    /// The first error of an operator; `LV-J006` if one panicked. The state is then of no use any more: drop it.
    pub fn run_epoch(&mut self, epoch: Epoch, inputs: Vec<EpochInput>, pool: &Pool) -> Result<Vec<DeltaBatch>> {
        let after = self.topology.watermarks(&self.watermarks, &inputs);
        let times: Vec<EpochTime> =
            self.watermarks.iter().zip(&after).map(|(&before, &after)| EpochTime { epoch, before, after }).collect();
        self.distribute(inputs);
        for stage in 0..self.topology.stages() {
            let rows: usize = self.shards.iter().map(|shard| shard.waiting_rows(stage)).sum();
            let topology = &self.topology;
            let run = |shard: &mut Shard| run_guarded(shard, stage, topology, &times);
            if self.shards.len() > 1 && topology.work(stage, rows) >= PARALLEL_WORK_MIN {
                pool.run(&mut self.shards, run)?;
            } else {
                self.shards.iter_mut().try_for_each(run)?;
            }
            self.exchange();
        }
        self.watermarks = after;
        Ok(self.shards.iter_mut().flat_map(Shard::take_results).collect())
    }

    /// Deals the rows of the inputs out in contiguous runs, so that shard order is row order.
    fn distribute(&mut self, inputs: Vec<EpochInput>) {
        let shards = self.shards.len();
        for input in inputs {
            let total: usize = input.changes.iter().map(DeltaBatch::num_rows).sum();
            let is_worth_it = self.topology.work(self.topology.stage(input.node), total) >= PARALLEL_WORK_MIN;
            let share = if is_worth_it { total.div_ceil(shards).max(1) } else { total };
            let mut dealt = 0;
            for delta in input.changes {
                let mut offset = 0;
                while offset < delta.num_rows() {
                    let shard = (dealt / share).min(shards - 1);
                    let room = if shard + 1 == shards { usize::MAX } else { share * (shard + 1) - dealt };
                    let rows = (delta.num_rows() - offset).min(SLICE_ROWS).min(room);
                    let piece = if rows == delta.num_rows() { delta.clone() } else { delta.slice(offset, rows) };
                    self.shards[shard].receive(self.topology.stage(input.node), input.node, 0, piece);
                    offset += rows;
                    dealt += rows;
                }
            }
        }
    }

    /// Hands every shard what the others have for it, in the order of the senders.
    fn exchange(&mut self) {
        for sender in 0..self.shards.len() {
            for parcel in self.shards[sender].take_parcels() {
                if parcel.shard != sender && planted::has(Bug::DuplicatedBatch) {
                    self.shards[parcel.shard].receive(parcel.stage, parcel.node, parcel.input, parcel.delta.clone());
                }
                self.shards[parcel.shard].receive(parcel.stage, parcel.node, parcel.input, parcel.delta);
            }
        }
    }
}

fn run_guarded(shard: &mut Shard, stage: usize, topology: &Topology, times: &[EpochTime]) -> Result<()> {
    catch_unwind(AssertUnwindSafe(|| shard.run_stage(stage, topology, times))).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Error::new(codes::LV_J006, format!("an operator panicked: {}", said.unwrap_or("no message")))
            .with_hint("this is a bug in Levada: please report it with the query"))
    })
}

fn add_stats(a: Stats, b: Stats) -> Stats {
    Stats {
        state_rows: a.state_rows + b.state_rows,
        state_bytes: a.state_bytes + b.state_bytes,
        discards: crate::Discards {
            late: a.discards.late + b.discards.late,
            null_event_time: a.discards.null_event_time + b.discards.null_event_time,
        },
    }
}
