//! Durations and byte sizes as people write them; a number without its unit is refused.

use std::time::Duration;

const DURATION_UNITS: &[(&[&str], u64)] = &[
    (&["us", "µs", "microsecond", "microseconds"], 1),
    (&["ms", "millisecond", "milliseconds"], 1_000),
    (&["s", "sec", "second", "seconds"], 1_000_000),
    (&["min", "minute", "minutes"], 60_000_000),
    (&["h", "hour", "hours"], 3_600_000_000),
    (&["d", "day", "days"], 86_400_000_000),
];

const BYTE_UNITS: &[(&[&str], u64)] = &[
    (&["B", "bytes"], 1),
    (&["KiB"], 1 << 10),
    (&["MiB"], 1 << 20),
    (&["GiB"], 1 << 30),
    (&["KB", "kB"], 1_000),
    (&["MB"], 1_000_000),
    (&["GB"], 1_000_000_000),
];

/// A duration with its unit: `250 ms`, `5 s`, `1.5 hours`. `None` if it is not one (no unit, negative, unknown unit).
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    scaled(text, DURATION_UNITS).map(Duration::from_micros)
}

/// A size with its unit: `64 MiB`, `10 kB`. `None` if it is not one.
#[must_use]
pub fn bytes(text: &str) -> Option<u64> {
    scaled(text, BYTE_UNITS)
}

fn scaled(text: &str, units: &[(&[&str], u64)]) -> Option<u64> {
    let text = text.trim();
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let (number, unit) = (text[..split].trim(), text[split..].trim());
    let factor = units.iter().find(|(names, _)| names.contains(&unit))?.1;
    match number.parse::<u64>() {
        Ok(whole) => whole.checked_mul(factor),
        Err(_) => {
            let value = number.parse::<f64>().ok()? * factor as f64;
            (value.is_finite() && value < u64::MAX as f64).then_some(value.round() as u64)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_required() {
        assert_eq!(duration("250 ms"), Some(Duration::from_millis(250)));
        assert_eq!(duration("1.5h"), Some(Duration::from_secs(5400)));
        assert_eq!(duration("5"), None);
        assert_eq!(duration("-5 s"), None);
        assert_eq!(bytes("64 MiB"), Some(64 << 20));
        assert_eq!(bytes("64"), None);
        assert_eq!(bytes("99999999999 GiB"), None);
    }
}
