//! The order of rows that are not stored: among themselves, and against stored ones.

use std::cmp::Ordering;

use arrow::compute::SortOptions;

use super::{OpenRows, RowStore, SortColumn};
use crate::column::{ColumnInput, Values};

/// Bytes of a text that its prefix holds.
const PREFIX_BYTES: usize = 8;

/// The order of two values that may be NULL; `order` is asked if neither is.
pub(super) fn order_with_nulls(
    left_null: bool,
    right_null: bool,
    options: SortOptions,
    order: impl FnOnce() -> Ordering,
) -> Ordering {
    let nulls_first = if options.nulls_first { Ordering::Less } else { Ordering::Greater };
    match (left_null, right_null) {
        (true, true) => Ordering::Equal,
        (true, false) => nulls_first,
        (false, true) => nulls_first.reverse(),
        (false, false) if options.descending => order().reverse(),
        (false, false) => order(),
    }
}

/// The order of two values of one column, both not NULL.
fn compare_values(values: &Values, left: usize, right: usize) -> Ordering {
    match values {
        Values::Fixed(input) => input.kind().compare_words(input.words_at(left), input.words_at(right)),
        Values::Bytes(input) => input.get(left).cmp(input.get(right)),
    }
}

/// A number whose order is that of the value, as far as it reaches.
fn prefix_of(values: &Values, row: usize) -> u64 {
    match values {
        Values::Fixed(input) if input.kind().words() == 1 => input.kind().order_of_word(input.words_at(row)[0]),
        // The high half of a signed 128-bit number.
        Values::Fixed(input) => input.words_at(row)[0] ^ (1 << 63),
        Values::Bytes(input) => {
            let bytes = input.get(row);
            let taken = bytes.len().min(PREFIX_BYTES);
            let mut prefix = [0; PREFIX_BYTES];
            prefix[..taken].copy_from_slice(&bytes[..taken]);
            u64::from_be_bytes(prefix)
        }
    }
}

fn ordered_prefix(input: &ColumnInput, row: usize, options: SortOptions) -> u64 {
    match (input.is_null(row), options.nulls_first, options.descending) {
        (true, true, _) => u64::MIN,
        (true, false, _) => u64::MAX,
        (false, _, false) => prefix_of(&input.values, row),
        (false, _, true) => !prefix_of(&input.values, row),
    }
}

impl OpenRows {
    /// The order of two rows by some of their columns.
    #[must_use]
    pub fn compare(&self, left: usize, right: usize, sort: &[SortColumn]) -> Ordering {
        let by = |key: &SortColumn| {
            let input = &self.inputs[key.column];
            let order = || compare_values(&input.values, left, right);
            order_with_nulls(input.is_null(left), input.is_null(right), key.options, order)
        };
        sort.iter().map(by).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }

    /// Replaces `prefixes` by a number for each row: of two rows with unequal numbers, the lower one comes first by `key`; equal
    /// numbers say nothing.
    pub fn order_prefixes(&self, key: SortColumn, prefixes: &mut Vec<u64>) {
        prefixes.clear();
        let input = &self.inputs[key.column];
        match &input.values {
            Values::Fixed(values) if values.kind().words() == 1 && input.nulls().is_none() => {
                let (kind, turned) = (values.kind(), if key.options.descending { u64::MAX } else { 0 });
                prefixes.resize(self.rows, 0);
                values.for_each_word(|row, word| prefixes[row] = kind.order_of_word(word) ^ turned);
            }
            _ => prefixes.extend((0..self.rows).map(|row| ordered_prefix(input, row, key.options))),
        }
    }
}

impl RowStore {
    /// The order of a stored row, in use, and row `row` of an opened batch, by some of their columns.
    #[must_use]
    pub fn compare_row(&self, slot: u32, opened: &OpenRows, row: usize, sort: &[SortColumn]) -> Ordering {
        let by = |key: &SortColumn| self.columns[key.column].compare_row(slot, &opened.inputs[key.column], row, key.options);
        sort.iter().map(by).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}
