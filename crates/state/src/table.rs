//! An open-addressing hash table from hashes to slots. It knows no keys: the caller says whether a slot's key is the one meant.
//!
//! An entry is 8 bytes: the low 32 bits of the hash, then the slot. The 32 bits alone place the entry, so growing and removing never
//! look at a key; the high bits of the hash stay free for routing to shards.

use crate::prefetch::prefetch;
use crate::slots::NO_SLOT;

const EMPTY: u64 = u64::MAX;
const CAPACITY_MIN: usize = 16;

/// Slots by hash, with linear probing and backward-shift removal.
#[derive(Debug, Default)]
pub(crate) struct SlotTable {
    /// Empty, or a power of two of entries.
    entries: Vec<u64>,
    len: usize,
}

fn entry(tag: u32, slot: u32) -> u64 {
    u64::from(tag) << 32 | u64::from(slot)
}

impl SlotTable {
    #[inline]
    fn mask(&self) -> usize {
        self.entries.len().wrapping_sub(1)
    }

    /// Asks for the memory where `hash` would be.
    #[inline]
    pub(crate) fn prefetch(&self, hash: u64) {
        prefetch(&self.entries, hash as u32 as usize & self.mask());
    }

    /// The first slot under `hash` for which `is_key` holds.
    #[inline]
    pub(crate) fn find(&self, hash: u64, mut is_key: impl FnMut(u32) -> bool) -> Option<u32> {
        if self.len == 0 {
            return None;
        }
        let tag = hash as u32;
        let mask = self.mask();
        let mut at = tag as usize & mask;
        loop {
            let found = self.entries[at];
            if found == EMPTY {
                return None;
            }
            if (found >> 32) as u32 == tag && is_key(found as u32) {
                return Some(found as u32);
            }
            at = (at + 1) & mask;
        }
    }

    /// The first slot whose hash looks like `hash`, or [`NO_SLOT`]: a guess to prefetch by.
    #[inline]
    pub(crate) fn guess(&self, hash: u64) -> u32 {
        self.find(hash, |_| true).unwrap_or(NO_SLOT)
    }

    /// Adds `slot` under `hash`, which must not be there yet.
    pub(crate) fn insert(&mut self, hash: u64, slot: u32) {
        // At most five eighths full: a miss then looks at four entries on average, half a cache line.
        if (self.len + 1) * 8 > self.entries.len() * 5 {
            self.grow((self.entries.len() * 2).max(CAPACITY_MIN));
        }
        self.place(entry(hash as u32, slot));
        self.len += 1;
    }

    fn place(&mut self, entry: u64) {
        let mask = self.mask();
        let mut at = (entry >> 32) as usize & mask;
        while self.entries[at] != EMPTY {
            at = (at + 1) & mask;
        }
        self.entries[at] = entry;
    }

    fn grow(&mut self, capacity: usize) {
        let old = std::mem::replace(&mut self.entries, vec![EMPTY; capacity]);
        for entry in old.into_iter().filter(|entry| *entry != EMPTY) {
            self.place(entry);
        }
    }

    /// Removes `slot` from under the hash with the low bits `tag`; false if it is not there.
    pub(crate) fn remove(&mut self, tag: u32, slot: u32) -> bool {
        if self.len == 0 {
            return false;
        }
        let mask = self.mask();
        let mut hole = tag as usize & mask;
        while self.entries[hole] != entry(tag, slot) {
            if self.entries[hole] == EMPTY {
                return false;
            }
            hole = (hole + 1) & mask;
        }
        self.close(hole);
        self.len -= 1;
        true
    }

    /// Moves later entries of the same run back over `hole`, so that probing never needs tombstones.
    fn close(&mut self, mut hole: usize) {
        let mask = self.mask();
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let next = self.entries[at];
            if next == EMPTY {
                break;
            }
            let home = (next >> 32) as usize & mask;
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(hole) & mask {
                self.entries[hole] = next;
                hole = at;
            }
        }
        self.entries[hole] = EMPTY;
    }

    pub(crate) fn bytes(&self) -> usize {
        self.entries.capacity() * 8
    }
}
