//! Adding a batch of weights to a multimap: appending rows, or merging them with their equals.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use levada_base::{Error, Result};

use super::row_index::{RowIndex, entry_hash};
use super::{EntryLog, MultiMap, Scratch};
use crate::prefetch::PREFETCH_ROWS;
use crate::row_store::OpenRows;
use crate::snapshot::SNAPSHOT_BATCH_ROWS;

impl MultiMap {
    /// Adds the weights (+1 each if `None`) to the rows of `batch`, whose keys are `keys`.
    ///
    /// # Errors
    /// As for [`KeyIndex::upsert`] and [`RowStore::insert`].
    pub fn apply(&mut self, keys: &[ArrayRef], batch: &RecordBatch, weights: Option<&[i64]>) -> Result<()> {
        let mut scratch = std::mem::take(&mut self.scratch);
        let result = self.apply_with(keys, batch, weights, &mut scratch);
        self.scratch = scratch;
        result
    }

    fn apply_with(
        &mut self,
        keys: &[ArrayRef],
        batch: &RecordBatch,
        weights: Option<&[i64]>,
        scratch: &mut Scratch,
    ) -> Result<()> {
        self.log.iter_mut().for_each(EntryLog::clear);
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.keys.upsert(keys, &mut scratch.keys)?;
        if keys.is_empty() {
            scratch.keys.resize(batch.num_rows(), scratch.keys[0]);
        }
        self.totals.grow(self.keys.slot_bound(), 0);
        let opened = self.rows.open(batch)?;
        let weights = weights.filter(|weights| weights.iter().any(|weight| *weight != 1));
        if weights.is_none() && self.by_row.is_none() {
            return self.append(&opened, scratch);
        }
        self.index_rows()?;
        self.merge(&opened, weights, scratch)?;
        self.drop_empty_keys(&scratch.keys);
        Ok(())
    }

    fn append(&mut self, opened: &OpenRows, scratch: &mut Scratch) -> Result<()> {
        self.rows.insert_opened(opened, None, &mut scratch.slots)?;
        for (row, (slot, key)) in scratch.slots.iter().zip(&scratch.keys).enumerate() {
            self.link(*slot, *key, 1);
            self.log_change(row, *slot, 0, 1);
        }
        Ok(())
    }

    /// Makes a stored row an entry of its key.
    pub(super) fn link(&mut self, slot: u32, key: u32, weight: i64) {
        let place = self.lists.push(key, slot);
        self.entries.set(slot, key, place);
        self.entries.set_weight(slot, weight);
        self.totals[key as usize] += weight;
        if let Some(expiry) = &mut self.expiry
            && let Some(time) = self.rows.number(slot, expiry.column)
        {
            expiry.push(time, slot);
        }
    }

    /// Frees an entry, whatever its weight.
    pub(super) fn unlink(&mut self, slot: u32) {
        let (key, place) = (self.entries.key[slot as usize], self.entries.place[slot as usize]);
        if let Some(moved) = self.lists.swap_remove(key, place) {
            self.entries.place[moved as usize] = place;
        }
        self.totals[key as usize] -= self.entries.weight(slot);
        if let Some(by_row) = &mut self.by_row {
            by_row.remove(slot);
        }
        self.rows.remove(slot);
    }

    /// Builds the index over whole rows, merging rows that were appended several times.
    pub(super) fn index_rows(&mut self) -> Result<()> {
        if self.by_row.is_some() {
            return Ok(());
        }
        self.by_row = Some(RowIndex::default());
        let slots: Vec<u32> = self.rows.live_slots().collect();
        let mut hashes = Vec::new();
        for slots in slots.chunks(SNAPSHOT_BATCH_ROWS) {
            let options = RecordBatchOptions::new().with_row_count(Some(slots.len()));
            let columns = self.rows.gather(slots, None)?;
            let batch = RecordBatch::try_new_with_options(Arc::clone(self.rows.schema()), columns, &options);
            let batch = batch.map_err(|cause| Error::internal("stored rows could not be read").caused_by(cause))?;
            let opened = self.rows.open(&batch)?;
            opened.row_hashes(&mut hashes);
            for (row, slot) in slots.iter().enumerate() {
                let key = self.entries.key[*slot as usize];
                let hash = entry_hash(hashes[row], key);
                match self.find_entry(hash, key, &opened, row) {
                    Some(equal) => self.absorb(equal, *slot),
                    None => self.row_index().insert(hash, *slot),
                }
            }
        }
        Ok(())
    }

    /// Adds the weight of `slot`, which is not indexed yet, to its equal.
    fn absorb(&mut self, equal: u32, slot: u32) {
        let weight = self.entries.weight(slot);
        let index = self.by_row.take();
        self.unlink(slot);
        self.by_row = index;
        self.add_weight(equal, weight);
        if let Some(log) = &mut self.log {
            log.merge(slot, equal);
        }
    }

    fn row_index(&mut self) -> &mut RowIndex {
        self.by_row.get_or_insert_default()
    }

    fn find_entry(&self, hash: u64, key: u32, opened: &OpenRows, row: usize) -> Option<u32> {
        let is_equal = |slot: u32| self.entries.key[slot as usize] == key && self.rows.eq_row(slot, opened, row);
        self.by_row.as_ref()?.table.find(hash, is_equal)
    }

    /// Adds weights to equal rows, storing what has none.
    fn merge(&mut self, opened: &OpenRows, weights: Option<&[i64]>, scratch: &mut Scratch) -> Result<()> {
        self.store_unknown(opened, scratch)?;
        let mut stored = scratch.picks.iter().copied().zip(scratch.slots.iter().copied()).peekable();
        for row in 0..scratch.keys.len() {
            let slot = stored.next_if(|(picked, _)| *picked as usize == row).map(|(_, slot)| slot);
            let weight = weights.map_or(1, |weights| weights[row]);
            let (hash, key) = (scratch.hashes[row], scratch.keys[row]);
            let entry = self.find_entry(hash, key, opened, row);
            if entry.is_some() || weight == 0 {
                slot.into_iter().for_each(|slot| self.rows.remove(slot));
            }
            match (entry, weight) {
                (_, 0) => {}
                (Some(entry), _) => {
                    let before = self.entries.weight(entry);
                    self.add_weight(entry, weight);
                    self.log_change(row, entry, before, before + weight);
                }
                (None, _) => {
                    let slot = slot.map_or_else(|| self.store_one(opened, row), Ok)?;
                    self.link(slot, key, weight);
                    self.row_index().insert(hash, slot);
                    self.log_change(row, slot, 0, weight);
                }
            }
        }
        Ok(())
    }

    fn log_change(&mut self, row: usize, slot: u32, before: i64, after: i64) {
        if let Some(log) = &mut self.log {
            log.change(row, slot, before, after);
        }
    }

    /// Stores, all at once, the rows that have no equal yet: `picks` of the batch, in `slots`.
    fn store_unknown(&mut self, opened: &OpenRows, scratch: &mut Scratch) -> Result<()> {
        opened.row_hashes(&mut scratch.hashes);
        for (hash, key) in scratch.hashes.iter_mut().zip(&scratch.keys) {
            *hash = entry_hash(*hash, *key);
        }
        scratch.picks.clear();
        for (chunk, hashes) in scratch.hashes.chunks(PREFETCH_ROWS).enumerate() {
            if let Some(by_row) = &self.by_row {
                hashes.iter().for_each(|hash| by_row.table.prefetch(*hash));
            }
            let first = chunk * PREFETCH_ROWS;
            let is_unknown = |row: &usize| self.find_entry(hashes[row - first], scratch.keys[*row], opened, *row).is_none();
            scratch.picks.extend((first..first + hashes.len()).filter(is_unknown).map(|row| row as u32));
        }
        self.rows.insert_opened(opened, Some(&scratch.picks), &mut scratch.slots)
    }

    /// Stores a row whose equal went away after `store_unknown` had seen it.
    fn store_one(&mut self, opened: &OpenRows, row: usize) -> Result<u32> {
        let mut slots = Vec::with_capacity(1);
        self.rows.insert_opened(opened, Some(&[row as u32]), &mut slots)?;
        slots.first().copied().ok_or_else(|| Error::internal("a stored row has no slot"))
    }

    fn add_weight(&mut self, slot: u32, weight: i64) {
        let sum = self.entries.weight(slot) + weight;
        if sum == 0 {
            self.unlink(slot);
        } else {
            self.totals[self.entries.key[slot as usize] as usize] += weight;
            self.entries.set_weight(slot, sum);
        }
    }

    /// Forgets those of the keys that have no rows. Only after a batch: until then its rows refer to them.
    fn drop_empty_keys(&mut self, keys: &[u32]) {
        for key in keys {
            if self.lists.get(*key).is_empty() {
                self.keys.remove(*key);
            }
        }
    }
}
