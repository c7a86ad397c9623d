//! The net difference of an epoch: rows as readers have them against rows as they are now.

use arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, RecordBatchOptions, UInt32Array, make_comparator};
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::{SortOptions, concat, interleave, take};
use arrow::datatypes::SchemaRef;
use levada_base::{Error, Result};
use levada_delta::DeltaBatch;

/// Values of some groups, column by column.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub slots: Vec<u32>,
    /// In pieces, one after the other.
    pieces: Vec<Vec<ArrayRef>>,
}

impl Snapshot {
    /// Adds groups with their values.
    pub(super) fn add(&mut self, slots: Vec<u32>, columns: Vec<ArrayRef>) {
        self.slots.extend_from_slice(&slots);
        self.pieces.push(columns);
    }

    fn columns(&self, width: usize) -> Result<Vec<ArrayRef>> {
        if let [only] = self.pieces.as_slice() {
            return Ok(only.clone());
        }
        let column = |at: usize| {
            let pieces: Vec<&dyn Array> = self.pieces.iter().map(|piece| &*piece[at]).collect();
            concat(&pieces).map_err(bug)
        };
        (0..width).map(column).collect()
    }
}

/// Which rows of two snapshots differ, and how they come out.
pub(super) struct Difference {
    before: Vec<ArrayRef>,
    after: Vec<ArrayRef>,
    /// Rows of `before` that are gone or have another value now.
    retracted: Vec<u32>,
    /// Rows of `after` that are new or have another value now.
    inserted: Vec<u32>,
}

impl Difference {
    /// Compares the rows `kept` of `before` with the first rows of `after`, one by one; `gone` are rows of `before` with no
    /// counterpart, and what follows in `after` is new.
    pub(super) fn new(before: &Snapshot, kept: &[u32], gone: Vec<u32>, after: Vec<ArrayRef>, rows: usize) -> Result<Self> {
        let mut difference = Self { before: Vec::new(), after, retracted: gone, inserted: Vec::new() };
        if !before.slots.is_empty() {
            difference.before = before.columns(difference.after.len())?;
            difference.compare(kept)?;
        }
        difference.inserted.extend(kept.len() as u32..rows as u32);
        Ok(difference)
    }

    fn compare(&mut self, kept: &[u32]) -> Result<()> {
        let places = UInt32Array::from(kept.to_vec());
        let mut differs = vec![false; kept.len()];
        for (before, after) in self.before.iter().zip(&self.after) {
            let before = if before.len() == kept.len() { before.clone() } else { take(before, &places, None).map_err(bug)? };
            let differing = differing(&before, &after.slice(0, kept.len()))?;
            differing.values().set_indices().for_each(|row| differs[row] = true);
        }
        for (row, _) in differs.iter().enumerate().filter(|(_, differs)| **differs) {
            self.retracted.push(kept[row]);
            self.inserted.push(row as u32);
        }
        Ok(())
    }

    /// The rows that come out, as (places in `before`, places in `after`).
    pub(super) fn rows(&self) -> (&[u32], &[u32]) {
        (&self.retracted, &self.inserted)
    }

    /// The changes: `keys` are the keys of the retracted rows, then of the inserted ones.
    pub(super) fn into_delta(self, keys: Vec<ArrayRef>, schema: &SchemaRef) -> Result<DeltaBatch> {
        let places = self.places();
        let mut columns = keys;
        for (at, after) in self.after.iter().enumerate() {
            columns.push(match self.before.get(at) {
                Some(before) if !self.retracted.is_empty() => interleave(&[&**before, &**after], &places).map_err(bug)?,
                _ if self.inserted.len() == after.len() => after.clone(),
                _ => take(after, &UInt32Array::from(self.inserted.clone()), None).map_err(bug)?,
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(places.len()));
        let batch = RecordBatch::try_new_with_options(schema.clone(), columns, &options).map_err(bug)?;
        if self.retracted.is_empty() {
            return Ok(DeltaBatch::insertions(batch));
        }
        let signs = std::iter::repeat_n(-1, self.retracted.len()).chain(std::iter::repeat_n(1, self.inserted.len()));
        DeltaBatch::new(batch, Some(Int64Array::from_iter_values(signs)))
    }

    fn places(&self) -> Vec<(usize, usize)> {
        let retracted = self.retracted.iter().map(|&row| (0, row as usize));
        retracted.chain(self.inserted.iter().map(|&row| (1, row as usize))).collect()
    }
}

/// Where two columns differ; NULL is a value and NaN equals NaN.
fn differing(left: &ArrayRef, right: &ArrayRef) -> Result<BooleanArray> {
    if !left.data_type().is_nested() {
        return distinct(left, right).map_err(bug);
    }
    let compare = make_comparator(left, right, SortOptions::default()).map_err(bug)?;
    Ok((0..left.len()).map(|row| Some(compare(row, row).is_ne())).collect())
}

fn bug(cause: arrow::error::ArrowError) -> Error {
    Error::internal(format!("aggregate: {cause}")).caused_by(cause)
}
