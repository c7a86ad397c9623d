//! Looking up a batch of keys: all matches at once, or piece by piece where a key has many.

use arrow::array::ArrayRef;
use levada_base::Result;

use super::MultiMap;
use crate::prefetch::PREFETCH_ROWS;

/// The rows that a probe found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Matches {
    /// The row of the probing batch, ascending.
    pub left_rows: Vec<u32>,
    /// The stored row that it meets.
    pub slots: Vec<u32>,
    /// The stored row's weight, never 0.
    pub weights: Vec<i64>,
}

/// How far [`MultiMap::next_matches`] has come.
#[derive(Debug, Default, Clone, Copy)]
pub struct MatchCursor {
    /// The probing row.
    row: usize,
    /// Matches of it that were given.
    given: usize,
}

impl MultiMap {
    /// Replaces `found` by the key slot of each of the `rows` probing rows.
    ///
    /// # Errors
    /// `LV-S999` if the columns are not of the key types.
    pub fn find(&self, keys: &[ArrayRef], rows: usize, found: &mut Vec<u32>) -> Result<()> {
        self.keys.find(keys, found)?;
        if keys.is_empty() {
            let only = found[0];
            found.clear();
            found.resize(rows, only);
        }
        Ok(())
    }

    /// Replaces `out` by the next matches of the rows whose key slots are `found`, at most `limit` of them (at least 1), in the order
    /// of the probing rows. False when there are no more.
    pub fn next_matches(&self, found: &[u32], cursor: &mut MatchCursor, limit: usize, out: &mut Matches) -> bool {
        out.left_rows.clear();
        out.slots.clear();
        while cursor.row < found.len() && out.slots.len() < limit {
            if cursor.given == 0 && cursor.row.is_multiple_of(PREFETCH_ROWS) {
                self.prefetch_lists(&found[cursor.row..]);
            }
            let slots = &self.lists.get(found[cursor.row])[cursor.given..];
            let taken = slots.len().min(limit - out.slots.len());
            out.slots.extend_from_slice(&slots[..taken]);
            out.left_rows.resize(out.slots.len(), cursor.row as u32);
            *cursor = match taken == slots.len() {
                true => MatchCursor { row: cursor.row + 1, given: 0 },
                false => MatchCursor { given: cursor.given + taken, ..*cursor },
            };
        }
        out.weights.clear();
        match self.entries.weight.is_empty() {
            true => out.weights.resize(out.slots.len(), 1),
            false => out.weights.extend(out.slots.iter().map(|slot| self.entries.weight(*slot))),
        }
        !out.slots.is_empty()
    }

    fn prefetch_lists(&self, keys: &[u32]) {
        let keys = &keys[..keys.len().min(PREFETCH_ROWS)];
        keys.iter().for_each(|key| self.lists.prefetch_head(*key));
        keys.iter().for_each(|key| self.lists.prefetch_rows(*key));
    }

    /// Replaces `out` by the stored rows of each row's key, in the order of the probing rows. Without key columns, by all stored
    /// rows for the one row 0.
    ///
    /// # Errors
    /// `LV-S999` if the columns are not of the key types.
    pub fn probe(&self, keys: &[ArrayRef], out: &mut Matches) -> Result<()> {
        let mut found = Vec::new();
        self.keys.find(keys, &mut found)?;
        self.next_matches(&found, &mut MatchCursor::default(), usize::MAX, out);
        Ok(())
    }
}
