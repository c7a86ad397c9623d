//! [`ExactSum`]: sums of floats without any rounding until they are read, so that what was added can be taken away again.
//!
//! Two floats whose sum is the exact value serve almost every group (an expansion in the sense of J. R. Shewchuk, "Adaptive Precision
//! Floating-Point Arithmetic", 1997). What needs more goes into a fixed-point number as wide as the range of floats (U. Kulisch's
//! accumulator).

mod column;
#[cfg(test)]
mod tests;
mod wide;

pub use column::SumColumn;
use wide::WideSum;

/// Beyond this magnitude, adding two floats might overflow before their partner of the other sign comes.
const PAIR_MAX: f64 = 1e300;
/// Above this magnitude, the rounding error of a product is a float.
const PRODUCT_MIN: f64 = 1e-270;

/// The exact sum of floats added and subtracted so far; NaN and infinities are counted beside.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExactSum {
    /// The exact sum is `high + low`, and `high` is that sum rounded; both 0 if there is a wide sum.
    high: f64,
    low: f64,
    rare: Option<Box<Rare>>,
}

/// What few sums need.
#[derive(Debug, Clone, Default, PartialEq)]
struct Rare {
    wide: Option<WideSum>,
    nan: i64,
    positive_infinity: i64,
    negative_infinity: i64,
}

/// The rounded sum and its exact error (D. E. Knuth); exact without overflow, for numbers of any size.
#[inline]
fn two_sum(left: f64, right: f64) -> (f64, f64) {
    let sum = left + right;
    let right_part = sum - left;
    let left_part = sum - right_part;
    (sum, (left - left_part) + (right - right_part))
}

impl ExactSum {
    /// Adds `value` once.
    #[inline]
    pub fn add(&mut self, value: f64) {
        let is_pair = self.rare.as_ref().is_none_or(|rare| rare.wide.is_none());
        if is_pair && value.abs() < PAIR_MAX && self.high.abs() < PAIR_MAX {
            let (sum, error) = two_sum(self.high, value);
            let (low, rest) = two_sum(self.low, error);
            if rest == 0.0 {
                (self.high, self.low) = two_sum(sum, low);
                return;
            }
        }
        self.add_rare(value, 1);
    }

    /// Takes `value` away once, whether or not it was added before.
    #[inline]
    pub fn subtract(&mut self, value: f64) {
        if value.is_finite() {
            self.add(-value);
        } else {
            self.add_rare(value, -1);
        }
    }

    /// Adds `value` `weight` times.
    #[inline]
    pub fn add_weighted(&mut self, value: f64, weight: i64) {
        match weight {
            1 => self.add(value),
            -1 => self.subtract(value),
            _ => self.add_rare(value, weight),
        }
    }

    /// Adds the product of two floats `weight` times, for variances and the like. A product beyond the range of floats counts as
    /// infinite; one far below it is rounded, but always in the same way, so that it leaves as it came.
    pub fn add_product(&mut self, left: f64, right: f64, weight: i64) {
        let product = left * right;
        self.add_weighted(product, weight);
        if product.is_finite() && product.abs() > PRODUCT_MIN {
            self.add_weighted(left.mul_add(right, -product), weight);
        }
    }

    #[cold]
    fn add_rare(&mut self, value: f64, weight: i64) {
        let rare = self.rare.get_or_insert_default();
        if value.is_nan() {
            rare.nan += weight;
        } else if value == f64::INFINITY {
            rare.positive_infinity += weight;
        } else if value == f64::NEG_INFINITY {
            rare.negative_infinity += weight;
        } else {
            let wide = rare.wide.get_or_insert_default();
            wide.add(std::mem::take(&mut self.high), 1);
            wide.add(std::mem::take(&mut self.low), 1);
            wide.add(value, weight);
        }
        self.settle();
    }

    /// Gives the memory back once nothing rare is left.
    fn settle(&mut self) {
        let Some(rare) = &mut self.rare else { return };
        if rare.wide.as_ref().is_some_and(WideSum::is_zero) {
            rare.wide = None;
        }
        if **rare == Rare::default() {
            self.rare = None;
        }
    }

    /// The sum, correctly rounded: the float nearest to the exact sum, ties to even; 0.0 for a sum of nothing.
    #[must_use]
    pub fn value(&self) -> f64 {
        let Some(rare) = &self.rare else { return self.high };
        match (rare.positive_infinity > 0, rare.negative_infinity > 0) {
            _ if rare.nan > 0 => f64::NAN,
            (true, true) => f64::NAN,
            (true, false) => f64::INFINITY,
            (false, true) => f64::NEG_INFINITY,
            (false, false) => rare.wide.as_ref().map_or(self.high, WideSum::value),
        }
    }

    /// Memory held beside the sum itself, in bytes.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.rare.as_ref().map_or(0, |_| size_of::<Rare>())
    }
}
