//! A key index as record batches: `slot`, `key_group`, then the key columns, ordered by key group so that a group's rows are together.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, UInt8Array, UInt32Array};
use arrow::datatypes::{DataType, Field, Schema};
use levada_base::{Error, Result};

use super::{AnyIndex, KeyIndex, with_index};
use crate::hash::{hash_inputs, key_group};
use crate::slots::SlotSet;
use crate::snapshot::{SNAPSHOT_BATCH_ROWS, slots_of};

const KEY_COLUMN_FIRST: usize = 2;

impl KeyIndex {
    /// Everything in the index, as batches of `slot`, `key_group` and the key columns, ordered by key group, then slot.
    ///
    /// # Errors
    /// `LV-S999` if a batch can't be built, which is a defect.
    pub fn snapshot(&self) -> Result<Vec<RecordBatch>> {
        let slots: Vec<u32> = self.live_slots().collect();
        let mut entries: Vec<(u8, u32)> = Vec::with_capacity(slots.len());
        let mut hashes = Vec::new();
        for slots in slots.chunks(SNAPSHOT_BATCH_ROWS) {
            hash_inputs(&self.codec.open(&self.keys(slots)?)?, slots.len(), &mut hashes);
            entries.extend(hashes.iter().map(|hash| key_group(*hash)).zip(slots.iter().copied()));
        }
        entries.sort_unstable();
        entries.chunks(SNAPSHOT_BATCH_ROWS).map(|entries| self.snapshot_batch(entries)).collect()
    }

    fn snapshot_batch(&self, entries: &[(u8, u32)]) -> Result<RecordBatch> {
        let slots = UInt32Array::from_iter_values(entries.iter().map(|entry| entry.1));
        let groups = UInt8Array::from_iter_values(entries.iter().map(|entry| entry.0));
        let keys = self.keys(slots.values())?;
        let mut fields = vec![Field::new("slot", DataType::UInt32, false), Field::new("key_group", DataType::UInt8, false)];
        let columns = self.codec.columns.iter().enumerate();
        fields
            .extend(columns.map(|(index, column)| Field::new(format!("k{index}"), column.data_type.clone(), column.nullable)));
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(slots), Arc::new(groups)];
        arrays.extend(keys);
        let options = RecordBatchOptions::new().with_row_count(Some(entries.len()));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
            .map_err(|cause| Error::internal("a key index could not be written out").caused_by(cause))
    }

    /// The index that `snapshot` wrote, for the same key types: the same keys under the same slots.
    ///
    /// # Errors
    /// As for [`Self::new`]; `LV-S999` if the batches are not such a snapshot.
    pub fn restore(key_types: &[(DataType, bool)], batches: &[RecordBatch]) -> Result<Self> {
        let mut restored = Self::new(key_types)?;
        let foreign = || Error::internal("a snapshot of something else where a key index was expected");
        if batches.iter().any(|batch| batch.num_columns() != key_types.len() + KEY_COLUMN_FIRST) {
            return Err(foreign());
        }
        let slots = batches.iter().map(slots_of).collect::<Result<Vec<_>>>()?;
        let set = SlotSet::of(&slots.concat())?;
        with_index!(&mut restored.index, index => index.slots = set);
        for (batch, slots) in batches.iter().zip(&slots) {
            let inputs = restored.codec.open(&batch.columns()[KEY_COLUMN_FIRST..])?;
            if restored.codec.refuses_some(&inputs) {
                return Err(foreign());
            }
            with_index!(&mut restored.index, index => index.restore(&restored.codec, &inputs, slots));
        }
        Ok(restored)
    }
}
