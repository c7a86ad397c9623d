//! Lists of row slots by key slot, each in one piece, in one allocation for all.
//!
//! A list of one row is inside its head: a unique key costs no second look. Longer lists have a power of two of room; freed pieces
//! are used again for lists of the same size.

use crate::paged::Paged;

const CLASSES: usize = 33;

/// Where a key's rows are. `class` is the power of two of its room; in class 0, `at` is the row itself.
#[derive(Debug, Clone, Copy, Default)]
struct List {
    at: u32,
    len: u32,
    class: u32,
}

/// Row slots by key slot.
#[derive(Debug)]
pub(super) struct SlotLists {
    lists: Paged<List>,
    data: Vec<u32>,
    /// Freed pieces by class.
    free: [Vec<u32>; CLASSES],
}

impl Default for SlotLists {
    fn default() -> Self {
        Self { lists: Paged::default(), data: Vec::new(), free: [const { Vec::new() }; CLASSES] }
    }
}

impl SlotLists {
    /// The rows of a key.
    #[inline]
    pub(super) fn get(&self, key: u32) -> &[u32] {
        match self.lists.get(key as usize) {
            None => &[],
            Some(list) if list.class == 0 => &std::slice::from_ref(&list.at)[..list.len as usize],
            Some(list) => &self.data[list.at as usize..][..list.len as usize],
        }
    }

    /// Asks for the head of a list, which [`Self::prefetch_rows`] then follows.
    #[inline]
    pub(super) fn prefetch_head(&self, key: u32) {
        self.lists.prefetch(key as usize);
    }

    #[inline]
    pub(super) fn prefetch_rows(&self, key: u32) {
        if let Some(list) = self.lists.get(key as usize).filter(|list| list.class > 0) {
            crate::prefetch::prefetch(&self.data, list.at as usize);
        }
    }

    /// Adds a row at the end of a key's list and says at which place.
    pub(super) fn push(&mut self, key: u32, row: u32) -> u32 {
        let key = key as usize;
        self.lists.grow(key + 1, List::default());
        let list = self.lists[key];
        if list.len == 1 << list.class {
            self.resize(key, list.class + 1);
        }
        let list = &mut self.lists[key];
        match list.class {
            0 => list.at = row,
            _ => self.data[list.at as usize + list.len as usize] = row,
        }
        list.len += 1;
        list.len - 1
    }

    /// Takes the row at `place` out of a key's list; the last row takes its place and is returned, unless it was the last.
    pub(super) fn swap_remove(&mut self, key: u32, place: u32) -> Option<u32> {
        let key = key as usize;
        let list = &mut self.lists[key];
        list.len -= 1;
        let List { at, len, class } = *list;
        let moved = (place < len && class > 0).then(|| {
            let last = self.data[(at + len) as usize];
            self.data[(at + place) as usize] = last;
            last
        });
        if class > 0 && len <= 1 << class >> 2 {
            self.resize(key, if len <= 1 { 0 } else { class - 1 });
        }
        moved
    }

    /// Moves a list to a piece of another class, which has room for it.
    fn resize(&mut self, key: usize, class: u32) {
        let old = self.lists[key];
        let at = match class {
            0 => self.get(key as u32).first().copied().unwrap_or(0),
            _ => {
                let at = self.free[class as usize].pop().unwrap_or_else(|| {
                    self.data.resize(self.data.len() + (1 << class), 0);
                    (self.data.len() - (1 << class)) as u32
                });
                match old.class {
                    0 => self.data[at as usize] = old.at,
                    _ => self.data.copy_within(old.at as usize..(old.at + old.len) as usize, at as usize),
                }
                at
            }
        };
        if old.class > 0 {
            self.free[old.class as usize].push(old.at);
        }
        self.lists[key] = List { at, len: old.len, class };
    }

    pub(super) fn bytes(&self) -> usize {
        let free: usize = self.free.iter().map(|pieces| pieces.capacity() * 4).sum();
        self.lists.bytes() + self.data.capacity() * 4 + free
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::SlotLists;

    proptest! {
        #[test]
        fn lists_behave_as_vectors(steps in prop::collection::vec((0..6u32, any::<prop::sample::Index>(), 0..3u8), 0..400)) {
            let mut lists = SlotLists::default();
            let mut model: Vec<Vec<u32>> = vec![Vec::new(); 6];
            for (number, (key, pick, action)) in steps.into_iter().enumerate() {
                let rows = &mut model[key as usize];
                if action > 0 || rows.is_empty() {
                    rows.push(number as u32);
                    prop_assert_eq!(lists.push(key, number as u32) as usize, rows.len() - 1);
                } else {
                    let place = pick.index(rows.len());
                    rows.swap_remove(place);
                    prop_assert_eq!(lists.swap_remove(key, place as u32), rows.get(place).copied());
                }
                for (key, rows) in model.iter().enumerate() {
                    prop_assert_eq!(lists.get(key as u32), &rows[..]);
                }
            }
        }
    }

    #[test]
    fn freed_pieces_are_used_again() {
        let mut lists = SlotLists::default();
        for round in 0..100 {
            (0..1000).for_each(|row| assert_eq!(lists.push(round, row), row));
            (0..1000).rev().for_each(|row| assert_eq!(lists.swap_remove(round, row), None));
        }
        assert!(lists.bytes() < 40_000, "{} bytes", lists.bytes());
    }
}
