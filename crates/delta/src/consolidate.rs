//! Netting: per distinct row one weight, and none that is 0.

use std::hash::BuildHasher;

use arrow::array::{Int64Array, UInt32Array};
use arrow::datatypes::SchemaRef;
use arrow::row::{RowConverter, SortField};
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use levada_base::Result;

use crate::DeltaBatch;
use crate::batch::arrow_bug;

/// Nets the changes in `batch`: every distinct row at most once, with a weight that is not 0. The first appearance of a row decides
/// its place. Append-only input is returned as it is: it has nothing to net (equal rows may come one by one).
///
/// # Errors
/// `LV-S999` if a column's type can't be compared.
pub fn consolidate(batch: DeltaBatch) -> Result<DeltaBatch> {
    let Some(weights) = batch.weights() else { return Ok(batch) };
    if weights.len() <= 1 {
        return drop_zeroes(&batch, &[0][..weights.len()], weights.values());
    }
    if batch.batch().num_columns() == 0 {
        // Rows without columns are all one row.
        return drop_zeroes(&batch, &[0], &[weights.values().iter().sum()]);
    }
    let fields = batch.schema().fields().iter().map(|field| SortField::new(field.data_type().clone())).collect();
    let converter = RowConverter::new(fields).map_err(arrow_bug)?;
    let rows = converter.convert_columns(batch.batch().columns()).map_err(arrow_bug)?;

    let hasher = FixedState::default();
    let mut distinct: HashTable<u32> = HashTable::with_capacity(weights.len());
    let mut firsts: Vec<u32> = Vec::with_capacity(weights.len());
    let mut nets: Vec<i64> = Vec::with_capacity(weights.len());
    for (row, &weight) in weights.values().iter().enumerate() {
        let bytes = rows.row(row);
        let hash = hasher.hash_one(bytes.as_ref());
        let same = |&at: &u32| rows.row(firsts[at as usize] as usize) == bytes;
        if let Some(&at) = distinct.find(hash, same) {
            nets[at as usize] += weight;
            continue;
        }
        let at = nets.len() as u32;
        distinct.insert_unique(hash, at, |&at| hasher.hash_one(rows.row(firsts[at as usize] as usize).as_ref()));
        firsts.push(row as u32);
        nets.push(weight);
    }
    drop_zeroes(&batch, &firsts, &nets)
}

/// Nets the changes of all `parts` together.
///
/// # Errors
/// See [`consolidate`].
pub fn consolidate_all(schema: &SchemaRef, parts: &[DeltaBatch]) -> Result<DeltaBatch> {
    consolidate(DeltaBatch::concat(schema, parts)?)
}

fn drop_zeroes(batch: &DeltaBatch, rows: &[u32], weights: &[i64]) -> Result<DeltaBatch> {
    let live = || rows.iter().zip(weights).filter(|(_, weight)| **weight != 0);
    let taken = batch.take(&UInt32Array::from_iter_values(live().map(|(row, _)| *row)))?;
    let weights = Int64Array::from_iter_values(live().map(|(_, weight)| *weight));
    DeltaBatch::new(taken.into_parts().0, Some(weights))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringViewArray};
    use arrow::datatypes::{Int64Type, Schema};
    use proptest::prelude::*;

    use super::*;

    type Row = (Option<i64>, Option<String>);

    fn delta(rows: &[(Row, i64)]) -> DeltaBatch {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter(rows.iter().map(|((number, _), _)| *number)));
        let texts: ArrayRef = Arc::new(StringViewArray::from_iter(rows.iter().map(|((_, text), _)| text.clone())));
        let batch = RecordBatch::try_from_iter_with_nullable([("n", numbers, true), ("t", texts, true)]).unwrap();
        DeltaBatch::new(batch, Some(rows.iter().map(|(_, weight)| *weight).collect())).unwrap()
    }

    fn totals(delta: &DeltaBatch) -> BTreeMap<Row, i64> {
        let numbers = delta.column(0).as_primitive::<Int64Type>();
        let texts = delta.column(1).as_string_view();
        let mut totals = BTreeMap::new();
        for row in 0..delta.num_rows() {
            let number = numbers.iter().nth(row).flatten();
            let text = texts.iter().nth(row).flatten().map(str::to_owned);
            *totals.entry((number, text)).or_default() += delta.weight(row);
        }
        totals
    }

    proptest! {
        #[test]
        fn netting_keeps_totals_and_repeats_nothing(
            rows in prop::collection::vec(((prop::option::of(0_i64..3), prop::option::of("[ab]{0,14}")), -2_i64..3), 0..40),
        ) {
            let before = delta(&rows);
            let netted = consolidate(before.clone()).unwrap();
            let mut expected = totals(&before);
            expected.retain(|_, weight| *weight != 0);
            prop_assert_eq!(netted.num_rows(), expected.len());
            prop_assert_eq!(totals(&netted), expected);
        }
    }

    #[test]
    fn rows_without_columns_are_all_equal() {
        let options = RecordBatchOptions::new().with_row_count(Some(3));
        let rows = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options).unwrap();
        let netted = |weights: Vec<i64>| consolidate(DeltaBatch::new(rows.clone(), Some(weights.into())).unwrap()).unwrap();
        assert_eq!((netted(vec![2, 1, -1]).num_rows(), netted(vec![2, 1, -1]).weight(0)), (1, 2));
        assert!(netted(vec![2, -1, -1]).is_empty());
    }
}
