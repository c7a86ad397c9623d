//! Rows that come out by themselves, depending on whether they have a match: the padded rows of outer joins, and all rows of semi
//! and anti joins.
//!
//! Per stored row there is the weight of its matches, kept as pairs come and go, and the weight with which the row stands in the
//! output. The two are brought together at the end of the epoch; only a row that leaves the state is settled at once.

use crate::planted::{self, Bug};

/// Which rows stand in the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stands {
    WithoutMatch,
    WithMatch,
}

impl Stands {
    /// The weight in the output of a row of weight `weight` whose matches weigh `matches` together.
    pub(super) fn weight(self, weight: i64, matches: i64) -> i64 {
        match (self, matches > 0) {
            (Self::WithoutMatch, false) | (Self::WithMatch, true) => weight,
            (Self::WithoutMatch, true) | (Self::WithMatch, false) => 0,
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    matches: i64,
    /// What was given and not taken back.
    shown: i64,
    touched: bool,
}

/// What stands, by slot of the stored row.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) stands: Stands,
    entries: Vec<Entry>,
    touched: Vec<u32>,
}

impl Standing {
    pub(super) fn new(stands: Stands) -> Self {
        Self { stands, entries: Vec::new(), touched: Vec::new() }
    }

    fn touch(&mut self, slot: u32) -> &mut Entry {
        let at = slot as usize;
        if at >= self.entries.len() {
            self.entries.resize(at + 1, Entry::default());
        }
        let entry = &mut self.entries[at];
        if !entry.touched {
            entry.touched = true;
            self.touched.push(slot);
        }
        entry
    }

    /// A row has come to `slot`; nothing of it is in the output yet.
    pub(super) fn enter(&mut self, slot: u32, matches: i64) {
        let entry = self.touch(slot);
        *entry = Entry { matches, shown: 0, ..*entry };
    }

    /// The weight of the row has changed.
    pub(super) fn change(&mut self, slot: u32) {
        self.touch(slot);
    }

    /// A match of weight `weight` has come (or gone, if negative).
    pub(super) fn meet(&mut self, slot: u32, weight: i64) {
        let entry = self.touch(slot);
        entry.matches = entry.matches.wrapping_add(weight);
    }

    /// The row of `slot` is no more: gives the weight with which it still stands in the output.
    pub(super) fn leave(&mut self, slot: u32) -> i64 {
        self.entries.get_mut(slot as usize).map_or(0, |entry| std::mem::take(&mut entry.shown))
    }

    /// The equal rows of two slots are one row now, that of `into`.
    pub(super) fn merge(&mut self, from: u32, into: u32) {
        let shown = self.leave(from);
        self.touch(into).shown += shown;
    }

    /// Ends the epoch: gives every row whose weight in the output changes, with the change. `weight(slot)` is 0 for slots without a
    /// row.
    pub(super) fn settle(&mut self, weight: impl Fn(u32) -> i64) -> (Vec<u32>, Vec<i64>) {
        let (mut slots, mut changes) = (Vec::new(), Vec::new());
        let padding_stays = self.stands == Stands::WithoutMatch && planted::has(Bug::PaddingStays);
        for slot in self.touched.drain(..) {
            let entry = &mut self.entries[slot as usize];
            let wanted = self.stands.weight(weight(slot), entry.matches);
            if wanted != entry.shown && !(padding_stays && wanted == 0) {
                slots.push(slot);
                changes.push(wanted.wrapping_sub(entry.shown));
            }
            entry.shown = wanted;
            entry.touched = false;
        }
        (slots, changes)
    }

    pub(super) fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>() + self.touched.capacity() * 4
    }
}
