//! Stored rows by the hash of their key and all their values: how a retraction finds its row among a hundred thousand of one key.

use crate::table::SlotTable;

/// Row slots by row hash. No two of its rows are equal.
#[derive(Debug, Default)]
pub(super) struct RowIndex {
    pub(super) table: SlotTable,
    /// The low half of each slot's hash, to find its table entry again.
    tags: Vec<u32>,
}

impl RowIndex {
    pub(super) fn insert(&mut self, hash: u64, slot: u32) {
        let at = slot as usize;
        if at >= self.tags.len() {
            self.tags.resize(at + 1, 0);
        }
        self.tags[at] = hash as u32;
        self.table.insert(hash, slot);
    }

    pub(super) fn remove(&mut self, slot: u32) {
        self.table.remove(self.tags[slot as usize], slot);
    }

    pub(super) fn bytes(&self) -> usize {
        self.table.bytes() + self.tags.capacity() * 4
    }
}

/// The hash of a row under a key: equal rows of different keys are different entries.
pub(super) fn entry_hash(row_hash: u64, key: u32) -> u64 {
    row_hash ^ u64::from(key).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
