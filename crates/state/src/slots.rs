//! Slots: dense `u32` ids, handed out, freed and handed out again.

use levada_base::{Error, Result, codes};

/// The slot that is none: an absent key, or the missing side of an outer join.
pub const NO_SLOT: u32 = u32::MAX;

/// Which slots are in use.
#[derive(Debug, Default)]
pub(crate) struct SlotSet {
    /// Freed slots; the last freed is the next used, its memory being warm.
    free: Vec<u32>,
    /// One bit per slot ever handed out.
    live: Vec<u64>,
    bound: u32,
}

impl SlotSet {
    /// Slots in use.
    pub(crate) fn len(&self) -> usize {
        self.bound as usize - self.free.len()
    }

    /// One more than the highest slot ever handed out.
    pub(crate) fn bound(&self) -> usize {
        self.bound as usize
    }

    pub(crate) fn take(&mut self) -> Result<u32> {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None if self.bound == NO_SLOT => return Err(full()),
            None => {
                self.bound += 1;
                self.bound - 1
            }
        };
        let word = slot as usize / 64;
        if word >= self.live.len() {
            self.live.resize(word + 1, 0);
        }
        self.live[word] |= 1 << (slot % 64);
        Ok(slot)
    }

    /// Frees `slot`; false if it was not in use.
    pub(crate) fn release(&mut self, slot: u32) -> bool {
        if !self.contains(slot) {
            return false;
        }
        self.live[slot as usize / 64] &= !(1 << (slot % 64));
        self.free.push(slot);
        true
    }

    pub(crate) fn contains(&self, slot: u32) -> bool {
        self.live.get(slot as usize / 64).is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }

    /// The slots in use, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        self.live.iter().enumerate().flat_map(|(index, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(index as u32 * 64 + bit)
            })
        })
    }

    /// The set of exactly these slots, as a snapshot had them.
    pub(crate) fn of(slots: &[u32]) -> Result<Self> {
        let bound = slots.iter().max().map_or(0, |slot| slot.saturating_add(1));
        let mut set = Self { free: Vec::new(), live: vec![0; (bound as usize).div_ceil(64)], bound };
        for slot in slots {
            if *slot == NO_SLOT || set.contains(*slot) {
                return Err(Error::internal(format!("a snapshot has the slot {slot} twice")));
            }
            set.live[*slot as usize / 64] |= 1 << (slot % 64);
        }
        set.free = (0..bound).rev().filter(|slot| !set.contains(*slot)).collect();
        Ok(set)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.free.capacity() * 4 + self.live.capacity() * 8
    }
}

fn full() -> Error {
    Error::new(codes::LV_S722, format!("more than {NO_SLOT} rows or keys in one shard of an operator's state"))
        .with_hint("bound the state, for example by a window, or use more shards")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_set_refuses_until_a_slot_is_free() {
        let mut slots = SlotSet { bound: NO_SLOT, live: vec![0b1000], ..SlotSet::default() };
        assert_eq!(slots.take().unwrap_err().code(), codes::LV_S722);
        assert!(slots.release(3));
        assert_eq!(slots.take().unwrap(), 3);
        assert!(slots.take().is_err());
    }
}
