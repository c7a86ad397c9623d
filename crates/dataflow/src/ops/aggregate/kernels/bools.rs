//! bool_and and bool_or: both values are counted, so that a retraction restores what was before.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array};
use arrow::datatypes::{DataType, Int64Type};
use levada_base::{Error, Result};

use super::{AggregateCall, AggregateFunction, Changes, Kernel};

#[derive(Default)]
pub(super) struct Bools {
    /// How many are false, how many true.
    counts: Vec<[i64; 2]>,
}

impl Kernel for Bools {
    fn reserve(&mut self, bound: usize) {
        self.counts.resize(bound.max(self.counts.len()), [0; 2]);
    }

    fn update(&mut self, changes: &Changes) -> Result<()> {
        let Some(values) = changes.columns[0].as_boolean_opt() else {
            return Err(Error::internal(format!("a boolean aggregate over {}", changes.columns[0].data_type())));
        };
        let mut value = values.values().iter();
        changes.for_each_row(|slot, weight| self.counts[slot][usize::from(value.next().unwrap_or(false))] += weight);
        Ok(())
    }

    fn values(&self, call: &AggregateCall, slots: &[u32]) -> Result<ArrayRef> {
        let value = |&slot: &u32| match self.counts[slot as usize] {
            [0, 0] => None,
            [falses, _] if call.function == AggregateFunction::BoolAnd => Some(falses == 0),
            [_, trues] => Some(trues != 0),
        };
        Ok(Arc::new(slots.iter().map(value).collect::<BooleanArray>()))
    }

    fn part_types(&self) -> Option<Vec<DataType>> {
        Some(vec![DataType::Int64; 2])
    }

    fn parts(&self, slots: &[u32]) -> Result<Vec<ArrayRef>> {
        let column = |of: usize| -> ArrayRef {
            Arc::new(Int64Array::from_iter_values(slots.iter().map(|&slot| self.counts[slot as usize][of])))
        };
        Ok(vec![column(0), column(1)])
    }

    fn merge(&mut self, slots: &[u32], parts: &[ArrayRef]) -> Result<()> {
        for (of, part) in parts.iter().enumerate() {
            let counts = part.as_primitive::<Int64Type>().values();
            slots.iter().zip(counts).for_each(|(&slot, count)| self.counts[slot as usize][of] += count);
        }
        Ok(())
    }

    fn clear(&mut self, slots: &[u32]) {
        slots.iter().for_each(|&slot| self.counts[slot as usize] = [0; 2]);
    }

    fn bytes(&self) -> usize {
        self.counts.capacity() * size_of::<[i64; 2]>()
    }
}
