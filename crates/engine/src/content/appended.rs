//! Rows that only come.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use levada_base::{Error, Result, codes};
use levada_delta::DeltaBatch;

/// Batches smaller than this are put together, so that a reader does not meet one batch a row.
const BATCH_ROWS_MIN: usize = 4_096;

/// Batches one after the other.
pub(crate) struct Appended {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    rows: u64,
}

impl Appended {
    pub(super) fn new(schema: SchemaRef) -> Self {
        Self { schema, batches: Vec::new(), rows: 0 }
    }

    pub(super) fn apply(&mut self, changes: &[DeltaBatch]) -> Result<()> {
        if changes.iter().any(DeltaBatch::has_retractions) {
            return Err(Error::new(codes::LV_S612, "a row is taken back from a relation that only grows"));
        }
        for delta in changes {
            let (batch, weights) = delta.clone().into_parts();
            let times = |row: usize| weights.as_ref().map_or(1, |weights| weights.value(row));
            if weights.as_ref().is_none_or(|weights| weights.values().iter().all(|&weight| weight == 1)) {
                self.rows += batch.num_rows() as u64;
                self.add(batch)?;
                continue;
            }
            for row in 0..batch.num_rows() {
                for _ in 0..times(row) {
                    self.rows += 1;
                    self.add(batch.slice(row, 1))?;
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, batch: RecordBatch) -> Result<()> {
        let joins = |last: &RecordBatch| last.num_rows() + batch.num_rows() <= BATCH_ROWS_MIN;
        // Doubling: a small batch joins the one before it only once that is not larger than itself, so each row is copied O(log n) times.
        let mut batch = batch.clone();
        while self.batches.last().is_some_and(|last| joins(last) && last.num_rows() <= batch.num_rows()) {
            if let Some(last) = self.batches.pop() {
                batch = concat_batches(&self.schema, [&last, &batch])
                    .map_err(|cause| Error::internal(format!("append: {cause}")))?;
            }
        }
        self.batches.push(batch);
        Ok(())
    }

    pub(super) fn rows(&self) -> Vec<RecordBatch> {
        self.batches.clone()
    }

    pub(super) fn len(&self) -> u64 {
        self.rows
    }
}
