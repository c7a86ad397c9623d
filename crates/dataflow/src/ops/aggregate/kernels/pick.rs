//! min, max, first_value and last_value: the row with the smallest or the largest key of each group.
//!
//! Where nothing is retracted one key a group is enough; otherwise all keys are kept, in order and with their counts.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use levada_base::{Error, Result};

use super::order_keys::{KeyFormat, Keys};
use super::{AggregateCall, Changes, Family, Kernel};
use crate::ops::SortColumn;

pub(super) struct Pick {
    format: KeyFormat,
    groups: AnyGroups,
}

enum AnyGroups {
    Words(Groups<u64>),
    Wide(Groups<u128>),
    Bytes(Groups<[u8]>),
}

macro_rules! with_groups {
    ($any:expr, $groups:ident => $body:expr) => {
        match $any {
            AnyGroups::Words($groups) => $body,
            AnyGroups::Wide($groups) => $body,
            AnyGroups::Bytes($groups) => $body,
        }
    };
}

impl Pick {
    /// The smallest or largest value.
    pub(super) fn extreme(family: Family, data_type: &DataType, append_only: bool) -> Result<Self> {
        Ok(Self::new(KeyFormat::of_value(data_type)?, family == Family::Largest, append_only))
    }

    /// The value of the first or last row in `order`; `types` are the value's and those of the order's columns.
    pub(super) fn ordered(family: Family, types: &[DataType], order: &[SortColumn], append_only: bool) -> Result<Self> {
        Ok(Self::new(KeyFormat::of_ordered(types, order)?, family == Family::Last, append_only))
    }

    fn new(format: KeyFormat, largest: bool, append_only: bool) -> Self {
        let groups = match format {
            KeyFormat::Word(_) => AnyGroups::Words(Groups::new(largest, append_only)),
            KeyFormat::Wide(_) => AnyGroups::Wide(Groups::new(largest, append_only)),
            KeyFormat::Bytes { .. } => AnyGroups::Bytes(Groups::new(largest, append_only)),
        };
        Self { format, groups }
    }
}

impl Kernel for Pick {
    fn reserve(&mut self, bound: usize) {
        with_groups!(&mut self.groups, groups => groups.reserve(bound));
    }

    fn update(&mut self, changes: &Changes) -> Result<()> {
        match (&mut self.groups, self.format.keys(changes.columns)?) {
            (AnyGroups::Words(groups), Keys::Words(keys)) => {
                changes.for_each(&keys, |slot, key, weight| groups.add(slot, &key, weight))
            }
            (AnyGroups::Wide(groups), Keys::Wide(keys)) => {
                changes.for_each(&keys, |slot, key, weight| groups.add(slot, &key, weight))
            }
            (AnyGroups::Bytes(groups), Keys::Bytes(keys)) => {
                let mut row = 0;
                changes.for_each_row(|slot, weight| {
                    groups.add(slot, keys.value(row), weight);
                    row += 1;
                });
            }
            _ => return Err(Error::internal("keys of another format")),
        }
        Ok(())
    }

    fn values(&self, _call: &AggregateCall, slots: &[u32]) -> Result<ArrayRef> {
        match &self.groups {
            AnyGroups::Words(groups) => self.format.values_of_words(&groups.picks(slots, |key| *key)),
            AnyGroups::Wide(groups) => self.format.values_of_wide(&groups.picks(slots, |key| *key)),
            AnyGroups::Bytes(groups) => self.format.values_of_bytes(&groups.picks(slots, |key| key)),
        }
    }

    fn clear(&mut self, slots: &[u32]) {
        with_groups!(&mut self.groups, groups => groups.clear(slots));
    }

    fn rows(&self) -> usize {
        with_groups!(&self.groups, groups => groups.rows())
    }

    fn bytes(&self) -> usize {
        with_groups!(&self.groups, groups => groups.bytes())
    }
}

/// A key as it is compared, and as it is kept.
trait OrderKey: Ord {
    type Kept: Borrow<Self> + Ord + Send + Clone;

    fn keep(&self) -> Self::Kept;
}

impl OrderKey for u64 {
    type Kept = u64;

    fn keep(&self) -> u64 {
        *self
    }
}

impl OrderKey for u128 {
    type Kept = u128;

    fn keep(&self) -> u128 {
        *self
    }
}

impl OrderKey for [u8] {
    type Kept = Box<[u8]>;

    fn keep(&self) -> Box<[u8]> {
        self.into()
    }
}

/// The keys of all groups.
struct Groups<K: OrderKey + ?Sized> {
    largest: bool,
    kept: Kept<K>,
}

enum Kept<K: OrderKey + ?Sized> {
    /// The best key of each group: enough while nothing is retracted.
    Best(Vec<Option<K::Kept>>),
    /// All keys with their counts, below zero where a retraction came first.
    All { groups: Vec<BTreeMap<K::Kept, i64>>, keys: usize },
}

impl<K: OrderKey + ?Sized> Groups<K> {
    fn new(largest: bool, append_only: bool) -> Self {
        let kept = if append_only { Kept::Best(Vec::new()) } else { Kept::All { groups: Vec::new(), keys: 0 } };
        Self { largest, kept }
    }

    fn reserve(&mut self, bound: usize) {
        match &mut self.kept {
            Kept::Best(best) => best.resize(bound.max(best.len()), None),
            Kept::All { groups, .. } => groups.resize(bound.max(groups.len()), BTreeMap::new()),
        }
    }

    #[inline]
    fn add(&mut self, slot: usize, key: &K, weight: i64) {
        if weight == 0 {
            return;
        }
        match &mut self.kept {
            Kept::Best(best) => {
                let is_better = |held: &K| if self.largest { key > held } else { key < held };
                if best[slot].as_ref().is_none_or(|held| is_better(held.borrow())) {
                    best[slot] = Some(key.keep());
                }
            }
            Kept::All { groups, keys } => {
                let group = &mut groups[slot];
                let Some(count) = group.get_mut(key) else {
                    group.insert(key.keep(), weight);
                    *keys += 1;
                    return;
                };
                *count += weight;
                if *count == 0 {
                    group.remove(key);
                    *keys -= 1;
                }
            }
        }
    }

    /// The best key of each slot, as `read` gives it.
    fn picks<'a, T>(&'a self, slots: &[u32], read: impl Fn(&'a K) -> T) -> Vec<Option<T>> {
        let pick = |&slot: &u32| match &self.kept {
            Kept::Best(best) => best[slot as usize].as_ref().map(|key| read(key.borrow())),
            Kept::All { groups, .. } => {
                let mut live = groups[slot as usize].iter().filter(|(_, count)| **count > 0).map(|(key, _)| read(key.borrow()));
                if self.largest { live.next_back() } else { live.next() }
            }
        };
        slots.iter().map(pick).collect()
    }

    fn clear(&mut self, slots: &[u32]) {
        for &slot in slots {
            match &mut self.kept {
                Kept::Best(best) => best[slot as usize] = None,
                Kept::All { groups, keys } => *keys -= std::mem::take(&mut groups[slot as usize]).len(),
            }
        }
    }

    fn rows(&self) -> usize {
        match &self.kept {
            Kept::Best(_) => 0,
            Kept::All { keys, .. } => *keys,
        }
    }

    fn bytes(&self) -> usize {
        let key = size_of::<K::Kept>();
        match &self.kept {
            Kept::Best(best) => best.capacity() * size_of::<Option<K::Kept>>(),
            Kept::All { groups, keys } => {
                groups.capacity() * size_of::<BTreeMap<K::Kept, i64>>() + keys * (key + size_of::<i64>())
            }
        }
    }
}
