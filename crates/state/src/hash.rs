//! The hash that routes rows to shards and addresses key tables: the same on every machine, in every process, for ever.
//!
//! Folded multiplication as in wyhash (Wang Yi, <https://github.com/wangyi-fudan/wyhash>). It is not meant to withstand an attacker
//! who chooses keys.

use arrow::array::ArrayRef;
use levada_base::Result;

use crate::column::{ColumnInput, ColumnKind, Values};

const SEED: u64 = 0x9E37_79B9_7F4A_7C15;
const STEP: u64 = 0xA076_1D64_78BD_642F;
const FINISH: u64 = 0xE703_7ED1_A0B4_28DB;
/// What a NULL contributes; a value with the same word only collides, it is never confused.
const NULL_WORD: u64 = 0x8EBC_6AF0_9C88_C6E3;

/// The key group, of 256, that a hash belongs to.
#[must_use]
pub fn key_group(hash: u64) -> u8 {
    (hash >> 56) as u8
}

/// Replaces `out` by one hash per row of `columns`. Rows that SQL groups together have equal hashes: NULL is a value, all NaN are
/// equal, −0.0 is 0.0. No columns: no hashes, since there is no row count.
///
/// # Errors
/// `LV-S405` for a column type that can't be compared.
pub fn hash_rows(columns: &[ArrayRef], out: &mut Vec<u64>) -> Result<()> {
    let mut inputs = Vec::with_capacity(columns.len());
    for column in columns {
        inputs.push(ColumnKind::of_key(column.data_type())?.open(column)?);
    }
    hash_inputs(&inputs, columns.first().map_or(0, |column| column.len()), out);
    Ok(())
}

/// Replaces `out` by the hashes of `rows` opened rows.
pub(crate) fn hash_inputs(inputs: &[ColumnInput], rows: usize, out: &mut Vec<u64>) {
    out.clear();
    out.resize(rows, SEED);
    for input in inputs {
        match (&input.values, input.nulls()) {
            (Values::Fixed(values), None) if values.kind().words() == 1 => {
                values.for_each_word(|row, word| out[row] = fold(out[row] ^ word, STEP));
            }
            (values, _) => hash_column(values, input, out),
        }
    }
    for hash in out.iter_mut() {
        *hash = fold(*hash, FINISH);
    }
}

fn hash_column(values: &Values, input: &ColumnInput, out: &mut [u64]) {
    match values {
        Values::Fixed(values) if values.kind().words() == 1 => values.for_each_word(|row, word| {
            let word = if input.is_null(row) { NULL_WORD } else { word };
            out[row] = fold(out[row] ^ word, STEP);
        }),
        Values::Fixed(values) => values.for_each_wide(|row, value| {
            let low = if input.is_null(row) { NULL_WORD } else { value as u64 ^ (value >> 64) as u64 };
            out[row] = fold(out[row] ^ low, STEP);
        }),
        Values::Bytes(values) => values.for_each(|row, bytes| {
            let word = if input.is_null(row) { NULL_WORD } else { hash_bytes(bytes) };
            out[row] = fold(out[row] ^ word, STEP);
        }),
    }
}

/// The high and low half of a 64 × 64 bit product, folded.
#[inline]
fn fold(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    product as u64 ^ (product >> 64) as u64
}

/// The hash of a byte string, with its length.
pub(crate) fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hash = SEED ^ bytes.len() as u64;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        hash = fold(hash ^ word_of(chunk), STEP);
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        hash = fold(hash ^ word_of(rest), STEP);
    }
    fold(hash, FINISH)
}

/// Up to eight bytes as a little-endian number.
#[inline]
fn word_of(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(word)
}
