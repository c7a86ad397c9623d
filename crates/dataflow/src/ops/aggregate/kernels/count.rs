//! count of the rows that take part.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use levada_base::Result;

use super::{AggregateCall, Changes, Kernel};

#[derive(Default)]
pub(super) struct Count {
    counts: Vec<i64>,
}

impl Kernel for Count {
    fn reserve(&mut self, bound: usize) {
        self.counts.resize(bound.max(self.counts.len()), 0);
    }

    fn update(&mut self, changes: &Changes) -> Result<()> {
        changes.for_each_row(|slot, weight| self.counts[slot] += weight);
        Ok(())
    }

    fn values(&self, _call: &AggregateCall, slots: &[u32]) -> Result<ArrayRef> {
        Ok(Arc::new(Int64Array::from_iter_values(slots.iter().map(|&slot| self.counts[slot as usize]))))
    }

    fn clear(&mut self, slots: &[u32]) {
        slots.iter().for_each(|&slot| self.counts[slot as usize] = 0);
    }

    fn bytes(&self) -> usize {
        self.counts.capacity() * size_of::<i64>()
    }
}
