//! What all snapshots have in common.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::UInt32Type;
use levada_base::{Error, Result};

/// Rows per batch of a snapshot.
pub(crate) const SNAPSHOT_BATCH_ROWS: usize = 8192;

/// The slots of a snapshot's batch: its first column.
pub(crate) fn slots_of(batch: &RecordBatch) -> Result<Vec<u32>> {
    let slots = batch.columns().first().and_then(|column| column.as_primitive_opt::<UInt32Type>());
    match slots {
        Some(slots) if slots.null_count() == 0 => Ok(slots.values().to_vec()),
        _ => Err(Error::internal("a snapshot without its slots")),
    }
}
