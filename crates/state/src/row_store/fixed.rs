//! Fixed-width columns: values of the native width by slot.

use std::cmp::Ordering;

use arrow::array::ArrayRef;
use arrow::buffer::{Buffer, NullBuffer};
use arrow::datatypes::{ArrowNativeType, DataType};
use levada_base::Result;

use super::pick::RowPick;
use crate::column::{FixedInput, FixedKind, split_wide};
use crate::paged::Paged;

/// Values by slot.
pub(super) struct FixedColumn {
    kind: FixedKind,
    values: Values,
}

/// The values, as unsigned numbers of their width; signs and floats are a matter of the kind.
enum Values {
    W1(Paged<u8>),
    W2(Paged<u16>),
    W4(Paged<u32>),
    W8(Paged<u64>),
    W16(Paged<u128>),
}

macro_rules! with_values {
    ($any:expr, $values:ident => $body:expr) => {
        match $any {
            Values::W1($values) => $body,
            Values::W2($values) => $body,
            Values::W4($values) => $body,
            Values::W8($values) => $body,
            Values::W16($values) => $body,
        }
    };
}

impl FixedColumn {
    pub(super) fn new(kind: FixedKind) -> Self {
        let values = match kind.width() {
            1 => Values::W1(Paged::default()),
            2 => Values::W2(Paged::default()),
            4 => Values::W4(Paged::default()),
            8 => Values::W8(Paged::default()),
            _ => Values::W16(Paged::default()),
        };
        Self { kind, values }
    }

    /// Writes the picked rows into their slots, all below `bound`.
    pub(super) fn write(&mut self, slots: &[u32], bound: usize, input: &FixedInput, rows: RowPick) {
        with_values!(&mut self.values, values => scatter(values, slots, bound, input.natives(), rows));
    }

    /// The values of `slots`; what is not there is zero, under a NULL in `nulls`.
    pub(super) fn gather(&self, data_type: &DataType, slots: &[u32], nulls: Option<NullBuffer>) -> Result<ArrayRef> {
        let values = with_values!(&self.values, values => collect(values, slots));
        self.kind.array_of_values(data_type, values, slots.len(), nulls)
    }

    #[inline]
    fn words(&self, slot: u32) -> [u64; 2] {
        let slot = slot as usize;
        let bits = match &self.values {
            Values::W1(values) => u64::from(values[slot]),
            Values::W2(values) => u64::from(values[slot]),
            Values::W4(values) => u64::from(values[slot]),
            Values::W8(values) => values[slot],
            Values::W16(values) => return split_wide(values[slot]),
        };
        [self.kind.word_of_bits(bits), 0]
    }

    /// The value of a slot of an integer or time column.
    pub(super) fn number(&self, slot: u32) -> Option<i64> {
        self.kind.is_integer().then(|| self.words(slot)[0] as i64)
    }

    /// Whether the value of `slot` equals that of `row`; both are not NULL.
    #[inline]
    pub(super) fn equals(&self, slot: u32, input: &FixedInput, row: usize) -> bool {
        self.words(slot) == input.words_at(row)
    }

    /// The order of the value of `slot` and that of `row`, both not NULL.
    pub(super) fn compare_row(&self, slot: u32, input: &FixedInput, row: usize) -> Ordering {
        self.kind.compare_words(self.words(slot), input.words_at(row))
    }

    /// The order of the values of two slots, both not NULL.
    pub(super) fn compare(&self, left: u32, right: u32) -> Ordering {
        self.kind.compare_words(self.words(left), self.words(right))
    }

    pub(super) fn bytes(&self) -> usize {
        with_values!(&self.values, values => values.bytes())
    }
}

fn scatter<T: ArrowNativeType>(to: &mut Paged<T>, slots: &[u32], bound: usize, from: &[T], rows: RowPick) {
    to.grow(bound, T::default());
    match rows {
        RowPick::All(_) => {
            for (slot, value) in slots.iter().zip(from) {
                to[*slot as usize] = *value;
            }
        }
        RowPick::Some(rows) => {
            for (slot, row) in slots.iter().zip(rows) {
                to[*slot as usize] = from[*row as usize];
            }
        }
    }
}

fn collect<T: ArrowNativeType>(values: &Paged<T>, slots: &[u32]) -> Buffer {
    Buffer::from_vec(slots.iter().map(|slot| values.get(*slot as usize).copied().unwrap_or_default()).collect::<Vec<T>>())
}
