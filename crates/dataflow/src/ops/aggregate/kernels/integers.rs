//! sum and avg of integers: 128 bits per group, so that only the final value can be out of range.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, UInt64Array};
use arrow::datatypes::{DataType, Decimal128Type, Int64Type, UInt64Type};
use levada_base::Result;

use super::totals::{Total, Totals};
use super::{AggregateCall, AggregateFunction, Changes, Kernel, misplaced, overflow};

pub(super) struct Integers {
    signed: bool,
    totals: Totals<Decimal128Type>,
}

impl Total<i128> {
    #[inline]
    fn add(&mut self, value: i128, weight: i64) {
        self.sum = self.sum.wrapping_add(value.wrapping_mul(i128::from(weight)));
        self.count += weight;
    }
}

impl Integers {
    pub(super) fn new(argument: &DataType) -> Self {
        Self { signed: argument.is_signed_integer(), totals: Totals::new() }
    }

    /// The sums of `slots` as `T`; NULL where nothing was summed.
    fn sums<T: TryFrom<i128>>(&self, slots: &[u32]) -> Result<Vec<Option<T>>> {
        let sum = |&slot: &u32| match self.totals.get(slot) {
            Total { count: 0, .. } => Ok(None),
            Total { sum, .. } => T::try_from(sum).map(Some).map_err(|_| overflow(&format!("sum is {sum}"))),
        };
        slots.iter().map(sum).collect()
    }
}

impl Kernel for Integers {
    fn reserve(&mut self, bound: usize) {
        self.totals.reserve(bound);
    }

    fn update(&mut self, changes: &Changes) -> Result<()> {
        if self.signed {
            let values = changes.argument_as(&DataType::Int64)?;
            let values = values.as_primitive::<Int64Type>().values();
            changes.for_each(values, |slot, value, weight| self.totals.get_mut(slot).add(i128::from(value), weight));
        } else {
            let values = changes.argument_as(&DataType::UInt64)?;
            let values = values.as_primitive::<UInt64Type>().values();
            changes.for_each(values, |slot, value, weight| self.totals.get_mut(slot).add(i128::from(value), weight));
        }
        Ok(())
    }

    fn values(&self, call: &AggregateCall, slots: &[u32]) -> Result<ArrayRef> {
        let average = |&slot: &u32| {
            let Total { sum, count } = self.totals.get(slot);
            (count != 0).then(|| sum as f64 / count as f64)
        };
        let values: ArrayRef = match call.function {
            AggregateFunction::Sum if self.signed => Arc::new(Int64Array::from(self.sums(slots)?)),
            AggregateFunction::Sum => Arc::new(UInt64Array::from(self.sums(slots)?)),
            AggregateFunction::Avg => Arc::new(slots.iter().map(average).collect::<Float64Array>()),
            _ => return Err(misplaced(call)),
        };
        debug_assert_eq!(values.len(), slots.len());
        Ok(values)
    }

    fn part_types(&self) -> Option<Vec<DataType>> {
        Some(Totals::<Decimal128Type>::part_types())
    }

    fn parts(&self, slots: &[u32]) -> Result<Vec<ArrayRef>> {
        Ok(self.totals.parts(slots))
    }

    fn merge(&mut self, slots: &[u32], parts: &[ArrayRef]) -> Result<()> {
        self.totals.merge(slots, parts);
        Ok(())
    }

    fn clear(&mut self, slots: &[u32]) {
        self.totals.clear(slots);
    }

    fn bytes(&self) -> usize {
        self.totals.bytes()
    }
}
