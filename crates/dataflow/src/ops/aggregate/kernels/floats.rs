//! sum, avg, variance and standard deviation of floats, and the spread of all other numbers as floats; from exact sums.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Float64Type};
use levada_base::Result;

use super::exact::{ExactSum, two_product};
use super::{AggregateCall, AggregateFunction, Changes, Kernel, misplaced};

/// Sums and averages.
#[derive(Default)]
pub(super) struct Sums {
    groups: Vec<Sum>,
}

#[derive(Clone, Default)]
struct Sum {
    sum: ExactSum,
    count: i64,
}

impl Kernel for Sums {
    fn reserve(&mut self, bound: usize) {
        self.groups.resize(bound.max(self.groups.len()), Sum::default());
    }

    fn update(&mut self, changes: &Changes) -> Result<()> {
        let values = changes.argument_as(&DataType::Float64)?;
        changes.for_each(values.as_primitive::<Float64Type>().values(), |slot, value, weight| {
            let group = &mut self.groups[slot];
            group.sum.add(value, weight);
            group.count += weight;
        });
        Ok(())
    }

    fn values(&self, call: &AggregateCall, slots: &[u32]) -> Result<ArrayRef> {
        let value = |&slot: &u32| {
            let Sum { sum, count } = &self.groups[slot as usize];
            match call.function {
                _ if *count == 0 => Ok(None),
                AggregateFunction::Sum => Ok(Some(sum.value())),
                AggregateFunction::Avg => Ok(Some(sum.value() / *count as f64)),
                _ => Err(misplaced(call)),
            }
        };
        Ok(Arc::new(slots.iter().map(value).collect::<Result<Float64Array>>()?))
    }

    fn clear(&mut self, slots: &[u32]) {
        slots.iter().for_each(|&slot| self.groups[slot as usize] = Sum::default());
    }

    fn bytes(&self) -> usize {
        let spilled: usize = self.groups.iter().map(|group| group.sum.heap_bytes()).sum();
        self.groups.capacity() * size_of::<Sum>() + spilled
    }
}

/// Variances and standard deviations: the exact sums of the values and of their squares.
#[derive(Default)]
pub(super) struct Spread {
    groups: Vec<Moments>,
}

#[derive(Clone, Default)]
struct Moments {
    sum: ExactSum,
    squares: ExactSum,
    count: i64,
}

impl Moments {
    fn add(&mut self, value: f64, weight: i64) {
        self.sum.add(value, weight);
        let (square, lost) = two_product(value, value);
        self.squares.add(square, weight);
        // A square out of range is counted as an infinity; it has lost nothing that could be added.
        if square.is_finite() {
            self.squares.add(lost, weight);
        }
        self.count += weight;
    }

    /// The sum of squared distances from the mean: (n·Σx² − (Σx)²) / n, rounded only at the end.
    fn squared_distances(&self) -> f64 {
        if !self.sum.is_finite() {
            return f64::NAN;
        }
        if !self.squares.is_finite() {
            return f64::INFINITY;
        }
        let scale = scale_for(self.squares.value());
        let count = self.count as f64;
        let mut total = ExactSum::default();
        for part in self.squares.parts(scale) {
            let (product, lost) = two_product(part * scale, count);
            total.add(product, 1);
            total.add(lost, 1);
        }
        let sums = self.sum.parts(scale);
        for (a, b) in sums.iter().flat_map(|a| sums.iter().map(move |b| (*a, *b))) {
            let (product, lost) = two_product(a, b);
            total.add(product, -1);
            total.add(lost, -1);
        }
        total.value().max(0.0) / count / scale / scale
    }

    fn value(&self, function: AggregateFunction) -> Option<f64> {
        use AggregateFunction as F;
        let is_sample = matches!(function, F::VarSamp | F::StddevSamp);
        let divisor = self.count - i64::from(is_sample);
        if divisor <= 0 {
            return None;
        }
        let variance = self.squared_distances() / divisor as f64;
        Some(if matches!(function, F::StddevPop | F::StddevSamp) { variance.sqrt() } else { variance })
    }
}

/// A power of two that brings the root of `squares` near 1, so that no product of sums overflows or vanishes.
fn scale_for(squares: f64) -> f64 {
    let exponent = (squares.to_bits() >> 52) as i64 - 1023;
    f64::from_bits(((1023 - exponent / 2) as u64) << 52)
}

impl Kernel for Spread {
    fn reserve(&mut self, bound: usize) {
        self.groups.resize(bound.max(self.groups.len()), Moments::default());
    }

    fn update(&mut self, changes: &Changes) -> Result<()> {
        let values = changes.argument_as(&DataType::Float64)?;
        let values = values.as_primitive::<Float64Type>().values();
        changes.for_each(values, |slot, value, weight| self.groups[slot].add(value, weight));
        Ok(())
    }

    fn values(&self, call: &AggregateCall, slots: &[u32]) -> Result<ArrayRef> {
        let values = slots.iter().map(|&slot| self.groups[slot as usize].value(call.function));
        Ok(Arc::new(values.collect::<Float64Array>()))
    }

    fn clear(&mut self, slots: &[u32]) {
        slots.iter().for_each(|&slot| self.groups[slot as usize] = Moments::default());
    }

    fn bytes(&self) -> usize {
        let spilled: usize = self.groups.iter().map(|group| group.sum.heap_bytes() + group.squares.heap_bytes()).sum();
        self.groups.capacity() * size_of::<Moments>() + spilled
    }
}
