//! The first rows of every partition and no others: enough where rows are only appended, since one that is not among the first now
//! never will be.
//!
//! Most rows are turned away by one comparison of numbers. A row of a batch that is overtaken by a later row of the same batch is
//! never stored.

use std::cmp::Ordering;

use arrow::datatypes::SchemaRef;
use levada_base::{Error, Result, codes};
use levada_delta::DeltaBatch;
use levada_state::{OpenRows, RowStore, SortColumn};

use super::TopNSpec;
use super::lists::{BoundedLists, Entry};
use super::places::{Cut, Place, difference};
use super::state::{Partitions, total_order};

/// The partition's list before the epoch is in the stash.
const STASHED: u8 = 1;
/// The partition's list has rows of the batch at hand.
const HAS_NEW: u8 = 2;

/// The first rows by partition.
pub(super) struct KeptRows {
    partitions: Partitions,
    sort: Vec<SortColumn>,
    cut: Cut,
    rows: RowStore,
    lists: BoundedLists,
    /// By partition.
    flags: Vec<u8>,
    stash: Stash,
    /// By slot of the row: whether it was there when the epoch began, so that it may be in the output.
    old: Vec<bool>,
    /// Rows stored in this epoch.
    fresh: Vec<u32>,
    /// Old rows that are in no list any more.
    overtaken: Vec<u32>,
    scratch: Scratch,
}

/// The lists of the epoch's partitions as they were before.
#[derive(Default)]
struct Stash {
    /// Partition, and where its rows end in `slots`.
    ends: Vec<(u32, usize)>,
    slots: Vec<u32>,
}

/// Buffers, kept for the next batch.
#[derive(Default)]
struct Scratch {
    partitions: Vec<u32>,
    prefixes: Vec<u64>,
    /// Partitions that have rows of the batch.
    entered: Vec<u32>,
    picked: Vec<u32>,
    slots: Vec<u32>,
    before: Vec<Place>,
    now: Vec<Place>,
}

impl KeptRows {
    /// For a spec whose `skip + limit` is `kept`, at least 1.
    pub(super) fn new(spec: &TopNSpec, schema: &SchemaRef, kept: usize) -> Result<Self> {
        Ok(Self {
            partitions: Partitions::new(&spec.partition, schema)?,
            sort: total_order(spec, schema),
            cut: Cut::new(spec.skip, spec.limit, spec.row_number),
            rows: RowStore::new(schema.clone())?,
            lists: BoundedLists::new(kept),
            flags: Vec::new(),
            stash: Stash::default(),
            old: Vec::new(),
            fresh: Vec::new(),
            overtaken: Vec::new(),
            scratch: Scratch::default(),
        })
    }

    /// Takes the rows of a batch.
    pub(super) fn take(&mut self, delta: &DeltaBatch) -> Result<()> {
        let mut scratch = std::mem::take(&mut self.scratch);
        let bound = self.partitions.of(delta, &mut scratch.partitions)?;
        self.lists.grow(bound);
        self.flags.resize(bound.max(self.flags.len()), 0);
        let opened = self.rows.open(delta.batch())?;
        scratch.prefixes.clear();
        match self.sort.first() {
            Some(&first) => opened.order_prefixes(first, &mut scratch.prefixes),
            // Rows without columns are all equal.
            None => scratch.prefixes.resize(delta.num_rows(), 0),
        }
        scratch.entered.clear();
        for (row, (&partition, &prefix)) in scratch.partitions.iter().zip(&scratch.prefixes).enumerate() {
            let entry = Entry { prefix, row: row as u32, is_new: true };
            // A row of weight k is k rows; more of them than a list has room for have no place either.
            for _ in 0..copies(delta.weight(row))? {
                if !self.offer(partition, entry, &opened, &mut scratch.entered) {
                    break;
                }
            }
        }
        self.store(&opened, &mut scratch)?;
        self.scratch = scratch;
        Ok(())
    }

    /// Puts a row of the batch into its partition's list, or says that it has no place there.
    fn offer(&mut self, partition: u32, entry: Entry, opened: &OpenRows, entered: &mut Vec<u32>) -> bool {
        let compare = |other: &Entry| self.compare(other, &entry, opened);
        if self.lists.last_of_full(partition).is_some_and(|last| compare(&last) != Ordering::Greater) {
            return false;
        }
        let list = self.lists.get(partition);
        let at = list.partition_point(|other| compare(other) != Ordering::Greater);
        // Equal rows are one stored row with several entries, which lie side by side.
        let equal = list[..at].last().filter(|other| compare(other).is_eq());
        let entry = equal.copied().unwrap_or(entry);
        let flags = &mut self.flags[partition as usize];
        if *flags & STASHED == 0 {
            self.stash.slots.extend(self.lists.get(partition).iter().map(|entry| entry.row));
            self.stash.ends.push((partition, self.stash.slots.len()));
        }
        if *flags & HAS_NEW == 0 {
            entered.push(partition);
        }
        *flags |= STASHED | HAS_NEW;
        if let Some(evicted) = self.lists.insert(partition, at, entry)
            && !evicted.is_new
            && self.lists.get(partition).last() != Some(&evicted)
        {
            self.retire(evicted.row);
        }
        true
    }

    #[inline]
    fn compare(&self, other: &Entry, entry: &Entry, opened: &OpenRows) -> Ordering {
        other.prefix.cmp(&entry.prefix).then_with(|| match other.is_new {
            true => opened.compare(other.row as usize, entry.row as usize, &self.sort),
            false => self.rows.compare_row(other.row, opened, entry.row as usize, &self.sort),
        })
    }

    /// Forgets a stored row; at once if nobody has seen it.
    fn retire(&mut self, slot: u32) {
        if self.old[slot as usize] {
            self.overtaken.push(slot);
        } else {
            self.rows.remove(slot);
        }
    }

    /// Stores those rows of the batch that are still in a list.
    fn store(&mut self, opened: &OpenRows, scratch: &mut Scratch) -> Result<()> {
        scratch.picked.clear();
        for &partition in &scratch.entered {
            let new = self.lists.get(partition).iter().filter(|entry| entry.is_new).map(|entry| entry.row);
            let start = scratch.picked.len();
            scratch.picked.extend(new);
            dedup_from(&mut scratch.picked, start);
        }
        self.rows.insert_opened(opened, Some(&scratch.picked), &mut scratch.slots)?;
        self.old.resize(self.rows.slot_bound(), false);
        let mut stored = scratch.picked.iter().zip(&scratch.slots);
        for &partition in &scratch.entered {
            self.flags[partition as usize] &= !HAS_NEW;
            let mut last = None;
            for entry in self.lists.get_mut(partition).iter_mut().filter(|entry| entry.is_new) {
                if last.is_none_or(|(picked, _)| picked != entry.row) {
                    last = stored.next().map(|(&picked, &slot)| (picked, slot));
                }
                if let Some((_, slot)) = last {
                    *entry = Entry { row: slot, is_new: false, ..*entry };
                }
            }
        }
        for &slot in &scratch.slots {
            self.old[slot as usize] = false;
        }
        self.fresh.extend_from_slice(&scratch.slots);
        Ok(())
    }

    /// Appends what the epoch changes in the output.
    pub(super) fn settle(&mut self, changes: &mut Vec<Place>) {
        let Scratch { before, now, .. } = &mut self.scratch;
        let mut start = 0;
        for &(partition, end) in &self.stash.ends {
            self.cut.places(self.stash.slots[start..end].iter().map(|&slot| (slot, 1)), before);
            self.cut.places(self.lists.get(partition).iter().map(|entry| (entry.row, 1)), now);
            difference(before, now, changes);
            start = end;
        }
    }

    /// Forgets the rows that were overtaken.
    pub(super) fn end_epoch(&mut self) {
        self.stash.ends.drain(..).for_each(|(partition, _)| self.flags[partition as usize] = 0);
        self.stash.slots.clear();
        self.overtaken.drain(..).for_each(|slot| self.rows.remove(slot));
        self.fresh.drain(..).for_each(|slot| self.old[slot as usize] = true);
    }

    pub(super) fn rows(&self) -> &RowStore {
        &self.rows
    }

    pub(super) fn bytes(&self) -> usize {
        self.partitions.bytes() + self.rows.bytes() + self.lists.bytes() + self.flags.capacity() + self.old.capacity()
    }
}

/// Leaves one of several equal neighbours from `start` on.
fn dedup_from(rows: &mut Vec<u32>, start: usize) {
    let mut kept = start;
    for at in start..rows.len() {
        if at == start || rows[at] != rows[kept - 1] {
            rows[kept] = rows[at];
            kept += 1;
        }
    }
    rows.truncate(kept);
}

/// How many rows a row of this weight is.
fn copies(weight: i64) -> Result<u64> {
    u64::try_from(weight).map_err(|_| {
        Error::new(codes::LV_S612, "a row was retracted from an input that was said to be append-only")
            .with_reason("the rows that would take its place have been forgotten")
            .with_hint("declare the key or the change feed of the input")
    })
}
