//! An ordered sequence of row slots that knows no order: the caller compares. Blocks of bounded length keep an insert cheap in a
//! partition of a million rows, and a small partition is one short `Vec`.

use std::cmp::Ordering;

const BLOCK_ROWS_MAX: usize = 512;

/// Row slots in order.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// None of them empty.
    blocks: Vec<Vec<u32>>,
}

/// A place in the sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    block: usize,
    at: usize,
}

impl Blocks {
    /// Where the row is to which `compare` compares the rows of the sequence; or where it would have to be.
    pub(super) fn find(&self, compare: impl Fn(u32) -> Ordering) -> Result<u32, Position> {
        let is_before = |block: &Vec<u32>| block.last().is_some_and(|&last| compare(last).is_lt());
        // Past the last block, the row belongs at the end of the last one.
        let block = self.blocks.partition_point(is_before).min(self.blocks.len().saturating_sub(1));
        let Some(rows) = self.blocks.get(block) else { return Err(Position { block: 0, at: 0 }) };
        rows.binary_search_by(|&slot| compare(slot)).map(|at| rows[at]).map_err(|at| Position { block, at })
    }

    pub(super) fn insert(&mut self, position: Position, slot: u32) {
        let Position { block, at } = position;
        match self.blocks.get_mut(block) {
            None => self.blocks.push(vec![slot]),
            Some(rows) => {
                rows.insert(at, slot);
                if rows.len() > BLOCK_ROWS_MAX {
                    let upper = rows.split_off(BLOCK_ROWS_MAX / 2);
                    self.blocks.insert(block + 1, upper);
                }
            }
        }
    }

    /// Takes out the row to which `compare` compares the rows of the sequence, if it is there.
    pub(super) fn remove(&mut self, compare: impl Fn(u32) -> Ordering) {
        let is_before = |block: &Vec<u32>| block.last().is_some_and(|&last| compare(last).is_lt());
        let block = self.blocks.partition_point(is_before);
        let Some(rows) = self.blocks.get_mut(block) else { return };
        if let Ok(at) = rows.binary_search_by(|&slot| compare(slot)) {
            rows.remove(at);
        }
        if rows.is_empty() {
            self.blocks.remove(block);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        self.blocks.iter().flatten().copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    pub(super) fn bytes(&self) -> usize {
        self.blocks.iter().map(|block| block.capacity() * 4 + size_of::<Vec<u32>>()).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Blocks;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn blocks_are_a_sorted_set(steps in prop::collection::vec((0..3_000_u32, 0..3_u8), 0..4_000)) {
            let mut blocks = Blocks::default();
            let mut model = std::collections::BTreeSet::new();
            for (slot, action) in steps {
                let found = blocks.find(|other| other.cmp(&slot));
                prop_assert_eq!(found.is_ok(), model.contains(&slot));
                match (action, found) {
                    (0, _) => {
                        blocks.remove(|other| other.cmp(&slot));
                        model.remove(&slot);
                    }
                    (_, Err(position)) => {
                        blocks.insert(position, slot);
                        model.insert(slot);
                    }
                    (_, Ok(same)) => prop_assert_eq!(same, slot),
                }
            }
            prop_assert!(blocks.iter().eq(model.iter().copied()));
            prop_assert_eq!(blocks.is_empty(), model.is_empty());
        }
    }
}
