//! Which shard a row belongs to.

use arrow::array::{ArrayRef, UInt32Array};
use levada_base::Result;
use levada_delta::DeltaBatch;
use levada_state::{hash_rows, key_group};

/// Key groups there are; every shard owns a contiguous range of them, so that another number of shards moves whole groups.
const KEY_GROUPS: usize = 256;

/// The rows of `delta` by the shard that owns their key, in their order. Shards without rows are left out.
pub(super) fn split(delta: &DeltaBatch, columns: &[usize], shards: usize) -> Result<Vec<(usize, DeltaBatch)>> {
    let keys: Vec<ArrayRef> = columns.iter().map(|&column| delta.column(column).clone()).collect();
    let mut hashes = Vec::with_capacity(delta.num_rows());
    hash_rows(&keys, &mut hashes)?;
    let mut rows: Vec<Vec<u32>> = vec![Vec::with_capacity(delta.num_rows() / shards + 1); shards];
    for (row, &hash) in hashes.iter().enumerate() {
        rows[usize::from(key_group(hash)) * shards / KEY_GROUPS].push(row as u32);
    }
    let mut pieces = Vec::with_capacity(shards);
    for (shard, rows) in rows.into_iter().enumerate() {
        if rows.len() == delta.num_rows() {
            return Ok(vec![(shard, delta.clone())]);
        }
        if !rows.is_empty() {
            pieces.push((shard, delta.take(&UInt32Array::from(rows))?));
        }
    }
    Ok(pieces)
}
