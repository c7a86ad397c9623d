//! Byte strings by slot, one after the other in one allocation; compacted when more than half of it is dead.

use crate::prefetch::prefetch;

/// Below this many dead bytes, compacting is not worth the walk.
const COMPACT_DEAD_BYTES_MIN: usize = 64 * 1024;
const ABSENT: u64 = u64::MAX;
const LENGTH_BYTES: usize = 4;

/// An append-only byte store with a hole count. A string is kept behind its length, so that reading it touches one place.
#[derive(Debug, Default)]
pub(crate) struct ByteArena {
    data: Vec<u8>,
    offsets: Vec<u64>,
    dead: usize,
}

impl ByteArena {
    /// The string of `slot`, if there is one.
    #[inline]
    pub(crate) fn get(&self, slot: u32) -> Option<&[u8]> {
        let offset = *self.offsets.get(slot as usize)?;
        (offset != ABSENT).then(|| self.at(offset as usize))
    }

    #[inline]
    fn at(&self, offset: usize) -> &[u8] {
        let start = offset + LENGTH_BYTES;
        let mut length = [0; LENGTH_BYTES];
        length.copy_from_slice(&self.data[offset..start]);
        &self.data[start..start + u32::from_le_bytes(length) as usize]
    }

    /// Keeps `bytes` (shorter than 4 GiB) for `slot`, which must have none.
    pub(crate) fn put(&mut self, slot: u32, bytes: &[u8]) {
        let slot = slot as usize;
        if slot >= self.offsets.len() {
            self.offsets.resize(slot + 1, ABSENT);
        }
        self.offsets[slot] = self.data.len() as u64;
        self.data.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        self.data.extend_from_slice(bytes);
    }

    pub(crate) fn remove(&mut self, slot: u32) {
        let Some(length) = self.get(slot).map(<[u8]>::len) else { return };
        self.offsets[slot as usize] = ABSENT;
        self.dead += LENGTH_BYTES + length;
        if self.dead > COMPACT_DEAD_BYTES_MIN && self.dead * 2 > self.data.len() {
            self.compact();
        }
    }

    fn compact(&mut self) {
        let old = std::mem::take(self);
        self.data.reserve(old.data.len() - old.dead);
        for slot in 0..old.offsets.len() as u32 {
            if let Some(bytes) = old.get(slot) {
                self.put(slot, bytes);
            }
        }
    }

    /// Asks for the place of the string, which [`Self::prefetch_data`] then follows.
    #[inline]
    pub(crate) fn prefetch_offset(&self, slot: u32) {
        prefetch(&self.offsets, slot as usize);
    }

    #[inline]
    pub(crate) fn prefetch_data(&self, slot: u32) {
        if let Some(offset) = self.offsets.get(slot as usize) {
            prefetch(&self.data, *offset as usize);
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.data.capacity() + self.offsets.capacity() * 8
    }
}
