//! Exact sums with their counts: what the sums of integers and of decimals keep alike.

use std::sync::Arc;

use arrow::array::{ArrayRef, ArrowNativeTypeOp, AsArray, Int64Array, PrimitiveArray};
use arrow::datatypes::{DataType, DecimalType, Int64Type};

/// A total for each slot; `D` is the decimal that has the width of the sums.
pub(super) struct Totals<D: DecimalType> {
    totals: Vec<Total<D::Native>>,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Total<N> {
    /// Modulo the width: partial sums may leave the range as long as the final one is inside.
    pub(super) sum: N,
    pub(super) count: i64,
}

impl<D: DecimalType> Totals<D> {
    pub(super) fn new() -> Self {
        Self { totals: Vec::new() }
    }

    pub(super) fn reserve(&mut self, bound: usize) {
        self.totals.resize(bound.max(self.totals.len()), Total::default());
    }

    #[inline]
    pub(super) fn get(&self, slot: u32) -> Total<D::Native> {
        self.totals[slot as usize]
    }

    #[inline]
    pub(super) fn get_mut(&mut self, slot: usize) -> &mut Total<D::Native> {
        &mut self.totals[slot]
    }

    /// How a total is handed on: a decimal for all the bits of the sum, without a scale, and the count.
    pub(super) fn part_types() -> Vec<DataType> {
        vec![Self::sum_type(), DataType::Int64]
    }

    pub(super) fn parts(&self, slots: &[u32]) -> Vec<ArrayRef> {
        let totals = || slots.iter().map(|&slot| self.get(slot));
        let sums = PrimitiveArray::<D>::from_iter_values(totals().map(|total| total.sum)).with_data_type(Self::sum_type());
        let counts = Int64Array::from_iter_values(totals().map(|total| total.count));
        vec![Arc::new(sums), Arc::new(counts)]
    }

    pub(super) fn merge(&mut self, slots: &[u32], parts: &[ArrayRef]) {
        let sums = parts[0].as_primitive::<D>().values();
        let counts = parts[1].as_primitive::<Int64Type>().values();
        for ((&slot, &sum), count) in slots.iter().zip(sums).zip(counts) {
            let total = self.get_mut(slot as usize);
            total.sum = total.sum.add_wrapping(sum);
            total.count += count;
        }
    }

    pub(super) fn clear(&mut self, slots: &[u32]) {
        slots.iter().for_each(|&slot| *self.get_mut(slot as usize) = Total::default());
    }

    pub(super) fn bytes(&self) -> usize {
        self.totals.capacity() * size_of::<Total<D::Native>>()
    }

    fn sum_type() -> DataType {
        D::TYPE_CONSTRUCTOR(D::MAX_PRECISION, 0)
    }
}
