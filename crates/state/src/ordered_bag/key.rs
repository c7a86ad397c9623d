//! Values in a form whose order is that of SQL: a 64-bit or 128-bit number, or bytes.

use arrow::array::ArrayRef;
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;
use levada_base::{Error, Result};

use crate::column::{ColumnInput, ColumnKind, Values, bytes_array, join_wide, split_wide};

const SIGN_WIDE: u128 = 1 << 127;

/// A value of a bag.
pub(super) trait OrderKey: Ord + Clone {
    /// Calls `each(row, key)` for every row that is not NULL.
    fn read(input: &ColumnInput, each: impl FnMut(usize, Self));

    /// The array of such values; `None` is NULL.
    fn array(kind: &ColumnKind, data_type: &DataType, keys: &[Option<&Self>]) -> Result<ArrayRef>;

    /// Memory held beside the key itself, in bytes.
    fn heap_bytes(&self) -> usize {
        0
    }
}

fn nulls<K>(keys: &[Option<&K>]) -> Option<NullBuffer> {
    let nulls: NullBuffer = keys.iter().map(Option::is_some).collect();
    Some(nulls).filter(|nulls| nulls.null_count() > 0)
}

fn other_kind() -> Error {
    Error::internal("a bag of values was opened for another kind of value")
}

impl OrderKey for u64 {
    fn read(input: &ColumnInput, mut each: impl FnMut(usize, Self)) {
        let Values::Fixed(values) = &input.values else { return };
        let kind = values.kind();
        values.for_each_word(|row, word| {
            if !input.is_null(row) {
                each(row, kind.order_of_word(word));
            }
        });
    }

    fn array(kind: &ColumnKind, data_type: &DataType, keys: &[Option<&Self>]) -> Result<ArrayRef> {
        let ColumnKind::Fixed(kind) = kind else { return Err(other_kind()) };
        let words = keys.iter().map(|key| [key.map_or(0, |key| kind.word_of_order(*key)), 0]);
        kind.array_of_words(data_type, words, nulls(keys))
    }
}

impl OrderKey for u128 {
    fn read(input: &ColumnInput, mut each: impl FnMut(usize, Self)) {
        let Values::Fixed(values) = &input.values else { return };
        for row in (0..values.len()).filter(|row| !input.is_null(*row)) {
            each(row, join_wide(values.words_at(row)) ^ SIGN_WIDE);
        }
    }

    fn array(kind: &ColumnKind, data_type: &DataType, keys: &[Option<&Self>]) -> Result<ArrayRef> {
        let ColumnKind::Fixed(kind) = kind else { return Err(other_kind()) };
        let words = keys.iter().map(|key| split_wide(key.map_or(0, |key| *key ^ SIGN_WIDE)));
        kind.array_of_words(data_type, words, nulls(keys))
    }
}

impl OrderKey for Box<[u8]> {
    fn read(input: &ColumnInput, mut each: impl FnMut(usize, Self)) {
        let Values::Bytes(values) = &input.values else { return };
        values.for_each(|row, bytes| {
            if !input.is_null(row) {
                each(row, bytes.into());
            }
        });
    }

    fn array(kind: &ColumnKind, data_type: &DataType, keys: &[Option<&Self>]) -> Result<ArrayRef> {
        let values = keys.iter().map(|key| key.map(AsRef::as_ref));
        match kind {
            ColumnKind::Bytes => bytes_array(data_type, values),
            ColumnKind::Encoded(encoder) => encoder.decode(values),
            ColumnKind::Fixed(_) => Err(other_kind()),
        }
    }

    fn heap_bytes(&self) -> usize {
        self.len()
    }
}
