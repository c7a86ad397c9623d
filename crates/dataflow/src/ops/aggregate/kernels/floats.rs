//! sum, avg, variance and standard deviation of floats, and the spread of all other numbers as floats; from exact sums.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Float64Type};
use levada_base::Result;
use levada_state::ExactSum;

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
            group.sum.add_weighted(value, weight);
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
        self.sum.add_weighted(value, weight);
        self.squares.add_product(value, value, weight);
        self.count += weight;
    }

    /// The sum of squared distances from the mean: (n·Σx² − (Σx)²) / n, exact up to the last division.
    fn squared_distances(&self) -> f64 {
        let squares = self.squares.value();
        if !squares.is_finite() || !self.sum.value().is_finite() {
            // Squares beyond the range of floats have an infinite spread; values that are no numbers have none.
            return if self.sum.value().is_finite() { f64::INFINITY } else { f64::NAN };
        }
        let scale = scale_for(squares);
        let count = self.count as f64;
        let mut total = ExactSum::default();
        for part in parts(&self.squares) {
            total.add_product(part * scale * scale, count, 1);
        }
        let sums: Vec<f64> = parts(&self.sum).iter().map(|part| part * scale).collect();
        for (left, right) in sums.iter().flat_map(|left| sums.iter().map(move |right| (*left, *right))) {
            total.add_product(left, right, -1);
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

/// Floats that add up to the exact sum, each the rounded rest after those before it.
fn parts(sum: &ExactSum) -> Vec<f64> {
    let mut rest = sum.clone();
    let mut parts = Vec::with_capacity(2);
    while rest.value() != 0.0 {
        parts.push(rest.value());
        rest.subtract(rest.value());
    }
    parts
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
