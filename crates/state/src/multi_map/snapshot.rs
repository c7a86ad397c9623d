//! A multimap as record batches: its keys, its rows, and the entries that join the two by their slots.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, UInt32Array};
use arrow::datatypes::{DataType, Int64Type, SchemaRef, UInt32Type};
use levada_base::{Error, Result};

use super::MultiMap;
use crate::key_index::KeyIndex;
use crate::row_store::RowStore;
use crate::snapshot::SNAPSHOT_BATCH_ROWS;

/// Everything in a [`MultiMap`].
#[derive(Debug, Clone, Default)]
pub struct MultiMapSnapshot {
    /// As [`KeyIndex::snapshot`].
    pub keys: Vec<RecordBatch>,
    /// As [`RowStore::snapshot`].
    pub rows: Vec<RecordBatch>,
    /// Batches of `slot` (of the row), `key` (its slot) and `weight`, ordered by key and place in its list.
    pub entries: Vec<RecordBatch>,
}

impl MultiMap {
    /// Everything in the map.
    ///
    /// # Errors
    /// `LV-S999` if a batch can't be built, which is a defect.
    pub fn snapshot(&self) -> Result<MultiMapSnapshot> {
        let slots: Vec<u32> = self.keys.live_slots().flat_map(|key| self.lists.get(key)).copied().collect();
        let entries = slots.chunks(SNAPSHOT_BATCH_ROWS).map(|slots| self.entry_batch(slots)).collect::<Result<_>>()?;
        Ok(MultiMapSnapshot { keys: self.keys.snapshot()?, rows: self.rows.snapshot()?, entries })
    }

    fn entry_batch(&self, slots: &[u32]) -> Result<RecordBatch> {
        let keys = slots.iter().map(|slot| self.entries.key[*slot as usize]);
        let weights = slots.iter().map(|slot| self.entries.weight(*slot));
        let columns: [(&str, ArrayRef); 3] = [
            ("slot", Arc::new(UInt32Array::from(slots.to_vec()))),
            ("key", Arc::new(UInt32Array::from_iter_values(keys))),
            ("weight", Arc::new(Int64Array::from_iter_values(weights))),
        ];
        RecordBatch::try_from_iter(columns)
            .map_err(|cause| Error::internal("the entries of a multimap could not be written out").caused_by(cause))
    }

    /// The map that `snapshot` wrote, for the same key types and schema, able to expire rows by the column `expiry`, if any.
    ///
    /// # Errors
    /// As for [`Self::new`] and [`Self::with_expiry`]; `LV-S999` if the batches are not such a snapshot.
    pub fn restore(
        key_types: &[(DataType, bool)],
        schema: SchemaRef,
        expiry: Option<usize>,
        snapshot: &MultiMapSnapshot,
    ) -> Result<Self> {
        let mut restored = Self::new(key_types, Arc::clone(&schema))?;
        if let Some(column) = expiry {
            restored = restored.with_expiry(column)?;
        }
        restored.keys = KeyIndex::restore(key_types, &snapshot.keys)?;
        restored.rows = RowStore::restore(schema, &snapshot.rows)?;
        restored.totals.grow(restored.keys.slot_bound(), 0);
        let mut entries = 0;
        for batch in &snapshot.entries {
            entries += batch.num_rows();
            restored.restore_entries(batch)?;
        }
        if entries != restored.rows.len() {
            return Err(foreign());
        }
        // An entry of another weight than +1 must be found again when its equal comes.
        if !restored.entries.weight.is_empty() {
            restored.index_rows()?;
        }
        Ok(restored)
    }

    fn restore_entries(&mut self, batch: &RecordBatch) -> Result<()> {
        let column = |index: usize| batch.columns().get(index).ok_or_else(foreign);
        let slots = column(0)?.as_primitive_opt::<UInt32Type>().ok_or_else(foreign)?;
        let keys = column(1)?.as_primitive_opt::<UInt32Type>().ok_or_else(foreign)?;
        let weights = column(2)?.as_primitive_opt::<Int64Type>().ok_or_else(foreign)?;
        for ((slot, key), weight) in slots.values().iter().zip(keys.values()).zip(weights.values()) {
            if !self.rows.contains(*slot) || !self.keys.contains(*key) || *weight == 0 {
                return Err(foreign());
            }
            self.link(*slot, *key, *weight);
        }
        Ok(())
    }
}

fn foreign() -> Error {
    Error::internal("a snapshot of something else where a multimap was expected")
}
