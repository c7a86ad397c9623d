//! Rows that come and go.

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use levada_base::{Error, Result};
use levada_delta::{DeltaBatch, consolidate_all};
use levada_state::{KeyIndex, NO_SLOT};

/// Rows in a batch of what is read.
const BATCH_ROWS: usize = 8_192;

/// Each distinct row once, with its weight.
pub(crate) struct Counted {
    schema: SchemaRef,
    index: KeyIndex,
    /// The weight of each slot of `index`.
    weights: Vec<i64>,
    total: u64,
    key: Vec<usize>,
    /// How many rows have each key; only where there is one.
    keys: Option<(KeyIndex, Vec<i64>)>,
    /// What the last read gave, until the next change.
    read: Option<Vec<RecordBatch>>,
}

impl Counted {
    pub(super) fn new(schema: SchemaRef, key: &[usize]) -> Result<Self> {
        let index = index_over(&schema, &(0..schema.fields().len()).collect::<Vec<_>>())?;
        let keys = if key.is_empty() { None } else { Some((index_over(&schema, key)?, Vec::new())) };
        Ok(Self { schema, index, weights: Vec::new(), total: 0, key: key.to_vec(), keys, read: None })
    }

    pub(super) fn apply(&mut self, changes: &[DeltaBatch]) -> Result<()> {
        let delta = consolidate_all(&self.schema, changes)?;
        if delta.is_empty() {
            return Ok(());
        }
        self.read = None;
        let weights: Vec<i64> = (0..delta.num_rows()).map(|row| delta.weight(row)).collect();
        add(&mut self.index, &mut self.weights, delta.batch().columns(), &weights)?;
        if let Some((keys, counts)) = &mut self.keys {
            let columns: Vec<ArrayRef> = self.key.iter().map(|&column| delta.column(column).clone()).collect();
            add(keys, counts, &columns, &weights)?;
        }
        let net: i64 = weights.iter().sum();
        self.total = self.total.checked_add_signed(net).ok_or_else(|| Error::internal("a content of less than no rows"))?;
        Ok(())
    }

    pub(super) fn rows(&mut self) -> Result<Vec<RecordBatch>> {
        if let Some(read) = &self.read {
            return Ok(read.clone());
        }
        let mut slots = Vec::new();
        for slot in self.index.live_slots() {
            for _ in 0..self.weights[slot as usize] {
                slots.push(slot);
            }
        }
        let batches = slots.chunks(BATCH_ROWS).map(|slots| self.gather(slots)).collect::<Result<Vec<_>>>()?;
        self.read = Some(batches.clone());
        Ok(batches)
    }

    fn gather(&self, slots: &[u32]) -> Result<RecordBatch> {
        let options = RecordBatchOptions::new().with_row_count(Some(slots.len()));
        RecordBatch::try_new_with_options(self.schema.clone(), self.index.keys(slots)?, &options)
            .map_err(|cause| Error::internal(format!("content: {cause}")))
    }

    pub(super) fn has_keys(&self, keys: &[ArrayRef]) -> Result<Vec<bool>> {
        let Some((index, _)) = &self.keys else {
            return Err(Error::internal("a key asked of a content without one"));
        };
        let mut slots = Vec::new();
        index.find(keys, &mut slots)?;
        Ok(slots.into_iter().map(|slot| slot != NO_SLOT).collect())
    }

    pub(super) fn len(&self) -> u64 {
        self.total
    }
}

fn index_over(schema: &SchemaRef, columns: &[usize]) -> Result<KeyIndex> {
    let types: Vec<_> = columns.iter().map(|&column| (schema.field(column).data_type().clone(), true)).collect();
    KeyIndex::new(&types)
}

/// Adds weights to keys; a key whose weight comes to 0 is forgotten.
fn add(index: &mut KeyIndex, weights: &mut Vec<i64>, keys: &[ArrayRef], by: &[i64]) -> Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    let mut slots = Vec::new();
    index.upsert(keys, &mut slots)?;
    weights.resize(index.slot_bound(), 0);
    for (&slot, &by) in slots.iter().zip(by) {
        weights[slot as usize] += by;
    }
    // Two changes of one key meet in one slot, which must be looked at once.
    slots.sort_unstable();
    slots.dedup();
    for slot in slots {
        match weights[slot as usize] {
            0 => index.remove(slot),
            1.. => {}
            // Netted changes of an exact operator never take back what is not there.
            _ => return Err(Error::internal("a row is taken back that is not there")),
        }
    }
    Ok(())
}
