//! A fixed-point number that holds any sum of floats exactly.

/// 64-bit digits: from 2^-1074 to beyond 2^1100, with a sign; 2^63 of the largest floats fit.
pub(super) const LIMBS: usize = 34;
const MANTISSA_BITS: usize = 52;
const EXPONENT_MAX: usize = 2046;

/// A number in two's complement, the lowest digit first; one unit is 2^-1074.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WideSum {
    pub(super) limbs: [u64; LIMBS],
}

impl Default for WideSum {
    fn default() -> Self {
        Self { limbs: [0; LIMBS] }
    }
}

impl WideSum {
    /// Adds a finite `value` `weight` times.
    pub(super) fn add(&mut self, value: f64, weight: i64) {
        let bits = value.to_bits();
        let exponent = (bits >> MANTISSA_BITS) as usize & 0x7FF;
        let fraction = bits & ((1 << MANTISSA_BITS) - 1);
        let (mantissa, shift) = if exponent == 0 { (fraction, 0) } else { (fraction | 1 << MANTISSA_BITS, exponent - 1) };
        // 53 bits times 63 bits, shifted by at most 63: two digits and a third.
        let product = u128::from(mantissa) * u128::from(weight.unsigned_abs());
        let low = product << (shift % 64);
        let high = if shift % 64 == 0 { 0 } else { (product >> (128 - shift % 64)) as u64 };
        let digits = [low as u64, (low >> 64) as u64, high];
        if value.is_sign_negative() == (weight < 0) {
            self.carry(shift / 64, digits, u64::overflowing_add);
        } else {
            self.carry(shift / 64, digits, u64::overflowing_sub);
        }
    }

    /// Adds or subtracts three digits from digit `at` on.
    fn carry(&mut self, at: usize, digits: [u64; 3], step: fn(u64, u64) -> (u64, bool)) {
        let mut carry = false;
        for (index, limb) in self.limbs[at..].iter_mut().enumerate() {
            let digit = digits.get(index).copied().unwrap_or(0);
            if index >= digits.len() && !carry {
                break;
            }
            let (partial, first) = step(*limb, digit);
            let (sum, second) = step(partial, u64::from(carry));
            *limb = sum;
            carry = first || second;
        }
    }

    fn is_negative(&self) -> bool {
        self.limbs[LIMBS - 1] >> 63 == 1
    }

    /// The number without its sign.
    fn magnitude(&self) -> [u64; LIMBS] {
        let mut limbs = self.limbs;
        if self.is_negative() {
            let mut carry = true;
            for limb in &mut limbs {
                (*limb, carry) = (!*limb).overflowing_add(u64::from(carry));
            }
        }
        limbs
    }

    /// The nearest float, ties to even; an infinity beyond the largest.
    pub(super) fn value(&self) -> f64 {
        let limbs = self.magnitude();
        let sign = if self.is_negative() { -1.0 } else { 1.0 };
        let Some(top_limb) = limbs.iter().rposition(|limb| *limb != 0) else { return 0.0 };
        let top = top_limb * 64 + 63 - limbs[top_limb].leading_zeros() as usize;
        if top <= MANTISSA_BITS {
            // Less than 2^53 units: the bits of a float are the number of units.
            return sign * f64::from_bits(limbs[0]);
        }
        let first = top - MANTISSA_BITS;
        let exponent = first + 1;
        if exponent > EXPONENT_MAX {
            return sign * f64::INFINITY;
        }
        let mantissa = bits_from(&limbs, first) & ((1 << (MANTISSA_BITS + 1)) - 1);
        let bits = ((exponent as u64 - 1) << MANTISSA_BITS) + mantissa;
        let half = bit(&limbs, first - 1);
        let beyond_half = (0..(first - 1) / 64).any(|limb| limbs[limb] != 0)
            || limbs[(first - 1) / 64] & ((1 << ((first - 1) % 64)) - 1) != 0;
        let up = half && (beyond_half || mantissa & 1 == 1);
        sign * f64::from_bits(bits + u64::from(up))
    }

    pub(super) fn is_zero(&self) -> bool {
        self.limbs.iter().all(|limb| *limb == 0)
    }
}

/// 64 bits from bit `first` on.
fn bits_from(limbs: &[u64; LIMBS], first: usize) -> u64 {
    let (limb, shift) = (first / 64, first % 64);
    let next = limbs.get(limb + 1).copied().unwrap_or(0);
    if shift == 0 { limbs[limb] } else { limbs[limb] >> shift | next << (64 - shift) }
}

fn bit(limbs: &[u64; LIMBS], index: usize) -> bool {
    limbs[index / 64] >> (index % 64) & 1 == 1
}
