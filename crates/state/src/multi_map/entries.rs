//! What a multimap knows of each entry, by the slot of its row.

use crate::paged::Paged;
use crate::slots::NO_SLOT;

/// What belongs to each row slot.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) key: Paged<u32>,
    /// The row's place in its key's list.
    pub(super) place: Paged<u32>,
    /// Empty as long as every weight is +1.
    pub(super) weight: Paged<i64>,
}

impl Entries {
    pub(super) fn weight(&self, slot: u32) -> i64 {
        self.weight.get(slot as usize).copied().unwrap_or(1)
    }

    pub(super) fn set(&mut self, slot: u32, key: u32, place: u32) {
        let at = slot as usize;
        self.key.grow(at + 1, NO_SLOT);
        self.place.grow(at + 1, 0);
        self.key[at] = key;
        self.place[at] = place;
    }

    pub(super) fn set_weight(&mut self, slot: u32, weight: i64) {
        let at = slot as usize;
        if at >= self.weight.len() {
            if weight == 1 {
                return;
            }
            self.weight.grow(self.key.len().max(at + 1), 1);
        }
        self.weight[at] = weight;
    }
    pub(super) fn bytes(&self) -> usize {
        self.key.bytes() + self.place.bytes() + self.weight.bytes()
    }
}
