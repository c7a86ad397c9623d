//! All rows of every partition in order: what changing input needs, since any row may move up when another goes.

use std::cmp::Ordering;

use arrow::datatypes::SchemaRef;
use levada_base::Result;
use levada_delta::DeltaBatch;
use levada_state::{RowStore, SortColumn};

use super::TopNSpec;
use super::blocks::Blocks;
use super::places::{Cut, Place, difference};
use super::state::{Partitions, total_order};

/// One partition.
#[derive(Default)]
struct Partition {
    /// Its rows in order, also those of a weight that is 0 or negative for the moment.
    rows: Blocks,
    /// What it has in the output.
    shown: Vec<Place>,
    /// The last row that takes a place, if the places are all taken: nothing after it matters.
    last: Option<u32>,
    touched: bool,
}

/// All rows, in order by partition.
pub(super) struct OrderedRows {
    partitions: Partitions,
    sort: Vec<SortColumn>,
    cut: Cut,
    rows: RowStore,
    /// By slot of the row.
    weights: Vec<i64>,
    lists: Vec<Partition>,
    touched: Vec<u32>,
    /// Partition and slot of rows whose weight was 0 at some time in this epoch.
    zeroed: Vec<(u32, u32)>,
    scratch: Scratch,
}

/// Buffers, kept for the next batch.
#[derive(Default)]
struct Scratch {
    partitions: Vec<u32>,
    slots: Vec<u32>,
    places: Vec<Place>,
}

impl OrderedRows {
    pub(super) fn new(spec: &TopNSpec, schema: &SchemaRef) -> Result<Self> {
        Ok(Self {
            partitions: Partitions::new(&spec.partition, schema)?,
            sort: total_order(spec, schema),
            cut: Cut::new(spec.skip, spec.limit, spec.row_number),
            rows: RowStore::new(schema.clone())?,
            weights: Vec::new(),
            lists: Vec::new(),
            touched: Vec::new(),
            zeroed: Vec::new(),
            scratch: Scratch::default(),
        })
    }

    /// Adds the weights of a batch to its rows.
    pub(super) fn take(&mut self, delta: &DeltaBatch) -> Result<()> {
        let mut scratch = std::mem::take(&mut self.scratch);
        let bound = self.partitions.of(delta, &mut scratch.partitions)?;
        self.lists.resize_with(bound.max(self.lists.len()), Partition::default);
        // All rows at once, since that is cheaper than one by one; those that are there already go again.
        self.rows.insert(delta.batch(), None, &mut scratch.slots)?;
        self.weights.resize(self.rows.slot_bound(), 0);
        for (row, (&partition, &slot)) in scratch.partitions.iter().zip(&scratch.slots).enumerate() {
            self.add(partition, slot, delta.weight(row));
        }
        self.scratch = scratch;
        Ok(())
    }

    /// Adds `weight` to the row that equals the new row in `slot`, or makes that one the row.
    fn add(&mut self, partition: u32, slot: u32, weight: i64) {
        let list = &mut self.lists[partition as usize];
        let rows = &self.rows;
        let compare = |other: u32| rows.compare(other, slot, &self.sort);
        let matters = !list.touched && list.last.is_none_or(|last| compare(last) != Ordering::Less);
        let known = match list.rows.find(compare) {
            Ok(known) => {
                self.rows.remove(slot);
                known
            }
            Err(position) => {
                list.rows.insert(position, slot);
                self.weights[slot as usize] = 0;
                slot
            }
        };
        let total = &mut self.weights[known as usize];
        *total = total.wrapping_add(weight);
        if *total == 0 {
            self.zeroed.push((partition, known));
        }
        if matters {
            list.touched = true;
            self.touched.push(partition);
        }
    }

    /// Appends what the epoch changes in the output.
    pub(super) fn settle(&mut self, changes: &mut Vec<Place>) {
        let now = &mut self.scratch.places;
        for partition in self.touched.drain(..) {
            let list = &mut self.lists[partition as usize];
            list.last = self.cut.places(list.rows.iter().map(|slot| (slot, self.weights[slot as usize])), now);
            difference(&list.shown, now, changes);
            list.shown.clear();
            list.shown.extend_from_slice(now);
            list.touched = false;
        }
    }

    /// Forgets the rows and partitions that are no more.
    pub(super) fn end_epoch(&mut self) {
        for (partition, slot) in self.zeroed.drain(..) {
            if !self.rows.contains(slot) || self.weights[slot as usize] != 0 {
                continue;
            }
            let list = &mut self.lists[partition as usize];
            let rows = &self.rows;
            list.rows.remove(|other| rows.compare(other, slot, &self.sort));
            self.rows.remove(slot);
            if list.rows.is_empty() {
                *list = Partition::default();
                self.partitions.remove(partition);
            }
        }
    }

    pub(super) fn rows(&self) -> &RowStore {
        &self.rows
    }

    pub(super) fn bytes(&self) -> usize {
        let lists: usize = self.lists.iter().map(|list| list.rows.bytes() + list.shown.capacity() * size_of::<Place>()).sum();
        self.partitions.bytes() + self.rows.bytes() + self.weights.capacity() * 8 + lists
    }
}
