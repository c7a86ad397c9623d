//! The seam between the probe loop and the two ways keys are kept.

use arrow::array::ArrayRef;
use levada_base::Result;

use super::codec::KeyCodec;
use crate::column::ColumnInput;

/// Keys by slot, and keys of a batch in the same form.
pub(super) trait Layout: Default {
    /// The keys of a batch; its buffers are reused from batch to batch.
    type Batch: Default;

    /// Replaces `batch` by the keys of `rows` opened rows.
    fn encode(codec: &KeyCodec, inputs: &[ColumnInput], rows: usize, batch: &mut Self::Batch);

    /// Asks for what [`Self::prefetch_key`] reads.
    fn prefetch_place(&self, slot: u32);

    /// Asks for the key itself.
    fn prefetch_key(&self, slot: u32);

    /// Whether `slot`, which is in use, has the key of `row`.
    fn equal(&self, slot: u32, batch: &Self::Batch, row: usize) -> bool;

    /// Gives `slot`, which is free, the key of `row`.
    fn put(&mut self, slot: u32, batch: &Self::Batch, row: usize);

    fn remove(&mut self, slot: u32);

    /// The key columns of `slots`, all of them in use.
    fn decode(&self, codec: &KeyCodec, slots: &[u32]) -> Result<Vec<ArrayRef>>;

    fn bytes(&self) -> usize;
}
