//! min, max, first_value and last_value where nothing is retracted: the smallest or the largest key of each group is enough.

use std::borrow::Borrow;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BinaryArray};
use arrow::compute::{filter, is_not_null};
use arrow::datatypes::DataType;
use levada_base::{Error, Result};

use super::order_keys::{KeyFormat, Keys, arrow_bug};
use super::{AggregateCall, Changes, Family, Kernel};
use crate::ops::SortColumn;

pub(super) struct Best {
    format: KeyFormat,
    largest: bool,
    groups: Groups,
}

/// The best key of each group, as it is kept.
enum Groups {
    Words(Vec<Option<u64>>),
    Wide(Vec<Option<u128>>),
    Bytes(Vec<Option<Box<[u8]>>>),
}

impl Best {
    /// The smallest or largest value.
    pub(super) fn of_value(family: Family, data_type: &DataType) -> Result<Self> {
        Ok(Self::new(KeyFormat::of_value(data_type)?, family == Family::Largest))
    }

    /// The value of the first or last row in `order`; `types` are the value's and those of the order's columns.
    pub(super) fn of_row(family: Family, types: &[DataType], order: &[SortColumn]) -> Result<Self> {
        Ok(Self::new(KeyFormat::of_ordered(types, order)?, family == Family::Last))
    }

    fn new(format: KeyFormat, largest: bool) -> Self {
        let groups = match format {
            KeyFormat::Word(_) => Groups::Words(Vec::new()),
            KeyFormat::Wide(_) => Groups::Wide(Vec::new()),
            KeyFormat::Bytes { .. } => Groups::Bytes(Vec::new()),
        };
        Self { format, largest, groups }
    }

    fn add(&mut self, changes: &Changes, keys: Keys) -> Result<()> {
        let largest = self.largest;
        match (&mut self.groups, keys) {
            (Groups::Words(groups), Keys::Words(keys)) => changes.for_each(&keys, |slot, key, weight| {
                if weight > 0 && is_better(&key, groups[slot].as_ref(), largest) {
                    groups[slot] = Some(key);
                }
            }),
            (Groups::Wide(groups), Keys::Wide(keys)) => changes.for_each(&keys, |slot, key, weight| {
                if weight > 0 && is_better(&key, groups[slot].as_ref(), largest) {
                    groups[slot] = Some(key);
                }
            }),
            (Groups::Bytes(groups), Keys::Bytes(keys)) => {
                let mut keys = keys.iter().flatten();
                changes.for_each_row(|slot, weight| {
                    let Some(key) = keys.next() else { return };
                    if weight > 0 && is_better(key, groups[slot].as_ref(), largest) {
                        keep_bytes(&mut groups[slot], key);
                    }
                });
            }
            _ => return Err(Error::internal("keys of another format")),
        }
        Ok(())
    }

    fn picks(&self, slots: &[u32]) -> Result<ArrayRef> {
        match &self.groups {
            Groups::Words(groups) => self.format.values_of_words(slots.iter().map(|&slot| groups[slot as usize])),
            Groups::Wide(groups) => self.format.values_of_wide(slots.iter().map(|&slot| groups[slot as usize])),
            Groups::Bytes(groups) => self.format.values_of_bytes(slots.iter().map(|&slot| groups[slot as usize].as_deref())),
        }
    }
}

/// Whether `key` is to take the place of what is held.
#[inline]
fn is_better<Q: Ord + ?Sized, K: Borrow<Q>>(key: &Q, held: Option<&K>, largest: bool) -> bool {
    match held {
        None => true,
        Some(held) if largest => key > held.borrow(),
        Some(held) => key < held.borrow(),
    }
}

/// Keeps a copy of `key`, in the memory of the one before where it fits.
fn keep_bytes(held: &mut Option<Box<[u8]>>, key: &[u8]) {
    match held {
        Some(held) if held.len() == key.len() => held.copy_from_slice(key),
        _ => *held = Some(key.into()),
    }
}

impl Kernel for Best {
    fn reserve(&mut self, bound: usize) {
        match &mut self.groups {
            Groups::Words(groups) => groups.resize(bound.max(groups.len()), None),
            Groups::Wide(groups) => groups.resize(bound.max(groups.len()), None),
            Groups::Bytes(groups) => groups.resize(bound.max(groups.len()), None),
        }
    }

    fn update(&mut self, changes: &Changes) -> Result<()> {
        let keys = self.format.keys(changes.columns)?;
        self.add(changes, keys)
    }

    fn values(&self, _call: &AggregateCall, slots: &[u32]) -> Result<ArrayRef> {
        self.picks(slots)
    }

    fn part_types(&self) -> Option<Vec<DataType>> {
        // A key of bytes has its order columns inside: it is handed on as it is.
        Some(vec![match &self.format {
            KeyFormat::Word(data_type) | KeyFormat::Wide(data_type) => data_type.clone(),
            KeyFormat::Bytes { .. } => DataType::Binary,
        }])
    }

    fn parts(&self, slots: &[u32]) -> Result<Vec<ArrayRef>> {
        Ok(vec![match &self.groups {
            Groups::Words(_) | Groups::Wide(_) => self.picks(slots)?,
            Groups::Bytes(groups) => {
                Arc::new(slots.iter().map(|&slot| groups[slot as usize].as_deref()).collect::<BinaryArray>())
            }
        }])
    }

    fn merge(&mut self, slots: &[u32], parts: &[ArrayRef]) -> Result<()> {
        let has_value = is_not_null(&parts[0]).map_err(arrow_bug)?;
        let slots: Vec<u32> = has_value.values().set_indices().map(|row| slots[row]).collect();
        let values = filter(&parts[0], &has_value).map_err(arrow_bug)?;
        let keys = match values.as_binary_opt::<i32>() {
            Some(keys) if matches!(self.groups, Groups::Bytes(_)) => Keys::Bytes(keys.clone()),
            _ => self.format.keys(std::slice::from_ref(&values))?,
        };
        self.add(&Changes { slots: &slots, weights: None, columns: &[] }, keys)
    }

    fn clear(&mut self, slots: &[u32]) {
        match &mut self.groups {
            Groups::Words(groups) => slots.iter().for_each(|&slot| groups[slot as usize] = None),
            Groups::Wide(groups) => slots.iter().for_each(|&slot| groups[slot as usize] = None),
            Groups::Bytes(groups) => slots.iter().for_each(|&slot| groups[slot as usize] = None),
        }
    }

    fn bytes(&self) -> usize {
        match &self.groups {
            Groups::Words(groups) => groups.capacity() * size_of::<Option<u64>>(),
            Groups::Wide(groups) => groups.capacity() * size_of::<Option<u128>>(),
            Groups::Bytes(groups) => {
                let heap: usize = groups.iter().flatten().map(|key| key.len()).sum();
                heap + groups.capacity() * size_of::<Option<Box<[u8]>>>()
            }
        }
    }
}
