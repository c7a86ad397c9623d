//! Rows by key that are cheap to copy: a copy shares what it was made from and holds only what was changed since.
//!
//! A decision works on a copy of its slice and is then asked what it changed; both cost what was changed, not what was looked at.
//! A map that shares nothing is an ordinary [`BTreeMap`], and is changed in place.

mod iter;
#[cfg(test)]
mod tests;

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::fmt::{self, Debug};
use std::ops::{Bound, Index, RangeBounds};
use std::sync::Arc;

pub use iter::{Iter, Keys, Values};

/// Rows in the order of their keys.
#[derive(Clone)]
pub struct RowMap<K, V> {
    shared: Arc<BTreeMap<K, V>>,
    /// What differs from the shared rows; none where a row is gone.
    changed: BTreeMap<K, Option<V>>,
}

impl<K, V> Default for RowMap<K, V> {
    fn default() -> Self {
        Self { shared: Arc::default(), changed: BTreeMap::new() }
    }
}

impl<K: Ord, V> RowMap<K, V> {
    #[must_use]
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        match self.changed.get(key) {
            Some(row) => row.as_ref(),
            None => self.shared.get(key),
        }
    }

    #[must_use]
    pub fn get_key_value<Q: Ord + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        match self.changed.get_key_value(key) {
            Some((key, row)) => row.as_ref().map(|row| (key, row)),
            None => self.shared.get_key_value(key),
        }
    }

    #[must_use]
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        let (mut added, mut gone) = (0, 0);
        for (key, row) in &self.changed {
            match (row.is_some(), self.shared.contains_key(key)) {
                (true, false) => added += 1,
                (false, true) => gone += 1,
                _ => {}
            }
        }
        self.shared.len() + added - gone
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The rows with their keys, in order.
    #[must_use]
    pub fn iter(&self) -> Iter<'_, K, V> {
        self.range(..)
    }

    #[must_use]
    pub fn keys(&self) -> Keys<'_, K, V> {
        Keys(self.iter())
    }

    #[must_use]
    pub fn values(&self) -> Values<'_, K, V> {
        Values(self.iter())
    }

    /// The rows whose keys are in a range.
    #[must_use]
    pub fn range<R: RangeBounds<K>>(&self, range: R) -> Iter<'_, K, V> {
        let bounds: (Bound<&K>, Bound<&K>) = (range.start_bound(), range.end_bound());
        Iter::new(self.shared.range(bounds), self.changed.range(bounds))
    }

    /// The row with the last key of a range.
    #[must_use]
    pub fn last_in<R: RangeBounds<K>>(&self, range: R) -> Option<(&K, &V)> {
        if self.changed.is_empty() { self.shared.range(range).next_back() } else { self.range(range).last() }
    }

    /// The rows in place if nobody shares them.
    fn own(&mut self) -> Option<&mut BTreeMap<K, V>> {
        let rows = Arc::get_mut(&mut self.shared)?;
        for (key, row) in std::mem::take(&mut self.changed) {
            match row {
                Some(row) => drop(rows.insert(key, row)),
                None => drop(rows.remove(&key)),
            }
        }
        Some(rows)
    }
}

impl<K: Ord + Clone, V: Clone> RowMap<K, V> {
    /// Puts a row in. What was there.
    pub fn insert(&mut self, key: K, row: V) -> Option<V> {
        if let Some(rows) = self.own() {
            return rows.insert(key, row);
        }
        match self.changed.get_mut(&key) {
            Some(changed) => changed.replace(row),
            None => {
                let before = self.shared.get(&key).cloned();
                self.changed.insert(key, Some(row));
                before
            }
        }
    }

    /// Takes a row out. What was there.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        if let Some(rows) = self.own() {
            return rows.remove(key);
        }
        let (key, before) = self.get_key_value(key).map(|(key, row)| (key.clone(), row.clone()))?;
        self.changed.insert(key, None);
        Some(before)
    }

    /// A row to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        if Arc::get_mut(&mut self.shared).is_some() {
            return self.own()?.get_mut(key);
        }
        if !self.changed.contains_key(key) {
            let (key, row) = self.shared.get_key_value(key)?;
            self.changed.insert(key.clone(), Some(row.clone()));
        }
        self.changed.get_mut(key)?.as_mut()
    }

    /// The row of a key, put in if there is none, to be changed.
    pub fn get_or_insert_with(&mut self, key: K, row: impl FnOnce() -> V) -> &mut V {
        if Arc::get_mut(&mut self.shared).is_none() {
            let before = self.shared.get(&key);
            let changed = self.changed.entry(key).or_insert_with(|| before.cloned());
            return changed.get_or_insert_with(row);
        }
        self.plain().entry(key).or_insert_with(row)
    }

    /// Takes every row out.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Keeps the rows that pass.
    pub fn retain(&mut self, mut passes: impl FnMut(&K, &mut V) -> bool) {
        self.plain().retain(|key, row| passes(key, row));
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> + '_ {
        self.plain().values_mut()
    }

    pub fn into_keys(mut self) -> impl Iterator<Item = K> {
        std::mem::take(self.plain()).into_keys()
    }

    pub fn into_values(mut self) -> impl Iterator<Item = V> {
        std::mem::take(self.plain()).into_values()
    }

    /// What turns these rows into `later`: the row that is new or different, or none where it is gone. In the order of keys.
    pub fn changes_to<'a>(&'a self, later: &'a Self) -> impl Iterator<Item = (&'a K, Option<&'a V>)>
    where
        V: PartialEq,
    {
        let may_differ: BTreeSet<&K> = if Arc::ptr_eq(&self.shared, &later.shared) {
            self.changed.keys().chain(later.changed.keys()).collect()
        } else {
            self.keys().chain(later.keys()).collect()
        };
        may_differ.into_iter().map(|key| (key, later.get(key))).filter(|(key, row)| self.get(key) != *row)
    }

    /// The rows as a map of their own.
    fn plain(&mut self) -> &mut BTreeMap<K, V> {
        if Arc::get_mut(&mut self.shared).is_none() {
            self.shared = Arc::new(self.iter().map(|(key, row)| (key.clone(), row.clone())).collect());
            self.changed.clear();
        }
        self.own();
        // The only one that holds it by now: nothing is copied here.
        Arc::make_mut(&mut self.shared)
    }
}

impl<K: Ord + Borrow<Q>, V, Q: Ord + ?Sized> Index<&Q> for RowMap<K, V> {
    type Output = V;

    #[expect(clippy::expect_used, reason = "as with every map: for keys that are known to be there")]
    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("a row of this key")
    }
}

impl<K: Ord + Clone, V: Clone> Extend<(K, V)> for RowMap<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, rows: I) {
        for (key, row) in rows {
            self.insert(key, row);
        }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for RowMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(rows: I) -> Self {
        Self { shared: Arc::new(rows.into_iter().collect()), changed: BTreeMap::new() }
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for RowMap<K, V> {
    fn from(rows: [(K, V); N]) -> Self {
        rows.into_iter().collect()
    }
}

impl<K: Ord + Clone, V: Clone> IntoIterator for RowMap<K, V> {
    type Item = (K, V);
    type IntoIter = btree_map::IntoIter<K, V>;

    fn into_iter(mut self) -> Self::IntoIter {
        std::mem::take(self.plain()).into_iter()
    }
}

impl<'a, K: Ord, V> IntoIterator for &'a RowMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K: Ord, V: PartialEq> PartialEq for RowMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<K: Ord, V: Eq> Eq for RowMap<K, V> {}

impl<K: Ord + Debug, V: Debug> Debug for RowMap<K, V> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_map().entries(self).finish()
    }
}
