//! The probe loop, once for every layout of keys.

use std::cell::Cell;

use levada_base::Result;

use super::codec::KeyCodec;
use super::layout::Layout;
use crate::column::ColumnInput;
use crate::hash::hash_inputs;
use crate::prefetch::{PREFETCH_ROWS, prefetch};
use crate::slots::{NO_SLOT, SlotSet};
use crate::table::SlotTable;

/// A key index with keys in the layout `L`.
pub(super) struct Index<L: Layout> {
    table: SlotTable,
    pub(super) keys: L,
    /// The low half of each slot's hash, to find its table entry again.
    tags: Vec<u32>,
    pub(super) slots: SlotSet,
    /// Buffers for the batch at hand, kept for the next one; a `Cell` because looking up leaves the index unchanged.
    scratch: Cell<Scratch<L>>,
}

struct Scratch<L: Layout> {
    hashes: Vec<u64>,
    batch: L::Batch,
}

impl<L: Layout> Default for Scratch<L> {
    fn default() -> Self {
        Self { hashes: Vec::new(), batch: L::Batch::default() }
    }
}

impl<L: Layout> Default for Index<L> {
    fn default() -> Self {
        Self {
            table: SlotTable::default(),
            keys: L::default(),
            tags: Vec::new(),
            slots: SlotSet::default(),
            scratch: Cell::default(),
        }
    }
}

impl<L: Layout> Index<L> {
    /// Appends the slot of each row, giving new keys new slots.
    pub(super) fn upsert(&mut self, codec: &KeyCodec, inputs: &[ColumnInput], rows: usize, out: &mut Vec<u32>) -> Result<()> {
        let scratch = self.load(codec, inputs, rows);
        out.reserve(rows);
        let mut result = Ok(());
        for (chunk, hashes) in scratch.hashes.chunks(PREFETCH_ROWS).enumerate() {
            let guesses = self.guess(hashes);
            for (offset, hash) in hashes.iter().enumerate() {
                let row = chunk * PREFETCH_ROWS + offset;
                let found = self.confirm(guesses[offset], *hash, &scratch.batch, row);
                match found.map_or_else(|| self.add(*hash, &scratch.batch, row), Ok) {
                    Ok(slot) => out.push(slot),
                    Err(full) => result = Err(full),
                }
            }
        }
        self.scratch.set(scratch);
        result
    }

    /// Appends the slot of each row, [`NO_SLOT`] where its key is absent.
    pub(super) fn find(&self, codec: &KeyCodec, inputs: &[ColumnInput], rows: usize, out: &mut Vec<u32>) {
        let scratch = self.load(codec, inputs, rows);
        out.reserve(rows);
        for (chunk, hashes) in scratch.hashes.chunks(PREFETCH_ROWS).enumerate() {
            let guesses = self.guess(hashes);
            for (offset, hash) in hashes.iter().enumerate() {
                let row = chunk * PREFETCH_ROWS + offset;
                out.push(self.confirm(guesses[offset], *hash, &scratch.batch, row).unwrap_or(NO_SLOT));
            }
        }
        self.scratch.set(scratch);
    }

    fn load(&self, codec: &KeyCodec, inputs: &[ColumnInput], rows: usize) -> Scratch<L> {
        let mut scratch = self.scratch.take();
        hash_inputs(inputs, rows, &mut scratch.hashes);
        L::encode(codec, inputs, rows, &mut scratch.batch);
        scratch
    }

    /// Brings the memory of a group of rows near, and says which slot each row probably has.
    #[inline]
    fn guess(&self, hashes: &[u64]) -> [u32; PREFETCH_ROWS] {
        let mut guesses = [NO_SLOT; PREFETCH_ROWS];
        for hash in hashes {
            self.table.prefetch(*hash);
        }
        for (guess, hash) in guesses.iter_mut().zip(hashes) {
            *guess = self.table.guess(*hash);
            self.keys.prefetch_place(*guess);
        }
        for guess in &guesses[..hashes.len()] {
            self.keys.prefetch_key(*guess);
        }
        guesses
    }

    /// The slot of `row`. A guess of none is looked up again: a row before may have added the key.
    #[inline]
    fn confirm(&self, guess: u32, hash: u64, batch: &L::Batch, row: usize) -> Option<u32> {
        if guess != NO_SLOT && self.keys.equal(guess, batch, row) {
            return Some(guess);
        }
        self.table.find(hash, |slot| self.keys.equal(slot, batch, row))
    }

    fn add(&mut self, hash: u64, batch: &L::Batch, row: usize) -> Result<u32> {
        let slot = self.slots.take()?;
        self.keys.put(slot, batch, row);
        let at = slot as usize;
        if at >= self.tags.len() {
            self.tags.resize(at + 1, 0);
        }
        self.tags[at] = hash as u32;
        self.table.insert(hash, slot);
        Ok(slot)
    }

    pub(super) fn remove(&mut self, slot: u32) {
        if self.slots.release(slot) {
            self.table.remove(self.tags[slot as usize], slot);
            self.keys.remove(slot);
        }
    }

    /// Puts keys back under the slots a snapshot had them under.
    pub(super) fn restore(&mut self, codec: &KeyCodec, inputs: &[ColumnInput], slots: &[u32]) {
        let scratch = self.load(codec, inputs, slots.len());
        self.tags.resize(self.slots.bound(), 0);
        for (row, slot) in slots.iter().enumerate() {
            prefetch(&self.tags, *slot as usize);
            self.keys.put(*slot, &scratch.batch, row);
            self.tags[*slot as usize] = scratch.hashes[row] as u32;
            self.table.insert(scratch.hashes[row], *slot);
        }
        self.scratch.set(scratch);
    }

    pub(super) fn bytes(&self) -> usize {
        self.table.bytes() + self.keys.bytes() + self.tags.capacity() * 4 + self.slots.bytes()
    }
}
