//! Laws of the exact sum against binary digits counted one by one.

use std::cmp::Ordering;

use arrow::array::Float64Array;
use proptest::prelude::*;

use super::{ExactSum, SumColumn};

/// Binary digits from 2^-1074 up, each any whole number: the obvious, slow exact sum.
#[derive(Clone)]
struct Digits(Vec<i64>);

impl Digits {
    fn new() -> Self {
        Self(vec![0; 2300])
    }

    fn add(&mut self, value: f64, weight: i64) {
        // Halving until the number is odd would need rounding care; the decoded parts do not.
        let bits = value.to_bits();
        let (exponent, fraction) = ((bits >> 52) as usize % 2048, bits % (1 << 52));
        let (mantissa, shift) = if exponent == 0 { (fraction, 0) } else { (fraction + (1 << 52), exponent - 1) };
        let sign = if value < 0.0 { -1 } else { 1 };
        for digit in (0..53).filter(|digit| mantissa >> digit & 1 == 1) {
            self.0[shift + digit] += sign * weight;
        }
        self.normalise();
    }

    /// Digits 0 and 1, and a sign in the last digit.
    fn normalise(&mut self) {
        for index in 0..self.0.len() - 1 {
            let carry = self.0[index].div_euclid(2);
            self.0[index] = self.0[index].rem_euclid(2);
            self.0[index + 1] += carry;
        }
    }

    fn magnitude(&self) -> Vec<i64> {
        let mut digits = self.clone();
        if self.0.last().is_some_and(|sign| *sign < 0) {
            digits.0.iter_mut().for_each(|digit| *digit = -*digit);
            digits.normalise();
        }
        digits.0
    }

    /// How far the sum is from `value`, as digits that compare from the highest.
    fn distance(&self, value: f64) -> Vec<i64> {
        let mut rest = self.clone();
        rest.add(value, -1);
        let mut digits = rest.magnitude();
        digits.reverse();
        digits
    }
}

fn any_finite() -> impl Strategy<Value = f64> {
    let special = prop::sample::select(vec![
        0.0,
        -0.0,
        0.1,
        1e300,
        -1e300,
        1e-300,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        5e-324,
        -5e-324,
        1.0,
        f64::EPSILON,
        9_007_199_254_740_993.0,
    ]);
    let near = (-1000..1000i32).prop_map(|cents| f64::from(cents) / 100.0);
    prop_oneof![special, near, any::<f64>().prop_filter("finite", |value| value.is_finite()), -1e6..1e6]
}

fn is_nearest(exact: &Digits, value: f64) -> bool {
    let distance = exact.distance(value);
    let is_even = value.to_bits() & 1 == 0;
    [value.next_up(), value.next_down()].into_iter().filter(|other| other.is_finite()).all(|other| {
        match distance.cmp(&exact.distance(other)) {
            Ordering::Less => true,
            Ordering::Equal => is_even,
            Ordering::Greater => false,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_sum_is_the_nearest_float(changes in prop::collection::vec((any_finite(), -3..=3i64), 0..40)) {
        let mut sum = ExactSum::default();
        let mut exact = Digits::new();
        for (value, weight) in changes {
            sum.add_weighted(value, weight);
            exact.add(value, weight);
        }
        let value = sum.value();
        if value.is_finite() {
            prop_assert!(is_nearest(&exact, value), "{value:e}");
        } else {
            // Half a unit in the last place beyond the largest float is where the infinities begin.
            let largest = exact.distance(f64::MAX.copysign(value));
            let mut half_unit = Digits::new();
            half_unit.add(2f64.powi(970), 1);
            let mut half_unit = half_unit.magnitude();
            half_unit.reverse();
            prop_assert!(largest >= half_unit, "{value}");
        }
    }

    #[test]
    fn what_is_taken_away_leaves_no_trace(
        values in prop::collection::vec(any::<f64>(), 0..60), kept in prop::collection::vec(any_finite(), 0..4), rotate: u8,
    ) {
        let mut sum = ExactSum::default();
        let mut alone = ExactSum::default();
        kept.iter().for_each(|value| alone.add(*value));
        values.iter().chain(&kept).for_each(|value| sum.add(*value));
        let mut leaving = values;
        let by = usize::from(rotate) % leaving.len().max(1);
        leaving.rotate_left(by);
        leaving.iter().for_each(|value| sum.subtract(*value));
        prop_assert_eq!(sum.value().to_bits(), alone.value().to_bits());
        if kept.is_empty() {
            prop_assert_eq!(sum, ExactSum::default());
        }
    }

    #[test]
    fn products_leave_as_they_came(pairs in prop::collection::vec((any::<f64>(), any_finite(), 1..4i64), 0..30)) {
        let mut sum = ExactSum::default();
        pairs.iter().for_each(|(left, right, weight)| sum.add_product(*left, *right, *weight));
        pairs.iter().rev().for_each(|(left, right, weight)| sum.add_product(*left, *right, -weight));
        prop_assert_eq!(sum, ExactSum::default());
    }

    #[test]
    fn a_column_is_a_sum_per_slot(
        rows in prop::collection::vec((0..5u32, prop::option::of(any::<f64>()), -2..=2i64), 0..80), reset in 0..6u32,
    ) {
        let mut column = SumColumn::new();
        let mut model = vec![ExactSum::default(); 6];
        for part in rows.chunks(17) {
            let slots: Vec<u32> = part.iter().map(|row| row.0).collect();
            let weights: Vec<i64> = part.iter().map(|row| row.2).collect();
            column.add(&slots, &Float64Array::from_iter(part.iter().map(|row| row.1)), Some(&weights));
            for (slot, value, weight) in part {
                (0..weight.abs()).for_each(|_| match (value, *weight > 0) {
                    (None, _) => {}
                    (Some(value), true) => model[*slot as usize].add(*value),
                    (Some(value), false) => model[*slot as usize].subtract(*value),
                });
            }
            column = SumColumn::restore(&column.snapshot().unwrap()).unwrap();
            let expected: Vec<u64> = model.iter().map(|sum| sum.value().to_bits()).collect();
            prop_assert_eq!(column.values(&[0, 1, 2, 3, 4, 5]).values().iter().map(|v| v.to_bits()).collect::<Vec<_>>(), expected);
        }
        column.reset(reset);
        prop_assert_eq!(column.value(reset).to_bits(), 0);
    }
}

#[test]
fn the_largest_floats_may_come_and_go() {
    let mut sum = ExactSum::default();
    (0..3).for_each(|_| sum.add(f64::MAX));
    assert_eq!(sum.value(), f64::INFINITY);
    (0..2).for_each(|_| sum.subtract(f64::MAX));
    assert_eq!(sum.value(), f64::MAX);
}

#[test]
fn infinities_and_nan_leave_again() {
    let mut sum = ExactSum::default();
    [1.5, f64::INFINITY, f64::NEG_INFINITY, f64::NAN].into_iter().for_each(|value| sum.add(value));
    assert!(sum.value().is_nan());
    sum.subtract(f64::NAN);
    assert!(sum.value().is_nan());
    sum.subtract(f64::NEG_INFINITY);
    assert_eq!(sum.value(), f64::INFINITY);
    sum.subtract(f64::INFINITY);
    assert_eq!(sum.value(), 1.5);
    sum.subtract(1.5);
    assert_eq!(sum, ExactSum::default());
}

#[test]
fn a_small_number_survives_a_large_one() {
    let mut sum = ExactSum::default();
    sum.add(1e-300);
    sum.add_weighted(1e300, 1000);
    sum.add_weighted(1e300, -1000);
    assert_eq!(sum.value(), 1e-300);
}

#[test]
fn a_product_is_exact() {
    // (1 + 2^-30)² = 1 + 2^-29 + 2^-60, which no float is.
    let factor = 1.0 + 2f64.powi(-30);
    let mut sum = ExactSum::default();
    sum.add_product(factor, factor, 1);
    sum.subtract(1.0 + 2f64.powi(-29));
    assert_eq!(sum.value(), 2f64.powi(-60));
}
