//! Keys of `W` 64-bit words: comparing two is comparing `W` numbers.

use arrow::array::ArrayRef;
use arrow::buffer::NullBuffer;
use levada_base::{Error, Result};

use super::codec::KeyCodec;
use super::layout::Layout;
use crate::column::{ColumnInput, ColumnKind, FixedInput, Values};
use crate::paged::Paged;

/// Keys by slot; the last word has the NULL bits if any column is nullable.
#[derive(Debug, Default)]
pub(super) struct FixedKeys<const W: usize> {
    keys: Paged<[u64; W]>,
}

impl<const W: usize> Layout for FixedKeys<W> {
    type Batch = Vec<[u64; W]>;

    fn encode(_codec: &KeyCodec, inputs: &[ColumnInput], rows: usize, batch: &mut Self::Batch) {
        batch.clear();
        batch.resize(rows, [0; W]);
        let mut word = 0;
        for (column, input) in inputs.iter().enumerate() {
            let Values::Fixed(values) = &input.values else { continue };
            encode_values(values, word, batch);
            let words = values.kind().words();
            if let Some(nulls) = input.nulls() {
                for row in (0..rows).filter(|row| nulls.is_null(*row)) {
                    batch[row][word..word + words].fill(0);
                    batch[row][W - 1] |= 1 << column;
                }
            }
            word += words;
        }
    }

    #[inline]
    fn prefetch_place(&self, slot: u32) {
        self.keys.prefetch(slot as usize);
    }

    #[inline]
    fn prefetch_key(&self, _slot: u32) {}

    #[inline]
    fn equal(&self, slot: u32, batch: &Self::Batch, row: usize) -> bool {
        self.keys[slot as usize] == batch[row]
    }

    #[inline]
    fn put(&mut self, slot: u32, batch: &Self::Batch, row: usize) {
        let slot = slot as usize;
        self.keys.grow(slot + 1, [0; W]);
        self.keys[slot] = batch[row];
    }

    fn remove(&mut self, _slot: u32) {}

    fn decode(&self, codec: &KeyCodec, slots: &[u32]) -> Result<Vec<ArrayRef>> {
        let mut word = 0;
        let mut arrays = Vec::with_capacity(codec.columns.len());
        for (index, column) in codec.columns.iter().enumerate() {
            let ColumnKind::Fixed(kind) = column.kind else {
                return Err(Error::internal("a fixed-width key with a column of variable width"));
            };
            let first = word;
            let second = word + kind.words() - 1;
            let words = slots.iter().map(|slot| [self.keys[*slot as usize][first], self.keys[*slot as usize][second]]);
            let is_valid = |slot: &u32| self.keys[*slot as usize][W - 1] >> index & 1 == 0;
            let nulls = column.nullable.then(|| slots.iter().map(is_valid).collect::<NullBuffer>());
            let nulls = nulls.filter(|nulls| nulls.null_count() > 0);
            arrays.push(kind.array_of_words(&column.data_type, words, nulls)?);
            word += kind.words();
        }
        Ok(arrays)
    }

    fn bytes(&self) -> usize {
        self.keys.bytes()
    }
}

fn encode_values<const W: usize>(values: &FixedInput, word: usize, batch: &mut [[u64; W]]) {
    if values.kind().words() == 1 {
        values.for_each_word(|row, value| batch[row][word] = value);
    } else {
        values.for_each_wide(|row, value| {
            batch[row][word] = (value >> 64) as u64;
            batch[row][word + 1] = value as u64;
        });
    }
}
