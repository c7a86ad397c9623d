//! Exact decimal numbers from text.

use arrow::datatypes::{DecimalType, i256};

/// What a text is as a decimal number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    NotANumber,
    TooLarge,
}

/// Digits beyond this many before or after the point make no sense for 76-digit numbers; an exponent past it is refused early, so that
/// `1e999999999` costs nothing.
const EXPONENT_MAX: i64 = 1_000;

/// Reads `-12.50`, `1e3` as a number of units of 10^-`scale`; more decimals are rounded half away from zero.
pub(crate) fn parse<T: DecimalType>(text: &str, precision: u8, scale: i8) -> Result<T::Native, Refused>
where
    T::Native: FromDigits,
{
    let (negative, unsigned) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let (digits, exponent) = digits_of(unsigned).ok_or(Refused::NotANumber)?;
    let kept = scaled(digits, exponent, scale)?;
    if kept.len() > usize::from(precision) {
        return Err(Refused::TooLarge);
    }
    T::Native::from_digits(negative, &kept).ok_or(Refused::TooLarge)
}

/// The significant digits (no leading zeroes) and the power of ten that they count.
fn digits_of(text: &[u8]) -> Option<(Vec<u8>, i64)> {
    let mantissa_end = text.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(text.len());
    let (mantissa, tail) = text.split_at(mantissa_end);
    let mut exponent = match tail {
        [] => 0,
        [_, number @ ..] => std::str::from_utf8(number).ok()?.parse::<i64>().ok()?,
    };
    let point = mantissa.iter().position(|&byte| byte == b'.');
    let fraction = point.map_or(0, |point| mantissa.len() - point - 1);
    exponent = exponent.checked_sub(fraction as i64)?;
    let mut digits = Vec::with_capacity(mantissa.len());
    for (at, byte) in mantissa.iter().enumerate() {
        match byte {
            b'0'..=b'9' => digits.push(*byte),
            b'.' if point == Some(at) => {}
            _ => return None,
        }
    }
    if digits.is_empty() {
        return None;
    }
    let zeroes = digits.iter().take_while(|&&digit| digit == b'0').count();
    digits.drain(..zeroes);
    Some((digits, exponent))
}

/// The digits of the number in units of 10^-`scale`, rounded half away from zero.
fn scaled(mut digits: Vec<u8>, exponent: i64, scale: i8) -> Result<Vec<u8>, Refused> {
    let shift = exponent.saturating_add(i64::from(scale));
    if digits.is_empty() {
        return Ok(digits);
    }
    if shift > EXPONENT_MAX {
        return Err(Refused::TooLarge);
    }
    if shift >= 0 {
        digits.resize(digits.len() + shift as usize, b'0');
        return Ok(digits);
    }
    let dropped = shift.unsigned_abs();
    if dropped > digits.len() as u64 {
        return Ok(Vec::new());
    }
    let keep = digits.len() - dropped as usize;
    let up = digits[keep] >= b'5';
    digits.truncate(keep);
    if up {
        add_one(&mut digits);
    }
    Ok(digits)
}

fn add_one(digits: &mut Vec<u8>) {
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return;
        }
        *digit = b'0';
    }
    digits.insert(0, b'1');
}

/// A decimal's number of units from its digits.
pub(crate) trait FromDigits: Sized {
    /// `None` if it does not fit.
    fn from_digits(negative: bool, digits: &[u8]) -> Option<Self>;
}

impl FromDigits for i128 {
    fn from_digits(negative: bool, digits: &[u8]) -> Option<Self> {
        let mut value: i128 = 0;
        for digit in digits {
            value = value.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
        }
        Some(if negative { -value } else { value })
    }
}

impl FromDigits for i256 {
    fn from_digits(negative: bool, digits: &[u8]) -> Option<Self> {
        if digits.is_empty() {
            return Some(Self::ZERO);
        }
        let value = Self::from_string(std::str::from_utf8(digits).ok()?)?;
        Some(if negative { value.wrapping_neg() } else { value })
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{Decimal128Type, Decimal256Type};

    use super::*;

    #[test]
    fn decimals_are_exact_and_rounded_away_from_zero() {
        let read = |text| parse::<Decimal128Type>(text, 10, 2);
        assert_eq!(read("12.5"), Ok(1250));
        assert_eq!(read("-0.005"), Ok(-1));
        assert_eq!(read("0.0049"), Ok(0));
        assert_eq!(read("99.995"), Ok(10_000));
        assert_eq!(read("1e3"), Ok(100_000));
        assert_eq!(read("1.5E-1"), Ok(15));
        assert_eq!(read(".5"), Ok(50));
        assert_eq!(read("0e999999999999"), Ok(0));
        assert_eq!(read("1e-999999999999"), Ok(0));
        assert_eq!(read("1e999999999999"), Err(Refused::TooLarge));
        assert_eq!(read("123456789"), Err(Refused::TooLarge));
        for text in ["", ".", "-", "1.2.3", "e5", "1e", "0x10", "1 ", "NaN"] {
            assert_eq!(read(text), Err(Refused::NotANumber), "{text:?}");
        }
    }

    #[test]
    fn seventy_six_digits_are_kept() {
        let text = "9".repeat(76);
        let value = parse::<Decimal256Type>(&text, 76, 0).unwrap();
        assert_eq!(value.to_string(), text);
        assert_eq!(parse::<Decimal256Type>(&format!("{text}9"), 76, 0), Err(Refused::TooLarge));
    }
}
