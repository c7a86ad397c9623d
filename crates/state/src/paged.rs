//! [`Paged`]: a vector that grows without moving what it holds.
//!
//! A `Vec` that doubles needs three times its values while it moves them, and touches fresh memory twice for each. Here only the first
//! page doubles, so that a small state stays small; from then on whole pages come one by one.

use std::ops::{Index, IndexMut};

use crate::prefetch::prefetch;

const PAGE_BITS: u32 = 15;
/// Values of a page.
const PAGE: usize = 1 << PAGE_BITS;

/// Values by index.
#[derive(Debug)]
pub(crate) struct Paged<T> {
    /// Full pages, then one that may have room.
    pages: Vec<Vec<T>>,
    len: usize,
}

impl<T> Default for Paged<T> {
    fn default() -> Self {
        Self { pages: Vec::new(), len: 0 }
    }
}

fn place(index: usize) -> (usize, usize) {
    (index >> PAGE_BITS, index & (PAGE - 1))
}

impl<T: Copy> Paged<T> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Fills up with `value` to at least `len` values.
    #[inline]
    pub(crate) fn grow(&mut self, len: usize, value: T) {
        while self.len < len {
            self.fill(len, value);
        }
    }

    /// Fills the last page, or a new one, as far as `len` values go into it.
    fn fill(&mut self, len: usize, value: T) {
        if self.len == self.pages.len() * PAGE {
            let room = if self.pages.is_empty() { 0 } else { PAGE };
            self.pages.push(Vec::with_capacity(room));
        }
        let first = (self.pages.len() - 1) * PAGE;
        let filled = (len - first).min(PAGE);
        if let Some(page) = self.pages.last_mut() {
            page.resize(filled, value);
        }
        self.len = first + filled;
    }

    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        let (page, at) = place(index);
        self.pages.get(page)?.get(at)
    }

    /// Hints that the value at `index` will be read soon; does nothing out of bounds.
    #[inline(always)]
    pub(crate) fn prefetch(&self, index: usize) {
        let (page, at) = place(index);
        if let Some(page) = self.pages.get(page) {
            prefetch(page, at);
        }
    }

    /// Memory held.
    pub(crate) fn bytes(&self) -> usize {
        let values: usize = self.pages.iter().map(Vec::capacity).sum();
        values * size_of::<T>() + self.pages.capacity() * size_of::<Vec<T>>()
    }
}

impl<T> Index<usize> for Paged<T> {
    type Output = T;

    #[inline]
    fn index(&self, index: usize) -> &T {
        let (page, at) = place(index);
        &self.pages[page][at]
    }
}

impl<T> IndexMut<usize> for Paged<T> {
    #[inline]
    fn index_mut(&mut self, index: usize) -> &mut T {
        let (page, at) = place(index);
        &mut self.pages[page][at]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{PAGE, Paged};

    fn check(paged: &Paged<u32>, model: &[u32]) {
        assert_eq!(paged.len(), model.len());
        assert!((0..model.len()).all(|index| paged[index] == model[index] && paged.get(index) == Some(&model[index])));
        assert_eq!(paged.get(model.len()), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn it_behaves_as_a_vector(steps in prop::collection::vec((0..3 * PAGE, any::<u32>(), any::<prop::sample::Index>()), 1..12)) {
            let (mut paged, mut model) = (Paged::default(), Vec::new());
            for (len, value, pick) in steps {
                paged.grow(len, value);
                model.resize(model.len().max(len), value);
                if !model.is_empty() {
                    let at = pick.index(model.len());
                    paged[at] = value ^ 1;
                    model[at] = value ^ 1;
                }
                check(&paged, &model);
            }
        }
    }

    #[test]
    fn the_edges_of_a_page() {
        for len in [1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE] {
            let (mut paged, mut model) = (Paged::default(), Vec::new());
            for value in 0..3 {
                let len = len + value as usize;
                paged.grow(len, value);
                model.resize(len, value);
                check(&paged, &model);
            }
        }
    }

    #[test]
    fn a_small_one_is_small_and_a_large_one_has_little_room() {
        let mut paged = Paged::default();
        assert!(paged.is_empty());
        paged.grow(10, 0_u64);
        assert!(paged.bytes() < 1_000, "{} bytes", paged.bytes());
        paged.grow(100 * PAGE + 1, 0);
        assert!(paged.bytes() < 102 * PAGE * 8, "{} bytes", paged.bytes());
    }

    #[test]
    #[should_panic(expected = "index out of bounds")]
    fn there_is_nothing_behind_the_end() {
        let mut paged = Paged::default();
        paged.grow(PAGE, 0_u8);
        let _ = paged[PAGE];
    }
}
