//! Walking over rows that are partly shared.

use std::collections::btree_map::Range;
use std::fmt::{self, Debug};
use std::iter::Peekable;

/// Rows in order: of two of the same key the changed one.
pub struct Iter<'a, K, V> {
    shared: Peekable<Range<'a, K, V>>,
    changed: Peekable<Range<'a, K, Option<V>>>,
}

impl<'a, K: Ord, V> Iter<'a, K, V> {
    pub(super) fn new(shared: Range<'a, K, V>, changed: Range<'a, K, Option<V>>) -> Self {
        Self { shared: shared.peekable(), changed: changed.peekable() }
    }
}

impl<'a, K: Ord, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some((changed, _)) = self.changed.peek() else { return self.shared.next() };
            if let Some(before) = self.shared.next_if(|(key, _)| key < changed) {
                return Some(before);
            }
            self.shared.next_if(|(key, _)| key == changed);
            if let Some((key, Some(row))) = self.changed.next() {
                return Some((key, row));
            }
        }
    }
}

impl<K, V> Clone for Iter<'_, K, V> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), changed: self.changed.clone() }
    }
}

/// Keys in order.
pub struct Keys<'a, K, V>(pub(super) Iter<'a, K, V>);

impl<'a, K: Ord, V> Iterator for Keys<'a, K, V> {
    type Item = &'a K;

    fn next(&mut self) -> Option<&'a K> {
        self.0.next().map(|(key, _)| key)
    }
}

impl<K: Ord + Debug, V> Debug for Keys<'_, K, V> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.0.clone().map(|(key, _)| key)).finish()
    }
}

/// Rows in the order of their keys.
pub struct Values<'a, K, V>(pub(super) Iter<'a, K, V>);

impl<'a, K: Ord, V> Iterator for Values<'a, K, V> {
    type Item = &'a V;

    fn next(&mut self) -> Option<&'a V> {
        self.0.next().map(|(_, row)| row)
    }
}

impl<K, V> Clone for Values<'_, K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}
