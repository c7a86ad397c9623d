//! Sums of floats without rounding: what was added can be taken away again, in any order.
//!
//! A sum is kept as a few floats whose exact total it is (J. R. Shewchuk, "Adaptive Precision Floating-Point Arithmetic", 1997); it is
//! rounded once, when read. Two floats do for nearly every group; the rest spills into a list. Infinities and NaN are counted beside.

/// From here on values are kept apart and scaled, so that no partial sum overflows.
const LARGE: f64 = f64::from_bits((1023 + 900) << 52);
/// 2^-200 and 2^200: the scale of large values.
const SCALE_DOWN: f64 = f64::from_bits((1023 - 200) << 52);
const SCALE_UP: f64 = f64::from_bits((1023 + 200) << 52);

/// An exact sum.
#[derive(Debug, Clone, Default)]
pub(super) struct ExactSum {
    /// The total is `high + low` plus what spilled.
    high: f64,
    low: f64,
    spill: Option<Box<Spill>>,
}

#[derive(Debug, Clone, Default)]
struct Spill {
    /// Floats whose bits do not overlap, ascending.
    parts: Vec<f64>,
    /// The same for large values, scaled down.
    large: Vec<f64>,
    nans: i64,
    infinities: i64,
    negative_infinities: i64,
}

impl ExactSum {
    /// Adds `weight` times `value`.
    #[inline]
    pub(super) fn add(&mut self, value: f64, weight: i64) {
        if self.spill.is_none() && value.abs() < LARGE && weight.unsigned_abs() == 1 {
            let value = if weight < 0 { -value } else { value };
            let (high, rest) = two_sum(self.high, value);
            let (low, lost) = two_sum(self.low, rest);
            if lost == 0.0 {
                (self.high, self.low) = two_sum(high, low);
                return;
            }
        }
        self.add_slow(value, weight);
    }

    #[cold]
    fn add_slow(&mut self, value: f64, weight: i64) {
        let spill = self.spill.get_or_insert_default();
        match value {
            _ if value.is_nan() => spill.nans += weight,
            f64::INFINITY => spill.infinities += weight,
            f64::NEG_INFINITY => spill.negative_infinities += weight,
            _ => {
                let large = value.abs() >= LARGE;
                let (parts, value) = if large { (&mut spill.large, value * SCALE_DOWN) } else { (&mut spill.parts, value) };
                // Halves of 32 bits are exact as floats, and so are their products as two floats.
                for half in [(weight >> 32) as f64 * 4_294_967_296.0, (weight & 0xFFFF_FFFF) as f64] {
                    let (product, lost) = two_product(value, half);
                    grow(parts, product);
                    grow(parts, lost);
                }
            }
        }
        for part in [std::mem::take(&mut self.high), std::mem::take(&mut self.low)] {
            grow(&mut spill.parts, part);
        }
        self.draw_in();
    }

    /// Goes back to two floats where they are enough.
    fn draw_in(&mut self) {
        let Some(spill) = &self.spill else { return };
        if spill.parts.len() <= 2 && spill.large.is_empty() && !spill.is_counting() {
            self.high = spill.parts.last().copied().unwrap_or(0.0);
            self.low = if spill.parts.len() == 2 { spill.parts[0] } else { 0.0 };
            self.spill = None;
        }
    }

    /// The sum, rounded once.
    pub(super) fn value(&self) -> f64 {
        let Some(spill) = &self.spill else { return self.high + self.low };
        if let Some(value) = spill.non_finite() {
            return value;
        }
        if spill.large.is_empty() {
            return round(&spill.parts);
        }
        let mut parts = spill.large.clone();
        spill.parts.iter().for_each(|part| grow(&mut parts, part * SCALE_DOWN));
        round(&parts) * SCALE_UP
    }

    /// Whether infinities or NaN take part.
    pub(super) fn is_finite(&self) -> bool {
        self.spill.as_ref().is_none_or(|spill| spill.non_finite().is_none())
    }

    /// Floats whose exact total is the sum times `scale`, a power of two.
    pub(super) fn parts(&self, scale: f64) -> Vec<f64> {
        match &self.spill {
            None => vec![self.low * scale, self.high * scale],
            Some(spill) => {
                let large = spill.large.iter().map(|part| part * scale * SCALE_UP);
                spill.parts.iter().map(|part| part * scale).chain(large).collect()
            }
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.spill
            .as_ref()
            .map_or(0, |spill| size_of::<Spill>() + (spill.parts.capacity() + spill.large.capacity()) * size_of::<f64>())
    }
}

impl Spill {
    fn is_counting(&self) -> bool {
        (self.nans, self.infinities, self.negative_infinities) != (0, 0, 0)
    }

    fn non_finite(&self) -> Option<f64> {
        match (self.nans != 0, self.infinities != 0, self.negative_infinities != 0) {
            (false, false, false) => None,
            (false, true, false) => Some(f64::INFINITY),
            (false, false, true) => Some(f64::NEG_INFINITY),
            _ => Some(f64::NAN),
        }
    }
}

/// The rounded sum and what rounding lost (Knuth's TwoSum).
#[inline]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_part = sum - a;
    let a_part = sum - b_part;
    (sum, (a - a_part) + (b - b_part))
}

/// The rounded product and what rounding lost.
#[inline]
pub(super) fn two_product(a: f64, b: f64) -> (f64, f64) {
    let product = a * b;
    (product, a.mul_add(b, -product))
}

/// Adds a float to parts that do not overlap, keeping them so; zeros are left out.
fn grow(parts: &mut Vec<f64>, value: f64) {
    let mut rest = value;
    let mut kept = 0;
    for at in 0..parts.len() {
        let (sum, lost) = two_sum(rest, parts[at]);
        if lost != 0.0 {
            parts[kept] = lost;
            kept += 1;
        }
        rest = sum;
    }
    parts.truncate(kept);
    if rest != 0.0 {
        parts.push(rest);
    }
}

/// The total of parts that do not overlap, correctly rounded (as CPython's `math.fsum`).
fn round(parts: &[f64]) -> f64 {
    let Some((&last, rest)) = parts.split_last() else { return 0.0 };
    let mut high = last;
    for (at, &part) in rest.iter().enumerate().rev() {
        let (sum, lost) = two_sum(high, part);
        high = sum;
        if lost != 0.0 {
            // Halfway between two floats: what comes below decides.
            let below = rest[..at].last().copied().unwrap_or(0.0);
            let twice = lost * 2.0;
            let bumped = high + twice;
            return if lost.signum() == below.signum() && below != 0.0 && bumped - high == twice { bumped } else { high };
        }
    }
    high
}
