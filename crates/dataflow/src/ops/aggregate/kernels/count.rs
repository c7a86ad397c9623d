//! count of the rows that take part.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array};
use arrow::datatypes::{DataType, Int64Type};
use levada_base::Result;

use super::{AggregateCall, Changes, Kernel};

#[derive(Default)]
pub(super) struct Count {
    counts: Vec<i64>,
}

impl Count {
    fn array(&self, slots: &[u32]) -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(slots.iter().map(|&slot| self.counts[slot as usize])))
    }
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
        Ok(self.array(slots))
    }

    fn part_types(&self) -> Option<Vec<DataType>> {
        Some(vec![DataType::Int64])
    }

    fn parts(&self, slots: &[u32]) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.array(slots)])
    }

    fn merge(&mut self, slots: &[u32], parts: &[ArrayRef]) -> Result<()> {
        let counts = parts[0].as_primitive::<Int64Type>().values();
        slots.iter().zip(counts).for_each(|(&slot, count)| self.counts[slot as usize] += count);
        Ok(())
    }

    fn clear(&mut self, slots: &[u32]) {
        slots.iter().for_each(|&slot| self.counts[slot as usize] = 0);
    }

    fn bytes(&self) -> usize {
        self.counts.capacity() * size_of::<i64>()
    }
}
