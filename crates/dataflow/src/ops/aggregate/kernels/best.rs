//! min, max, first_value and last_value where nothing is retracted: the smallest or the largest key of each group is enough.

use std::borrow::Borrow;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use levada_base::{Error, Result};

use super::order_keys::{KeyFormat, Keys};
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
    pub(super) fn extreme(family: Family, data_type: &DataType) -> Result<Self> {
        Ok(Self::new(KeyFormat::of_value(data_type)?, family == Family::Largest))
    }

    /// The value of the first or last row in `order`; `types` are the value's and those of the order's columns.
    pub(super) fn ordered(family: Family, types: &[DataType], order: &[SortColumn]) -> Result<Self> {
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
}

/// Puts `key` in the place of what is held, if it is better.
#[inline]
fn improve<Q: Ord + ?Sized, K: Borrow<Q>>(held: &mut Option<K>, key: &Q, largest: bool, keep: impl FnOnce(&Q) -> K) {
    let is_better = match held {
        None => true,
        Some(held) if largest => key > (*held).borrow(),
        Some(held) => key < (*held).borrow(),
    };
    if is_better {
        *held = Some(keep(key));
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
        let largest = self.largest;
        match (&mut self.groups, self.format.keys(changes.columns)?) {
            (Groups::Words(groups), Keys::Words(keys)) => changes.for_each(&keys, |slot, key, weight| {
                if weight > 0 {
                    improve(&mut groups[slot], &key, largest, |key| *key);
                }
            }),
            (Groups::Wide(groups), Keys::Wide(keys)) => changes.for_each(&keys, |slot, key, weight| {
                if weight > 0 {
                    improve(&mut groups[slot], &key, largest, |key| *key);
                }
            }),
            (Groups::Bytes(groups), Keys::Bytes(keys)) => {
                let mut keys = keys.iter().flatten();
                changes.for_each_row(|slot, weight| {
                    if let (Some(key), true) = (keys.next(), weight > 0) {
                        improve(&mut groups[slot], key, largest, |key| Box::from(key));
                    }
                });
            }
            _ => return Err(Error::internal("keys of another format")),
        }
        Ok(())
    }

    fn values(&self, _call: &AggregateCall, slots: &[u32]) -> Result<ArrayRef> {
        match &self.groups {
            Groups::Words(groups) => self.format.values_of_words(slots.iter().map(|&slot| groups[slot as usize])),
            Groups::Wide(groups) => self.format.values_of_wide(slots.iter().map(|&slot| groups[slot as usize])),
            Groups::Bytes(groups) => self.format.values_of_bytes(slots.iter().map(|&slot| groups[slot as usize].as_deref())),
        }
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
