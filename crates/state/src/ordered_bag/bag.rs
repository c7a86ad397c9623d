//! One ordered multiset: small ones in place or in a sorted `Vec`, large ones in a tree.

use std::collections::BTreeMap;

/// Beyond this many values, a tree; below a quarter of it, a `Vec` again.
const FEW_MAX: usize = 32;

/// Values with weights, none of them 0. A negative weight is a retraction whose insertion is still to come; its value does not count as
/// present.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Bag<K> {
    #[default]
    Empty,
    One(K, i64),
    Few(Vec<(K, i64)>),
    Many(BTreeMap<K, i64>),
}

impl<K: Ord> Bag<K> {
    /// Adds `weight` to the weight of `key`.
    pub(super) fn add(&mut self, key: K, weight: i64) {
        if weight == 0 {
            return;
        }
        match self {
            Self::Empty => *self = Self::One(key, weight),
            Self::One(only, sum) if *only == key => {
                *sum += weight;
                if *sum == 0 {
                    *self = Self::Empty;
                }
            }
            Self::One(..) => {
                self.spread();
                self.add(key, weight);
            }
            Self::Few(values) => {
                add_to_few(values, key, weight);
                self.settle();
            }
            Self::Many(values) => {
                add_to_many(values, key, weight);
                self.settle();
            }
        }
    }

    /// Turns one value into a `Vec` of it.
    fn spread(&mut self) {
        if let Self::One(key, weight) = std::mem::take(self) {
            *self = Self::Few(vec![(key, weight)]);
        }
    }

    /// Takes the form that fits the number of values.
    fn settle(&mut self) {
        match self {
            Self::Few(values) if values.len() <= 1 => {
                let last = values.pop();
                *self = last.map_or(Self::Empty, |(key, weight)| Self::One(key, weight));
            }
            Self::Few(values) if values.len() > FEW_MAX => *self = Self::Many(std::mem::take(values).into_iter().collect()),
            Self::Many(values) if values.len() < FEW_MAX / 4 => {
                *self = Self::Few(std::mem::take(values).into_iter().collect());
            }
            _ => {}
        }
    }

    /// The least value present.
    pub(super) fn first(&self) -> Option<&K> {
        match self {
            Self::Empty => None,
            Self::One(key, weight) => (*weight > 0).then_some(key),
            Self::Few(values) => values.iter().find(|(_, weight)| *weight > 0).map(|(key, _)| key),
            Self::Many(values) => values.iter().find(|(_, weight)| **weight > 0).map(|(key, _)| key),
        }
    }

    /// The greatest value present.
    pub(super) fn last(&self) -> Option<&K> {
        match self {
            Self::Empty | Self::One(..) => self.first(),
            Self::Few(values) => values.iter().rfind(|(_, weight)| *weight > 0).map(|(key, _)| key),
            Self::Many(values) => values.iter().rfind(|(_, weight)| **weight > 0).map(|(key, _)| key),
        }
    }

    /// All values with their weights, ascending.
    pub(super) fn iter(&self) -> Box<dyn Iterator<Item = (&K, i64)> + '_> {
        match self {
            Self::Empty => Box::new(std::iter::empty()),
            Self::One(key, weight) => Box::new(std::iter::once((key, *weight))),
            Self::Few(values) => Box::new(values.iter().map(|(key, weight)| (key, *weight))),
            Self::Many(values) => Box::new(values.iter().map(|(key, weight)| (key, *weight))),
        }
    }

    /// Memory held beside the bag itself, roughly, in bytes.
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::Empty | Self::One(..) => 0,
            Self::Few(values) => values.capacity() * size_of::<(K, i64)>(),
            // A tree's nodes are about two thirds full.
            Self::Many(values) => values.len() * size_of::<(K, i64)>() * 3 / 2,
        }
    }
}

fn add_to_few<K: Ord>(values: &mut Vec<(K, i64)>, key: K, weight: i64) {
    match values.binary_search_by(|(other, _)| other.cmp(&key)) {
        Ok(at) if values[at].1 + weight == 0 => drop(values.remove(at)),
        Ok(at) => values[at].1 += weight,
        Err(at) => values.insert(at, (key, weight)),
    }
}

fn add_to_many<K: Ord>(values: &mut BTreeMap<K, i64>, key: K, weight: i64) {
    use std::collections::btree_map::Entry;
    match values.entry(key) {
        Entry::Vacant(entry) => drop(entry.insert(weight)),
        Entry::Occupied(mut entry) => {
            *entry.get_mut() += weight;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}
