//! sum and avg of integers: 128 bits per group, so that only the final value can be out of range.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Float64Array, Int64Array, UInt64Array};
use arrow::datatypes::{DataType, Decimal128Type, Int64Type, UInt64Type};
use levada_base::Result;

use super::{AggregateCall, AggregateFunction, Changes, Kernel, misplaced, overflow};

/// How a sum is handed on: a decimal for its 128 bits only.
const PART: DataType = DataType::Decimal128(38, 0);

pub(super) struct Integers {
    signed: bool,
    sums: Vec<Sum>,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    /// Modulo 2^128: partial sums may leave the range as long as the final one is inside.
    sum: i128,
    count: i64,
}

impl Sum {
    #[inline]
    fn add(&mut self, value: i128, weight: i64) {
        self.sum = self.sum.wrapping_add(value.wrapping_mul(i128::from(weight)));
        self.count += weight;
    }
}

impl Integers {
    pub(super) fn new(argument: &DataType) -> Self {
        Self { signed: argument.is_signed_integer(), sums: Vec::new() }
    }

    /// The sums of `slots` as `T`; NULL where nothing was summed.
    fn totals<T: TryFrom<i128>>(&self, slots: &[u32]) -> Result<Vec<Option<T>>> {
        let total = |&slot: &u32| match self.sums[slot as usize] {
            Sum { count: 0, .. } => Ok(None),
            Sum { sum, .. } => T::try_from(sum).map(Some).map_err(|_| overflow(&format!("sum is {sum}"))),
        };
        slots.iter().map(total).collect()
    }
}

impl Kernel for Integers {
    fn reserve(&mut self, bound: usize) {
        self.sums.resize(bound.max(self.sums.len()), Sum::default());
    }

    fn update(&mut self, changes: &Changes) -> Result<()> {
        if self.signed {
            let values = changes.argument_as(&DataType::Int64)?;
            let values = values.as_primitive::<Int64Type>().values();
            changes.for_each(values, |slot, value, weight| self.sums[slot].add(i128::from(value), weight));
        } else {
            let values = changes.argument_as(&DataType::UInt64)?;
            let values = values.as_primitive::<UInt64Type>().values();
            changes.for_each(values, |slot, value, weight| self.sums[slot].add(i128::from(value), weight));
        }
        Ok(())
    }

    fn values(&self, call: &AggregateCall, slots: &[u32]) -> Result<ArrayRef> {
        let average = |&slot: &u32| {
            let Sum { sum, count } = self.sums[slot as usize];
            (count != 0).then(|| sum as f64 / count as f64)
        };
        let values: ArrayRef = match call.function {
            AggregateFunction::Sum if self.signed => Arc::new(Int64Array::from(self.totals(slots)?)),
            AggregateFunction::Sum => Arc::new(UInt64Array::from(self.totals(slots)?)),
            AggregateFunction::Avg => Arc::new(slots.iter().map(average).collect::<Float64Array>()),
            _ => return Err(misplaced(call)),
        };
        debug_assert_eq!(values.len(), slots.len());
        Ok(values)
    }

    fn part_types(&self) -> Option<Vec<DataType>> {
        Some(vec![PART, DataType::Int64])
    }

    fn parts(&self, slots: &[u32]) -> Result<Vec<ArrayRef>> {
        let sums = || slots.iter().map(|&slot| self.sums[slot as usize]);
        let totals = Decimal128Array::from_iter_values(sums().map(|sum| sum.sum)).with_data_type(PART);
        let counts = Int64Array::from_iter_values(sums().map(|sum| sum.count));
        Ok(vec![Arc::new(totals), Arc::new(counts)])
    }

    fn merge(&mut self, slots: &[u32], parts: &[ArrayRef]) -> Result<()> {
        let totals = parts[0].as_primitive::<Decimal128Type>().values();
        let counts = parts[1].as_primitive::<Int64Type>().values();
        for ((&slot, total), count) in slots.iter().zip(totals).zip(counts) {
            let sum = &mut self.sums[slot as usize];
            sum.sum = sum.sum.wrapping_add(*total);
            sum.count += count;
        }
        Ok(())
    }

    fn clear(&mut self, slots: &[u32]) {
        slots.iter().for_each(|&slot| self.sums[slot as usize] = Sum::default());
    }

    fn bytes(&self) -> usize {
        self.sums.capacity() * size_of::<Sum>()
    }
}
