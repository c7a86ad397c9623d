//! [`RowStore`]: rows by slot, column by column.
//!
//! Not here: any index; who needs a row keeps its slot. Text is handed out without copying it.

mod block;
mod column;
mod compare;
mod fixed;
mod pick;
mod snapshot;
#[cfg(test)]
mod tests;
mod text;

use std::cmp::Ordering;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::SortOptions;
use arrow::datatypes::SchemaRef;
use levada_base::{Error, Result};

use self::column::StoreColumn;
pub(crate) use self::pick::RowPick;
use crate::column::ColumnInput;
use crate::hash::hash_inputs;
use crate::slots::{NO_SLOT, SlotSet};

/// Rows of one schema, each under a slot that stays its own until it is removed.
pub struct RowStore {
    schema: SchemaRef,
    columns: Vec<StoreColumn>,
    slots: SlotSet,
}

/// A batch opened for one store: for comparing its rows with stored ones.
pub struct OpenRows {
    inputs: Vec<ColumnInput>,
    rows: usize,
}

impl OpenRows {
    /// Replaces `hashes` by the hash of each whole row; equal rows, as [`RowStore::eq_row`] has it, have equal hashes.
    pub fn row_hashes(&self, hashes: &mut Vec<u64>) {
        hash_inputs(&self.inputs, self.rows, hashes);
    }
}

/// One column to order by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortColumn {
    /// Its place in the store's schema.
    pub column: usize,
    pub options: SortOptions,
}

impl RowStore {
    /// An empty store for rows of `schema`.
    ///
    /// # Errors
    /// `LV-S406` for a column type that cannot be kept.
    pub fn new(schema: SchemaRef) -> Result<Self> {
        let columns = schema.fields().iter().map(|field| StoreColumn::new(field.data_type())).collect::<Result<_>>()?;
        Ok(Self { schema, columns, slots: SlotSet::default() })
    }

    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Opens a batch of this store's column types.
    ///
    /// # Errors
    /// `LV-S999` if the columns are others.
    pub fn open(&self, batch: &RecordBatch) -> Result<OpenRows> {
        if batch.num_columns() != self.columns.len() {
            let message = format!("a row of {} columns where the state has {}", batch.num_columns(), self.columns.len());
            return Err(Error::internal(message));
        }
        let inputs =
            self.columns.iter().zip(batch.columns()).map(|(column, array)| column.open(array)).collect::<Result<_>>()?;
        Ok(OpenRows { inputs, rows: batch.num_rows() })
    }

    /// Stores the picked `rows` of the batch (all of them if `None`) and replaces `slots` by where each one went.
    ///
    /// # Errors
    /// `LV-S722` when slots run out or a value is longer than 2 GiB; `LV-S999` if the columns are of other types. The store is then
    /// unfit for use.
    pub fn insert(&mut self, batch: &RecordBatch, rows: Option<&[u32]>, slots: &mut Vec<u32>) -> Result<()> {
        let opened = self.open(batch)?;
        self.insert_opened(&opened, rows, slots)
    }

    /// As [`Self::insert`], for a batch that is already open.
    ///
    /// # Errors
    /// As for [`Self::insert`].
    pub fn insert_opened(&mut self, opened: &OpenRows, rows: Option<&[u32]>, slots: &mut Vec<u32>) -> Result<()> {
        let rows = RowPick::new(rows, opened.rows);
        slots.clear();
        slots.reserve(rows.len());
        for _ in 0..rows.len() {
            slots.push(self.slots.take()?);
        }
        self.write(opened, rows, slots)
    }

    fn write(&mut self, opened: &OpenRows, rows: RowPick, slots: &[u32]) -> Result<()> {
        let bound = self.slots.bound();
        self.columns.iter_mut().zip(&opened.inputs).try_for_each(|(column, input)| column.write(slots, bound, input, rows))
    }

    /// Forgets the row of `slot`, which another row may get next. A slot that is not in use stays so.
    pub fn remove(&mut self, slot: u32) {
        if self.slots.release(slot) {
            self.columns.iter_mut().for_each(|column| column.remove(slot));
        }
    }

    /// The rows of `slots`, column by column: all columns, or those of `projection` in its order. A [`NO_SLOT`] becomes a row of
    /// NULLs, the missing side of an outer join.
    ///
    /// # Errors
    /// `LV-S999` for a slot that was never handed out or a column that is not there.
    pub fn gather(&self, slots: &[u32], projection: Option<&[usize]>) -> Result<Vec<ArrayRef>> {
        let mut missing = false;
        for slot in slots {
            if *slot == NO_SLOT {
                missing = true;
            } else if *slot as usize >= self.slots.bound() {
                return Err(Error::internal(format!("the slot {slot} has no row")));
            }
        }
        let Some(projection) = projection else {
            return self.columns.iter().map(|column| column.gather(slots, missing)).collect();
        };
        let absent = |column: usize| Error::internal(format!("the stored rows have no column {column}"));
        let column = |index: &usize| self.columns.get(*index).ok_or_else(|| absent(*index));
        projection.iter().map(|index| column(index)?.gather(slots, missing)).collect()
    }

    /// Whether the row of `slot`, which is in use, equals row `row` of an opened batch: NULL equals NULL, NaN equals NaN, −0.0
    /// equals 0.0.
    #[must_use]
    pub fn eq_row(&self, slot: u32, opened: &OpenRows, row: usize) -> bool {
        self.columns.iter().zip(&opened.inputs).all(|(column, input)| column.equals(slot, input, row))
    }

    /// The order of two rows, both in use, by some of their columns.
    #[must_use]
    pub fn compare(&self, left: u32, right: u32, sort: &[SortColumn]) -> Ordering {
        let by = |key: &SortColumn| self.columns[key.column].compare(left, right, key.options);
        sort.iter().map(by).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }

    /// The integer or time of a row in use; `None` where it is NULL or of another type.
    pub(crate) fn number(&self, slot: u32, column: usize) -> Option<i64> {
        self.columns.get(column)?.number(slot)
    }

    /// Whether `slot` has a row.
    #[must_use]
    pub fn contains(&self, slot: u32) -> bool {
        self.slots.contains(slot)
    }

    /// Rows in the store.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One more than the highest slot ever handed out.
    #[must_use]
    pub fn slot_bound(&self) -> usize {
        self.slots.bound()
    }

    /// The slots in use, ascending.
    pub fn live_slots(&self) -> impl Iterator<Item = u32> {
        self.slots.iter()
    }

    /// Memory held, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.slots.bytes() + self.columns.iter().map(StoreColumn::bytes).sum::<usize>()
    }
}
