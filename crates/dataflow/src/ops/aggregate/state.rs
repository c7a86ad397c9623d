//! The groups: their keys, how many rows each has, and what this epoch did to them.

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, SchemaRef};
use levada_base::Result;
use levada_state::KeyIndex;

/// What readers know of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Stage {
    /// There is none at this slot.
    #[default]
    Vacant,
    /// Readers do not know it: its window is open.
    Hidden,
    /// Its row, if it has one, is with the readers.
    Shown,
}

#[derive(Debug, Clone, Copy, Default)]
struct Group {
    /// Rows in the group; below zero where retractions came first.
    weight: i64,
    stage: Stage,
    /// Whether this epoch has a change for it.
    touched: bool,
}

/// All groups of a shard, by slot.
pub(super) struct Groups {
    index: KeyIndex,
    groups: Vec<Group>,
    /// The global aggregate has its row with no rows in it as well.
    is_global: bool,
    touched: Touched,
}

/// The groups that an epoch has changes for, in the order of their first one.
#[derive(Debug, Default)]
pub(super) struct Touched {
    pub all: Vec<u32>,
    /// Those that had no row when the epoch began, but are not hidden.
    pub rowless: Vec<u32>,
}

/// Groups that a batch is the first to touch in this epoch.
#[derive(Debug, Default)]
pub(super) struct FirstTouches {
    /// Groups whose row is with the readers.
    pub shown: Vec<u32>,
    /// New groups, with a row of the batch that belongs to them.
    pub made: Vec<(u32, usize)>,
}

impl Groups {
    fn new(key_types: &[(DataType, bool)]) -> Result<Self> {
        let index = KeyIndex::new(key_types)?;
        Ok(Self { index, groups: Vec::new(), is_global: key_types.is_empty(), touched: Touched::default() })
    }

    /// Groups by the columns `keys` of `input`.
    pub(super) fn over(input: &SchemaRef, keys: &[usize]) -> Result<Self> {
        let key_type = |&key: &usize| (input.field(key).data_type().clone(), input.field(key).is_nullable());
        Self::new(&keys.iter().map(key_type).collect::<Vec<_>>())
    }

    /// Finds or makes the groups of a batch of `rows` rows.
    pub(super) fn find(&mut self, keys: &[ArrayRef], rows: usize, slots: &mut Vec<u32>) -> Result<()> {
        self.index.upsert(keys, slots)?;
        if self.is_global {
            slots.resize(rows, slots[0]);
        }
        self.groups.resize(self.index.slot_bound().max(self.groups.len()), Group::default());
        Ok(())
    }

    /// Marks the groups of a batch as touched; new ones begin in `stage`.
    pub(super) fn touch(&mut self, slots: &[u32], stage: Stage) -> FirstTouches {
        let mut first = FirstTouches::default();
        for (row, &slot) in slots.iter().enumerate() {
            let group = &mut self.groups[slot as usize];
            if group.touched {
                continue;
            }
            group.touched = true;
            self.touched.all.push(slot);
            if group.stage == Stage::Vacant {
                group.stage = stage;
                first.made.push((slot, row));
            }
            if group.stage == Stage::Shown {
                let has_row = self.is_global || group.weight > 0;
                if has_row { first.shown.push(slot) } else { self.touched.rowless.push(slot) }
            }
        }
        first
    }

    /// Adds the weights of a batch.
    pub(super) fn add(&mut self, slots: &[u32], weights: Option<&[i64]>) {
        match weights {
            None => slots.iter().for_each(|&slot| self.groups[slot as usize].weight += 1),
            Some(weights) => {
                slots.iter().zip(weights).for_each(|(&slot, weight)| self.groups[slot as usize].weight += weight);
            }
        }
    }

    /// Counts what is there once, however often it is there: a bug that a test plants.
    pub(super) fn forget_copies(&mut self, slots: &[u32]) {
        slots.iter().for_each(|&slot| self.groups[slot as usize].weight = self.groups[slot as usize].weight.min(1));
    }

    /// The groups touched since the last call, which are no longer marked.
    pub(super) fn take_touched(&mut self) -> Touched {
        let touched = std::mem::take(&mut self.touched);
        touched.all.iter().for_each(|&slot| self.groups[slot as usize].touched = false);
        touched
    }

    /// Whether the group has a row.
    pub(super) fn is_live(&self, slot: u32) -> bool {
        self.is_global || self.groups[slot as usize].weight > 0
    }

    /// Whether nothing speaks for keeping it.
    pub(super) fn is_void(&self, slot: u32) -> bool {
        !self.is_global && self.groups[slot as usize].weight == 0
    }

    pub(super) fn weight(&self, slot: u32) -> i64 {
        self.groups[slot as usize].weight
    }

    pub(super) fn stage(&self, slot: u32) -> Stage {
        self.groups[slot as usize].stage
    }

    pub(super) fn show(&mut self, slot: u32) {
        self.groups[slot as usize].stage = Stage::Shown;
    }

    /// Forgets a group; its slot may come back as another.
    pub(super) fn forget(&mut self, slot: u32) {
        self.groups[slot as usize] = Group::default();
        self.index.remove(slot);
    }

    /// The key columns of `slots`; none for the global group.
    pub(super) fn keys(&self, slots: &[u32]) -> Result<Vec<ArrayRef>> {
        if self.is_global { Ok(Vec::new()) } else { self.index.keys(slots) }
    }

    /// One more than the highest slot.
    pub(super) fn bound(&self) -> usize {
        self.groups.len()
    }

    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.index.bytes() + self.groups.capacity() * size_of::<Group>()
    }
}
