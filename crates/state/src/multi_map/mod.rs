//! [`MultiMap`]: rows with weights by key, one side of a join.
//!
//! Not here: what the other side does with the matches. Weights add up: an entry whose weight becomes 0 is freed, and a retraction
//! that comes before its row is an entry of negative weight until the row comes.
//!
//! As long as every weight is +1, rows are only appended and never looked for. The first other weight builds an index over whole
//! rows; from then on equal rows are one entry.

mod apply;
mod entries;
mod expiry;
mod lists;
mod log;
mod probe;
mod row_index;
mod snapshot;
#[cfg(test)]
mod tests;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, SchemaRef};
use levada_base::{Error, Result};

use self::entries::Entries;
use self::expiry::ExpiryQueue;
use self::lists::SlotLists;
pub use self::log::{EntryChange, EntryLog, MergedEntry};
pub use self::probe::{MatchCursor, Matches};
use self::row_index::RowIndex;
pub use self::snapshot::MultiMapSnapshot;
use crate::key_index::KeyIndex;
use crate::paged::Paged;
use crate::row_store::RowStore;

/// Rows with weights by key.
pub struct MultiMap {
    keys: KeyIndex,
    rows: RowStore,
    /// The row slots of each key slot.
    lists: SlotLists,
    /// The sum of weights of each key slot.
    totals: Paged<i64>,
    entries: Entries,
    /// Present once a row has to be found by its values.
    by_row: Option<RowIndex>,
    expiry: Option<ExpiryQueue>,
    log: Option<EntryLog>,
    scratch: Scratch,
}

/// Buffers for the batch at hand, kept for the next one.
#[derive(Default)]
struct Scratch {
    keys: Vec<u32>,
    slots: Vec<u32>,
    hashes: Vec<u64>,
    picks: Vec<u32>,
}

/// What a key has in all.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct KeyTotal {
    /// Entries: rows that differ, or were appended one by one.
    pub rows: usize,
    /// The sum of their weights.
    pub weight: i64,
}

impl MultiMap {
    /// An empty map from keys of these columns (type and whether NULL can occur) to rows of `schema`.
    ///
    /// # Errors
    /// `LV-S405` for a key type that can't be compared, `LV-S406` for a row type that can't be kept.
    pub fn new(key_types: &[(DataType, bool)], schema: SchemaRef) -> Result<Self> {
        Ok(Self {
            keys: KeyIndex::new(key_types)?,
            rows: RowStore::new(schema)?,
            lists: SlotLists::default(),
            totals: Paged::default(),
            entries: Entries::default(),
            by_row: None,
            expiry: None,
            log: None,
            scratch: Scratch::default(),
        })
    }

    /// The same map, able to [`expire`](Self::expire) rows by a time column (integer or time) of theirs. To be called while empty.
    ///
    /// # Errors
    /// `LV-S999` if the column is not there or the map has rows.
    pub fn with_expiry(mut self, column: usize) -> Result<Self> {
        let field = self.rows.schema().fields().get(column).filter(|_| self.rows.is_empty());
        let field = field.ok_or_else(|| Error::internal(format!("rows can't expire by their column {column}")))?;
        self.expiry = Some(ExpiryQueue::new(column, field.data_type()));
        Ok(self)
    }

    /// The same map, able to say what a batch did: see [`Self::log`].
    #[must_use]
    pub fn with_log(mut self) -> Self {
        self.log = Some(EntryLog::default());
        self
    }

    /// What the last [`Self::apply`] did, if the map was made [`with_log`](Self::with_log).
    #[must_use]
    pub fn log(&self) -> Option<&EntryLog> {
        self.log.as_ref()
    }

    /// Replaces `totals` by what each row's key has.
    ///
    /// # Errors
    /// `LV-S999` if the columns are not of the key types.
    pub fn count(&self, keys: &[ArrayRef], totals: &mut Vec<KeyTotal>) -> Result<()> {
        let mut found = Vec::new();
        self.keys.find(keys, &mut found)?;
        totals.clear();
        totals.extend(found.iter().map(|key| KeyTotal {
            rows: self.lists.get(*key).len(),
            weight: self.totals.get(*key as usize).copied().unwrap_or(0),
        }));
        Ok(())
    }

    /// Forgets entries by their row slots; slots that are not in use are passed over.
    pub fn remove_rows(&mut self, slots: &[u32]) {
        for slot in slots.iter().copied() {
            if !self.rows.contains(slot) {
                continue;
            }
            self.unlink(slot);
            let key = self.entries.key[slot as usize];
            if self.lists.get(key).is_empty() {
                self.keys.remove(key);
            }
        }
    }

    /// Replaces `slots` by the entries whose expiry column is less than `bound` (in the column's own unit), each once. They stay
    /// until [`Self::remove_rows`], and are named once only. A NULL time never expires.
    pub fn due(&mut self, bound: i64, slots: &mut Vec<u32>) {
        slots.clear();
        let Some(expiry) = &mut self.expiry else { return };
        for slot in expiry.pop_before(bound) {
            if !self.rows.contains(slot) {
                continue;
            }
            match self.rows.number(slot, expiry.column) {
                Some(time) if time >= bound => expiry.push(time, slot),
                Some(_) => slots.push(slot),
                None => {}
            }
        }
        // A slot that was freed and used again is in the queue once for each use.
        slots.sort_unstable();
        slots.dedup();
    }

    /// Forgets the entries whose expiry column is less than `bound`, and says how many.
    pub fn expire(&mut self, bound: i64) -> usize {
        let mut slots = Vec::new();
        self.due(bound, &mut slots);
        self.remove_rows(&slots);
        slots.len()
    }

    /// The stored rows, by the slots of [`Matches`].
    #[must_use]
    pub fn rows(&self) -> &RowStore {
        &self.rows
    }

    /// The weight of an entry in use.
    #[must_use]
    pub fn weight(&self, slot: u32) -> i64 {
        self.entries.weight(slot)
    }

    /// Entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Memory held, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let entries = self.entries.bytes() + self.totals.bytes();
        let by_row = self.by_row.as_ref().map_or(0, RowIndex::bytes) + self.expiry.as_ref().map_or(0, ExpiryQueue::bytes);
        let log = self.log.as_ref().map_or(0, EntryLog::bytes);
        self.keys.bytes() + self.rows.bytes() + self.lists.bytes() + entries + by_row + log
    }
}
