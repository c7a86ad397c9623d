//! What a batch did to the entries, for an owner who keeps something of their own by slot.

/// What the last [`apply`](super::MultiMap::apply) did.
#[derive(Debug, Default)]
pub struct EntryLog {
    merged: Vec<MergedEntry>,
    changes: Vec<EntryChange>,
}

/// Two entries were found to be equal rows and are one now, before any change of the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MergedEntry {
    /// Its slot is free.
    pub from: u32,
    pub into: u32,
}

/// A row of the batch added its weight to an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryChange {
    /// The row of the batch.
    pub row: u32,
    pub slot: u32,
    /// 0 if the entry is new.
    pub before: i64,
    /// 0 if the entry is no more; a later change may then be of another row in the same slot.
    pub after: i64,
}

impl EntryLog {
    /// Entries that became one, in order.
    #[must_use]
    pub fn merged(&self) -> &[MergedEntry] {
        &self.merged
    }

    /// The changes of the batch in the order of its rows; rows of weight 0 change nothing.
    #[must_use]
    pub fn changes(&self) -> &[EntryChange] {
        &self.changes
    }

    pub(super) fn clear(&mut self) {
        self.merged.clear();
        self.changes.clear();
    }

    pub(super) fn merge(&mut self, from: u32, into: u32) {
        self.merged.push(MergedEntry { from, into });
    }

    pub(super) fn change(&mut self, row: usize, slot: u32, before: i64, after: i64) {
        self.changes.push(EntryChange { row: row as u32, slot, before, after });
    }

    pub(super) fn bytes(&self) -> usize {
        self.merged.capacity() * size_of::<MergedEntry>() + self.changes.capacity() * size_of::<EntryChange>()
    }
}
