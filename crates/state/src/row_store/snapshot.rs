//! A row store as record batches: `slot`, then the columns of its schema, ordered by slot.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use levada_base::{Error, Result};

use super::{OpenRows, RowPick, RowStore};
use crate::slots::SlotSet;
use crate::snapshot::{SNAPSHOT_BATCH_ROWS, slots_of};

impl RowStore {
    /// Everything in the store, as batches of `slot` and the stored columns, ordered by slot.
    ///
    /// # Errors
    /// `LV-S999` if a batch can't be built, which is a defect.
    pub fn snapshot(&self) -> Result<Vec<RecordBatch>> {
        let mut fields = vec![Arc::new(Field::new("slot", DataType::UInt32, false))];
        fields.extend(self.schema.fields().iter().cloned());
        let schema = Arc::new(Schema::new(fields));
        let slots: Vec<u32> = self.live_slots().collect();
        let batch = |slots: &[u32]| {
            let mut columns: Vec<ArrayRef> = vec![Arc::new(UInt32Array::from(slots.to_vec()))];
            columns.extend(self.gather(slots, None)?);
            RecordBatch::try_new(Arc::clone(&schema), columns)
                .map_err(|cause| Error::internal("stored rows could not be written out").caused_by(cause))
        };
        slots.chunks(SNAPSHOT_BATCH_ROWS).map(batch).collect()
    }

    /// The store that `snapshot` wrote, for the same schema: the same rows under the same slots.
    ///
    /// # Errors
    /// As for [`Self::new`]; `LV-S999` if the batches are not such a snapshot.
    pub fn restore(schema: SchemaRef, batches: &[RecordBatch]) -> Result<Self> {
        let mut restored = Self::new(schema)?;
        let slots = batches.iter().map(slots_of).collect::<Result<Vec<_>>>()?;
        restored.slots = SlotSet::of(&slots.concat())?;
        for (batch, slots) in batches.iter().zip(&slots) {
            if batch.num_columns() != restored.columns.len() + 1 {
                return Err(Error::internal("a snapshot of other columns than the stored rows have"));
            }
            let columns = restored.columns.iter().zip(&batch.columns()[1..]);
            let inputs = columns.map(|(column, array)| column.open(array)).collect::<Result<_>>()?;
            restored.write(&OpenRows { inputs, rows: slots.len() }, RowPick::All(slots.len()), slots)?;
        }
        Ok(restored)
    }
}
