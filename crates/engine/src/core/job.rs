//! The running form of a stream, view or sink.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use levada_base::{Epoch, Error, ObjectId, Result, Watermark};
use levada_dataflow::{EpochInput, NodeId, Pool, Runtime};
use levada_delta::{DeltaBatch, consolidate_all};

use super::epoch::{Changes, EpochInputs};
use crate::envelope::Encoded;
use crate::subscription::Sender;

/// A graph with its state, what it reads and where its changes go.
pub(crate) struct Job {
    pub name: String,
    pub runtime: Runtime,
    /// The columns of the result under the names they have outside.
    pub schema: SchemaRef,
    /// The relation behind each input of the graph.
    pub inputs: Vec<(NodeId, ObjectId)>,
    /// Whether an epoch's changes come out net.
    pub net: bool,
    pub output: Output,
    pub state: JobState,
    pub subscribers: Vec<Sender>,
    /// Rows that came in and changes that went out, since the start.
    pub rows_in: u64,
    pub rows_out: u64,
}

/// Where the changes go, beside other jobs and subscribers.
pub(crate) enum Output {
    /// Into the content of the same id.
    Stored,
    /// Nowhere else.
    Passing,
    /// Outside.
    Sink(Box<Encoded>),
    /// To one reader in the program, with or without what is there at the start. The sender moves to the job's subscribers then.
    Subscriber { sender: Option<Sender>, snapshot: bool },
}

/// What users see.
#[derive(Debug, Clone)]
pub(crate) enum JobState {
    Running,
    /// It stopped at this epoch and holds its last good content.
    Failed {
        epoch: Epoch,
        error: Arc<Error>,
    },
}

impl Job {
    /// Runs one epoch over what changed; `None` if nothing the job reads did.
    ///
    /// # Errors
    /// The first error of an operator or of the sink.
    pub(crate) fn run(&mut self, epoch: Epoch, inputs: &EpochInputs, pool: &Pool) -> Result<Option<Changes>> {
        let mut named = Vec::new();
        for (node, id) in &self.inputs {
            if let Some(changes) = inputs.get(id) {
                self.rows_in += changes.rows();
                named.push(changes.for_input(*node));
            }
        }
        if named.is_empty() {
            return Ok(None);
        }
        self.run_over(epoch, named, pool).map(Some)
    }

    /// The first epoch: it is run whether or not there is anything to read, for constants and global aggregates.
    ///
    /// # Errors
    /// See [`Job::run`].
    pub(crate) fn run_first(&mut self, epoch: Epoch, inputs: &EpochInputs, pool: &Pool) -> Result<Changes> {
        match self.run(epoch, inputs, pool)? {
            Some(changes) => Ok(changes),
            None => self.run_over(epoch, Vec::new(), pool),
        }
    }

    fn run_over(&mut self, epoch: Epoch, named: Vec<EpochInput>, pool: &Pool) -> Result<Changes> {
        let changes = self.runtime.run_epoch(epoch, named, pool)?;
        let net = self.net || changes.iter().all(DeltaBatch::is_append);
        let batches = if net { changes } else { vec![consolidate_all(self.runtime.schema(), &changes)?] };
        let batches = batches.iter().filter(|batch| !batch.is_empty()).map(|batch| batch.renamed(&self.schema));
        let batches = batches.collect::<Result<Vec<DeltaBatch>>>()?;
        let changes = Changes { batches, watermark: self.runtime.watermark() };
        self.rows_out += changes.rows();
        if let Output::Sink(sink) = &mut self.output {
            sink.write(epoch, &changes.batches)?;
        }
        Ok(changes)
    }

    /// The watermark of its result.
    pub(crate) fn watermark(&self) -> Watermark {
        self.runtime.watermark()
    }

    /// # Errors
    /// What stopped it, if something did.
    pub(crate) fn failure(&self) -> Result<(), Arc<Error>> {
        match &self.state {
            JobState::Running => Ok(()),
            JobState::Failed { error, .. } => Err(error.clone()),
        }
    }
}
