//! Keys with text or nested columns: one byte string per key, column after column.
//!
//! A fixed-width column is a byte (1 for a value, 0 for NULL; only if nullable) and its words; another column is its length (all bits set
//! for NULL) and its bytes. No key's string is the beginning of another's, so equal strings are equal keys.

use arrow::array::ArrayRef;
use arrow::buffer::NullBuffer;
use levada_base::{Error, Result};

use super::codec::{KeyCodec, KeyColumn};
use super::layout::Layout;
use crate::arena::ByteArena;
use crate::column::{ColumnInput, ColumnKind, FixedInput, FixedKind, Values, bytes_array};

const NULL_LENGTH: u32 = u32::MAX;

/// Keys by slot.
#[derive(Debug, Default)]
pub(super) struct ByteKeys {
    keys: ByteArena,
}

/// The keys of a batch, one after the other.
#[derive(Debug, Default)]
pub(super) struct ByteBatch {
    data: Vec<u8>,
    /// The end of each row's key; while encoding, where its next column goes.
    ends: Vec<usize>,
}

impl ByteBatch {
    #[inline]
    fn get(&self, row: usize) -> &[u8] {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.data[start..self.ends[row]]
    }
}

impl Layout for ByteKeys {
    type Batch = ByteBatch;

    fn encode(codec: &KeyCodec, inputs: &[ColumnInput], rows: usize, batch: &mut ByteBatch) {
        measure(codec, inputs, rows, &mut batch.ends);
        let mut total = 0;
        for end in &mut batch.ends {
            let length = *end;
            *end = total;
            total += length;
        }
        batch.data.clear();
        batch.data.resize(total, 0);
        for (column, input) in codec.columns.iter().zip(inputs) {
            match &input.values {
                Values::Fixed(values) => write_fixed(column, input, values, batch),
                Values::Bytes(values) => values.for_each(|row, bytes| {
                    if input.is_null(row) {
                        batch.append(row, &NULL_LENGTH.to_le_bytes());
                    } else {
                        batch.append(row, &(bytes.len() as u32).to_le_bytes());
                        batch.append(row, bytes);
                    }
                }),
            }
        }
    }

    #[inline]
    fn prefetch_place(&self, slot: u32) {
        self.keys.prefetch_offset(slot);
    }

    #[inline]
    fn prefetch_key(&self, slot: u32) {
        self.keys.prefetch_data(slot);
    }

    #[inline]
    fn equal(&self, slot: u32, batch: &ByteBatch, row: usize) -> bool {
        self.keys.get(slot) == Some(batch.get(row))
    }

    fn put(&mut self, slot: u32, batch: &ByteBatch, row: usize) {
        self.keys.put(slot, batch.get(row));
    }

    fn remove(&mut self, slot: u32) {
        self.keys.remove(slot);
    }

    fn decode(&self, codec: &KeyCodec, slots: &[u32]) -> Result<Vec<ArrayRef>> {
        let missing = || Error::internal("a slot without its key");
        let mut rests = slots.iter().map(|slot| self.keys.get(*slot).ok_or_else(missing)).collect::<Result<Vec<_>>>()?;
        codec.columns.iter().map(|column| read_column(column, &mut rests)).collect()
    }

    fn bytes(&self) -> usize {
        self.keys.bytes()
    }
}

impl ByteBatch {
    /// Writes the next part of a row's key.
    #[inline]
    fn append(&mut self, row: usize, part: &[u8]) {
        let at = self.ends[row];
        self.data[at..at + part.len()].copy_from_slice(part);
        self.ends[row] = at + part.len();
    }
}

/// Replaces `lengths` by the length of each row's key.
fn measure(codec: &KeyCodec, inputs: &[ColumnInput], rows: usize, lengths: &mut Vec<usize>) {
    let fixed = |column: &KeyColumn| match column.kind {
        ColumnKind::Fixed(kind) => usize::from(column.nullable) + kind.words() * 8,
        ColumnKind::Bytes | ColumnKind::Encoded(_) => size_of::<u32>(),
    };
    lengths.clear();
    lengths.resize(rows, codec.columns.iter().map(fixed).sum());
    for input in inputs {
        if let Values::Bytes(values) = &input.values {
            values.for_each(|row, bytes| lengths[row] += if input.is_null(row) { 0 } else { bytes.len() });
        }
    }
}

fn write_fixed(column: &KeyColumn, input: &ColumnInput, values: &FixedInput, batch: &mut ByteBatch) {
    for row in 0..values.len() {
        let is_null = input.is_null(row);
        if column.nullable {
            batch.append(row, &[u8::from(!is_null)]);
        }
        let words = if is_null { [0; 2] } else { values.words_at(row) };
        for word in &words[..values.kind().words()] {
            batch.append(row, &word.to_le_bytes());
        }
    }
}

/// Takes one column off the front of every key.
fn read_column(column: &KeyColumn, rests: &mut [&[u8]]) -> Result<ArrayRef> {
    match &column.kind {
        ColumnKind::Fixed(kind) => read_fixed(column, *kind, rests),
        ColumnKind::Bytes => bytes_array(&column.data_type, rests.iter_mut().map(read_bytes)),
        ColumnKind::Encoded(encoder) => encoder.decode(rests.iter_mut().map(read_bytes)),
    }
}

fn read_bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, tail) = rest.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length);
    let (value, tail) = if length == NULL_LENGTH { (None, tail) } else { split_some(tail, length as usize) };
    *rest = tail;
    value
}

fn split_some(bytes: &[u8], at: usize) -> (Option<&[u8]>, &[u8]) {
    let (value, tail) = bytes.split_at(at);
    (Some(value), tail)
}

fn read_fixed(column: &KeyColumn, kind: FixedKind, rests: &mut [&[u8]]) -> Result<ArrayRef> {
    let mut validity = Vec::with_capacity(rests.len());
    let mut words = Vec::with_capacity(rests.len());
    for rest in rests {
        if column.nullable {
            validity.push(rest[0] == 1);
            *rest = &rest[1..];
        }
        let mut value = [0; 2];
        for word in &mut value[..kind.words()] {
            if let Some((head, tail)) = rest.split_first_chunk::<8>() {
                *word = u64::from_le_bytes(*head);
                *rest = tail;
            }
        }
        words.push(value);
    }
    let nulls = column.nullable.then(|| NullBuffer::from(validity)).filter(|nulls| nulls.null_count() > 0);
    kind.array_of_words(&column.data_type, words.into_iter(), nulls)
}
