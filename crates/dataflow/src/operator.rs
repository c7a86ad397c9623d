//! What an operator is, and what it may see.

use levada_base::{Epoch, Result, Watermark};
use levada_delta::DeltaBatch;

/// Time at the end of an epoch, for one operator. Watermarks move only here: rows of this epoch were judged by `before`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochTime {
    pub epoch: Epoch,
    /// W(e-1): what was complete when the epoch began.
    pub before: Watermark,
    /// W(e): what is complete now.
    pub after: Watermark,
}

/// Takes what an operator gives.
#[derive(Debug, Default)]
pub struct Emitter {
    batches: Vec<DeltaBatch>,
}

impl Emitter {
    /// Hands changes downstream. Empty ones are left out.
    pub fn emit(&mut self, delta: DeltaBatch) {
        if !delta.is_empty() {
            self.batches.push(delta);
        }
    }

    /// What was given since the last call.
    pub fn take(&mut self) -> Vec<DeltaBatch> {
        std::mem::take(&mut self.batches)
    }
}

/// Rows an operator left out because the query says so; the only way a row may be left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Discards {
    /// Came after its window (or hold) had closed.
    pub late: u64,
    /// Had no event time and so belongs to no window.
    pub null_event_time: u64,
}

/// What an operator holds and did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Rows (or groups, or keys) kept.
    pub state_rows: u64,
    /// Bytes they take, by estimate.
    pub state_bytes: u64,
    pub discards: Discards,
}

/// One operator on one shard: run to completion, no waiting, no clock, no randomness.
///
/// Within an epoch the runtime pushes all changes of all inputs, in any order and any cut, and then calls [`Operator::on_epoch`] once.
/// What is emitted over the whole epoch must be the same Z-set for every order and cut. Every operator accepts negative weights on
/// every input, also before the insert that they take back has come.
pub trait Operator: Send {
    /// Takes changes of one input.
    ///
    /// # Errors
    /// The codes of its expressions; the job fails at this epoch.
    fn push(&mut self, input: usize, delta: DeltaBatch, out: &mut Emitter) -> Result<()>;

    /// The epoch's input is complete: give what was held back, close what `time.after` passed, forget what can't matter any more.
    ///
    /// # Errors
    /// As [`Operator::push`].
    fn on_epoch(&mut self, time: EpochTime, out: &mut Emitter) -> Result<()>;

    /// What it holds.
    fn stats(&self) -> Stats {
        Stats::default()
    }
}
