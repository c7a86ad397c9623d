//! Runs the top-N: keeps rows in order, and gives the net difference of the first ones at the end of the epoch.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, RecordBatchOptions, UInt64Array};
use arrow::datatypes::SchemaRef;
use levada_base::{Error, Result};
use levada_delta::DeltaBatch;
use levada_state::RowStore;

use super::TopNSpec;
use super::kept::KeptRows;
use super::ordered::OrderedRows;
use super::places::Place;
use crate::planted::{self, Bug};
use crate::{Emitter, EpochTime, Operator, Stats};

/// Rows a partition of append-only input keeps at most in one sorted list; for more, inserting into the list is not cheap.
const KEPT_ROWS_MAX: u64 = 4_096;
/// Rows of an output batch at most.
const BATCH_ROWS_MAX: usize = 8_192;

/// A top-N on one shard.
pub(crate) struct TopN {
    state: State,
    output: SchemaRef,
    row_number: bool,
    changes: Vec<Place>,
}

enum State {
    /// A limit of 0: nothing is ever given.
    Nothing,
    Kept(KeptRows),
    Ordered(OrderedRows),
}

impl TopN {
    pub(crate) fn new(spec: &TopNSpec, input: &SchemaRef, output: &SchemaRef) -> Result<Self> {
        let spec = &TopNSpec { limit: spec.limit.saturating_add(u64::from(planted::has(Bug::TopNOffByOne))), ..spec.clone() };
        let kept = spec.skip.saturating_add(spec.limit);
        let state = if spec.limit == 0 {
            State::Nothing
        } else if spec.append_only_input && kept <= KEPT_ROWS_MAX {
            State::Kept(KeptRows::new(spec, input, kept as usize)?)
        } else {
            State::Ordered(OrderedRows::new(spec, input)?)
        };
        Ok(Self { state, output: output.clone(), row_number: spec.row_number, changes: Vec::new() })
    }

    fn batch(&self, rows: &RowStore, changes: &[Place]) -> Result<DeltaBatch> {
        let slots: Vec<u32> = changes.iter().map(|change| change.slot).collect();
        let mut columns: Vec<ArrayRef> = rows.gather(&slots, None)?;
        if self.row_number {
            columns.push(Arc::new(UInt64Array::from_iter_values(changes.iter().map(|change| change.number))));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(slots.len()));
        let batch = RecordBatch::try_new_with_options(self.output.clone(), columns, &options)
            .map_err(|cause| Error::internal(format!("top-n: {cause}")))?;
        let is_append = changes.iter().all(|change| change.weight == 1);
        let weights = (!is_append).then(|| Int64Array::from_iter_values(changes.iter().map(|change| change.weight)));
        DeltaBatch::new(batch, weights)
    }
}

impl State {
    fn take(&mut self, delta: &DeltaBatch) -> Result<()> {
        match self {
            Self::Nothing => Ok(()),
            Self::Kept(state) => state.take(delta),
            Self::Ordered(state) => state.take(delta),
        }
    }

    fn settle(&mut self, changes: &mut Vec<Place>) {
        match self {
            Self::Nothing => {}
            Self::Kept(state) => state.settle(changes),
            Self::Ordered(state) => state.settle(changes),
        }
    }

    fn end_epoch(&mut self) {
        match self {
            Self::Nothing => {}
            Self::Kept(state) => state.end_epoch(),
            Self::Ordered(state) => state.end_epoch(),
        }
    }

    /// The stored rows and the bytes of the whole state.
    fn held(&self) -> Option<(&RowStore, usize)> {
        match self {
            Self::Nothing => None,
            Self::Kept(state) => Some((state.rows(), state.bytes())),
            Self::Ordered(state) => Some((state.rows(), state.bytes())),
        }
    }
}

impl Operator for TopN {
    fn push(&mut self, _input: usize, delta: DeltaBatch, _out: &mut Emitter) -> Result<()> {
        if delta.is_empty() { Ok(()) } else { self.state.take(&delta) }
    }

    fn on_epoch(&mut self, _time: EpochTime, out: &mut Emitter) -> Result<()> {
        let mut changes = std::mem::take(&mut self.changes);
        changes.clear();
        self.state.settle(&mut changes);
        changes.retain(|change| change.weight != 0);
        if let Some((rows, _)) = self.state.held() {
            for changes in changes.chunks(BATCH_ROWS_MAX) {
                out.emit(self.batch(rows, changes)?);
            }
        }
        self.changes = changes;
        self.state.end_epoch();
        Ok(())
    }

    fn stats(&self) -> Stats {
        let (rows, bytes) = self.state.held().map_or((0, 0), |(rows, bytes)| (rows.len(), bytes));
        Stats { state_rows: rows as u64, state_bytes: bytes as u64, ..Stats::default() }
    }
}
