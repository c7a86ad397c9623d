//! What both kinds of state have in common: partitions, and the total order of rows.

use arrow::array::ArrayRef;
use arrow::compute::SortOptions;
use arrow::datatypes::SchemaRef;
use levada_base::Result;
use levada_delta::DeltaBatch;
use levada_state::{KeyIndex, SortColumn};

use super::TopNSpec;

/// Partitions by their columns.
pub(super) struct Partitions {
    columns: Vec<usize>,
    index: KeyIndex,
}

impl Partitions {
    pub(super) fn new(columns: &[usize], schema: &SchemaRef) -> Result<Self> {
        let key_type = |&column: &usize| (schema.field(column).data_type().clone(), schema.field(column).is_nullable());
        let key_types: Vec<_> = columns.iter().map(key_type).collect();
        Ok(Self { columns: columns.to_vec(), index: KeyIndex::new(&key_types)? })
    }

    /// Replaces `slots` by each row's partition. Gives the number of partitions there can be.
    pub(super) fn of(&mut self, delta: &DeltaBatch, slots: &mut Vec<u32>) -> Result<usize> {
        let columns: Vec<ArrayRef> = self.columns.iter().map(|&column| delta.column(column).clone()).collect();
        self.index.upsert(&columns, slots)?;
        if columns.is_empty() {
            slots.resize(delta.num_rows(), slots[0]);
        }
        Ok(self.index.slot_bound())
    }

    pub(super) fn remove(&mut self, slot: u32) {
        self.index.remove(slot);
    }

    pub(super) fn bytes(&self) -> usize {
        self.index.bytes()
    }
}

/// The order, then the canonical order, then whatever columns are left: rows that are equal by it are equal.
pub(super) fn total_order(spec: &TopNSpec, schema: &SchemaRef) -> Vec<SortColumn> {
    let mut sort: Vec<SortColumn> =
        spec.order.iter().map(|column| SortColumn { column: column.column, options: column.options() }).collect();
    for column in spec.tie_break.iter().copied().chain(0..schema.fields().len()) {
        if sort.iter().all(|known| known.column != column) {
            sort.push(SortColumn { column, options: SortOptions { descending: false, nulls_first: false } });
        }
    }
    sort
}
