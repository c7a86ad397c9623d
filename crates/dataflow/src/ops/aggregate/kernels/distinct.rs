//! DISTINCT: hands each distinct value of a group on once, when its first copy comes, and takes it back with its last.

use std::sync::Arc;

use arrow::array::{ArrayRef, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::DataType;
use levada_base::{Error, Result};
use levada_state::{KeyIndex, NO_SLOT};

use super::{AggregateCall, Changes, Kernel};
use crate::planted::{self, Bug};

pub(super) struct Distinct {
    /// (group, values) → entry.
    index: KeyIndex,
    entries: Vec<Entry>,
    /// The first entry of each group.
    heads: Vec<u32>,
    inner: Box<dyn Kernel>,
    found: Vec<u32>,
}

/// A distinct value of a group; the entries of a group are a chain, so that a closed group can be forgotten.
#[derive(Clone, Copy)]
struct Entry {
    copies: i64,
    group: u32,
    next: u32,
    previous: u32,
}

const NO_ENTRY: Entry = Entry { copies: 0, group: NO_SLOT, next: NO_SLOT, previous: NO_SLOT };

impl Distinct {
    pub(super) fn new(types: &[DataType], inner: Box<dyn Kernel>) -> Result<Self> {
        let keys: Vec<(DataType, bool)> = std::iter::once((DataType::UInt32, false))
            .chain(types.iter().map(|data_type| (data_type.clone(), false)))
            .collect();
        Ok(Self { index: KeyIndex::new(&keys)?, entries: Vec::new(), heads: Vec::new(), inner, found: Vec::new() })
    }

    fn link(&mut self, entry: u32, group: u32) {
        let next = std::mem::replace(&mut self.heads[group as usize], entry);
        self.entries[entry as usize] = Entry { group, next, ..NO_ENTRY };
        if next != NO_SLOT {
            self.entries[next as usize].previous = entry;
        }
    }

    fn remove(&mut self, entry: u32) {
        let Entry { group, next, previous, .. } = std::mem::replace(&mut self.entries[entry as usize], NO_ENTRY);
        match previous {
            NO_SLOT => self.heads[group as usize] = next,
            _ => self.entries[previous as usize].next = next,
        }
        if next != NO_SLOT {
            self.entries[next as usize].previous = previous;
        }
        self.index.remove(entry);
    }

    /// Counts the copies; gives the rows where a value appeared or vanished, with +1 or -1.
    fn count(&mut self, changes: &Changes) -> (Vec<u32>, Vec<i64>) {
        let (mut rows, mut signs) = (Vec::new(), Vec::new());
        let ignores_weights = planted::has(Bug::DistinctIgnoresWeights);
        for row in 0..changes.slots.len() {
            let at = self.found[row];
            if self.entries[at as usize].group == NO_SLOT {
                self.link(at, changes.slots[row]);
            }
            let entry = &mut self.entries[at as usize];
            let was_there = entry.copies > 0;
            entry.copies += changes.weight(row);
            if ignores_weights {
                entry.copies = entry.copies.min(1);
            }
            if was_there != (entry.copies > 0) {
                rows.push(row as u32);
                signs.push(if was_there { -1 } else { 1 });
            }
        }
        (rows, signs)
    }
}

impl Kernel for Distinct {
    fn reserve(&mut self, bound: usize) {
        self.heads.resize(bound.max(self.heads.len()), NO_SLOT);
        self.inner.reserve(bound);
    }

    fn update(&mut self, changes: &Changes) -> Result<()> {
        let mut keys: Vec<ArrayRef> = vec![Arc::new(UInt32Array::from(changes.slots.to_vec()))];
        keys.extend_from_slice(changes.columns);
        self.index.upsert(&keys, &mut self.found)?;
        self.entries.resize(self.index.slot_bound().max(self.entries.len()), NO_ENTRY);
        let (rows, signs) = self.count(changes);
        for at in 0..self.found.len() {
            let entry = self.found[at];
            if self.entries[entry as usize].copies == 0 && self.index.contains(entry) {
                self.remove(entry);
            }
        }
        let slots: Vec<u32> = rows.iter().map(|&row| changes.slots[row as usize]).collect();
        let rows = UInt32Array::from(rows);
        let columns = changes.columns.iter().map(|column| take(column, &rows, None)).collect::<Result<Vec<_>, _>>();
        let columns = columns.map_err(|cause| Error::internal(format!("distinct: {cause}")))?;
        let weights = signs.iter().any(|&sign| sign < 0).then_some(signs.as_slice());
        self.inner.update(&Changes { slots: &slots, weights, columns: &columns })
    }

    fn values(&self, call: &AggregateCall, slots: &[u32]) -> Result<ArrayRef> {
        self.inner.values(call, slots)
    }

    fn clear(&mut self, slots: &[u32]) {
        for &slot in slots {
            while self.heads[slot as usize] != NO_SLOT {
                self.remove(self.heads[slot as usize]);
            }
        }
        self.inner.clear(slots);
    }

    fn rows(&self) -> usize {
        self.index.len() + self.inner.rows()
    }

    fn bytes(&self) -> usize {
        let own =
            self.entries.capacity() * size_of::<Entry>() + (self.heads.capacity() + self.found.capacity()) * size_of::<u32>();
        own + self.index.bytes() + self.inner.bytes()
    }
}
