//! [`OrderedBag`]: per group, the values of a column with their weights, in order: min, max and what else needs the values
//! themselves, on input that changes.
//!
//! Not here: append-only input, for which one value per group is enough.

mod bag;
mod key;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, UInt32Array};
use arrow::datatypes::{DataType, Int64Type};
use levada_base::{Error, Result};

use self::bag::Bag;
use self::key::OrderKey;
use crate::column::ColumnKind;
use crate::prefetch::prefetch;
use crate::snapshot::{SNAPSHOT_BATCH_ROWS, slots_of};

/// Groups ahead of the one at hand whose memory is asked for.
const PREFETCH_AHEAD: usize = 16;

/// An ordered multiset of values per group slot. NULLs are not kept; all NaN are one value above +∞, and −0.0 is 0.0.
pub struct OrderedBag {
    data_type: DataType,
    kind: ColumnKind,
    groups: Groups,
}

/// The bags by group slot, in the form of the values.
enum Groups {
    Narrow(Vec<Bag<u64>>),
    Wide(Vec<Bag<u128>>),
    Bytes(Vec<Bag<Box<[u8]>>>),
}

macro_rules! with_groups {
    ($any:expr, $groups:ident => $body:expr) => {
        match $any {
            Groups::Narrow($groups) => $body,
            Groups::Wide($groups) => $body,
            Groups::Bytes($groups) => $body,
        }
    };
}

impl OrderedBag {
    /// An empty bag for every group, for values of `data_type`.
    ///
    /// # Errors
    /// `LV-S405` if the type can't be compared.
    pub fn new(data_type: &DataType) -> Result<Self> {
        let kind = ColumnKind::of_key(data_type)?;
        let groups = match &kind {
            ColumnKind::Fixed(kind) if kind.words() == 1 => Groups::Narrow(Vec::new()),
            ColumnKind::Fixed(_) => Groups::Wide(Vec::new()),
            ColumnKind::Bytes | ColumnKind::Encoded(_) => Groups::Bytes(Vec::new()),
        };
        Ok(Self { data_type: data_type.clone(), kind, groups })
    }

    /// Adds each value to the bag of its row's slot with its weight (+1 if `None`); a NULL adds nothing.
    ///
    /// # Errors
    /// `LV-S999` if the values are of another type, or fewer or more than the slots.
    pub fn add(&mut self, slots: &[u32], values: &ArrayRef, weights: Option<&[i64]>) -> Result<()> {
        if slots.len() != values.len() || weights.is_some_and(|weights| weights.len() != values.len()) {
            return Err(Error::internal(format!("{} values for {} groups", values.len(), slots.len())));
        }
        let input = self.kind.open(values)?;
        with_groups!(&mut self.groups, groups => {
            let bound = slots.iter().max().map_or(0, |slot| *slot as usize + 1);
            groups.resize(bound.max(groups.len()), Bag::Empty);
            OrderKey::read(&input, |row, key| {
                if let Some(ahead) = slots.get(row + PREFETCH_AHEAD) {
                    prefetch(groups, *ahead as usize);
                }
                groups[slots[row] as usize].add(key, weights.map_or(1, |weights| weights[row]));
            });
        });
        Ok(())
    }

    /// The least value of each group; NULL for a group without values.
    ///
    /// # Errors
    /// `LV-S999` if the array can't be built, which is a defect.
    pub fn min(&self, slots: &[u32]) -> Result<ArrayRef> {
        with_groups!(&self.groups, groups => {
            let keys: Vec<_> = slots.iter().map(|slot| groups.get(*slot as usize)?.first()).collect();
            OrderKey::array(&self.kind, &self.data_type, &keys)
        })
    }

    /// The greatest value of each group; NULL for a group without values.
    ///
    /// # Errors
    /// `LV-S999` if the array can't be built, which is a defect.
    pub fn max(&self, slots: &[u32]) -> Result<ArrayRef> {
        with_groups!(&self.groups, groups => {
            let keys: Vec<_> = slots.iter().map(|slot| groups.get(*slot as usize)?.last()).collect();
            OrderKey::array(&self.kind, &self.data_type, &keys)
        })
    }

    /// The values of one group, ascending, with their weights; a negative weight is a retraction whose insertion is still to come.
    ///
    /// # Errors
    /// `LV-S999` if the array can't be built, which is a defect.
    pub fn entries(&self, slot: u32) -> Result<(ArrayRef, Vec<i64>)> {
        with_groups!(&self.groups, groups => {
            let entries = groups.get(slot as usize).into_iter().flat_map(Bag::iter);
            let (keys, weights): (Vec<_>, Vec<i64>) = entries.map(|(key, weight)| (Some(key), weight)).unzip();
            Ok((OrderKey::array(&self.kind, &self.data_type, &keys)?, weights))
        })
    }

    /// Empties the bag of a slot, for the next group that gets it.
    pub fn reset(&mut self, slot: u32) {
        with_groups!(&mut self.groups, groups => {
            if let Some(bag) = groups.get_mut(slot as usize) {
                *bag = Bag::Empty;
            }
        });
    }

    /// Memory held, in bytes. Looks at every group.
    #[must_use]
    pub fn bytes(&self) -> usize {
        with_groups!(&self.groups, groups => {
            let keys = groups.iter().flat_map(Bag::iter).map(|(key, _)| key.heap_bytes()).sum::<usize>();
            keys + groups.iter().map(Bag::heap_bytes).sum::<usize>() + std::mem::size_of_val(groups.as_slice())
        })
    }

    /// Every value, as batches of `slot`, `value` and `weight`, ordered by slot and value.
    ///
    /// # Errors
    /// `LV-S999` if a batch can't be built, which is a defect.
    pub fn snapshot(&self) -> Result<Vec<RecordBatch>> {
        with_groups!(&self.groups, groups => {
            let entries = |(slot, bag)| Bag::iter(bag).map(move |(key, weight)| (slot as u32, Some(key), weight));
            let entries: Vec<_> = groups.iter().enumerate().flat_map(entries).collect();
            let batch = |entries: &[(u32, Option<_>, i64)]| {
                let keys: Vec<_> = entries.iter().map(|entry| entry.1).collect();
                let values = OrderKey::array(&self.kind, &self.data_type, &keys)?;
                snapshot_batch(entries.iter().map(|entry| (entry.0, entry.2)), values)
            };
            entries.chunks(SNAPSHOT_BATCH_ROWS).map(batch).collect()
        })
    }

    /// The bags that `snapshot` wrote, for the same type.
    ///
    /// # Errors
    /// As for [`Self::new`]; `LV-S999` if the batches are not such a snapshot.
    pub fn restore(data_type: &DataType, batches: &[RecordBatch]) -> Result<Self> {
        let foreign = || Error::internal("a snapshot of something else where a bag of values was expected");
        let mut restored = Self::new(data_type)?;
        for batch in batches {
            let column = |name: &str| batch.column_by_name(name).ok_or_else(foreign);
            let weights = column("weight")?.as_primitive_opt::<Int64Type>().ok_or_else(foreign)?;
            restored.add(&slots_of(batch)?, column("value")?, Some(weights.values()))?;
        }
        Ok(restored)
    }
}

fn snapshot_batch(entries: impl Iterator<Item = (u32, i64)>, values: ArrayRef) -> Result<RecordBatch> {
    let (slots, weights): (Vec<u32>, Vec<i64>) = entries.unzip();
    let columns: [(&str, ArrayRef); 3] =
        [("slot", Arc::new(UInt32Array::from(slots))), ("value", values), ("weight", Arc::new(Int64Array::from(weights)))];
    RecordBatch::try_from_iter(columns)
        .map_err(|cause| Error::internal("a bag of values could not be written out").caused_by(cause))
}
