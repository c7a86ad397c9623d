//! Which rows fall due first, in buckets of about a second: rows come nearly in order of time, and go so.
//!
//! A removed row stays in its bucket until that falls due; the owner recognises it by its absence or its later time.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, TimeUnit};

/// Row slots by the time they are due.
#[derive(Debug)]
pub(super) struct ExpiryQueue {
    /// The column of the time.
    pub(super) column: usize,
    /// The power of two of a bucket's width.
    shift: u32,
    buckets: BTreeMap<i64, Vec<u32>>,
}

impl ExpiryQueue {
    pub(super) fn new(column: usize, data_type: &DataType) -> Self {
        let shift = match data_type {
            DataType::Timestamp(TimeUnit::Millisecond, _) => 10,
            DataType::Timestamp(TimeUnit::Microsecond, _) => 20,
            DataType::Timestamp(TimeUnit::Nanosecond, _) => 30,
            _ => 0,
        };
        Self { column, shift, buckets: BTreeMap::new() }
    }

    pub(super) fn push(&mut self, time: i64, slot: u32) {
        self.buckets.entry(time >> self.shift).or_default().push(slot);
    }

    /// Takes out the slots of all buckets that begin before `bound`. Those not due are to be pushed again.
    pub(super) fn pop_before(&mut self, bound: i64) -> Vec<u32> {
        let mut popped = Vec::new();
        while let Some(bucket) = self.buckets.first_entry().filter(|bucket| *bucket.key() << self.shift < bound) {
            popped.extend(bucket.remove());
        }
        popped
    }

    pub(super) fn bytes(&self) -> usize {
        self.buckets.values().map(|slots| slots.capacity() * 4 + 48).sum()
    }
}
