//! Typed columns built from texts, one cell at a time.

mod primitive;

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryViewBuilder, BooleanBuilder, FixedSizeBinaryBuilder, StringViewBuilder};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    Time64MicrosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};

use super::names::{sql_name, with_article};
use super::time;
use primitive::{decimals, in_units, integers, parsed, timestamps};

/// Bytes of a bad value that an error shows.
const SHOWN_BYTES_MAX: usize = 200;
const UUID_BYTES: i32 = 16;

/// One column being built. Every append adds exactly one cell, also the one that fails (its cell is NULL then), so that columns of a
/// row never get out of step.
pub(crate) trait Cells: Send {
    /// Adds NULL.
    fn append_null(&mut self);

    /// Adds the value that `text` writes; says why not if it writes none.
    fn append_text(&mut self, text: &str) -> Result<(), String>;

    /// Adds a truth value; only a BOOLEAN column takes it.
    fn append_bool(&mut self, value: bool) -> Result<(), String> {
        self.append_text(if value { "true" } else { "false" })
    }

    /// The first `rows` cells; the column is empty afterwards.
    fn finish(&mut self, rows: usize) -> ArrayRef;
}

/// An empty column of that type; `None` if its values have no text form of one cell (nested types, intervals).
pub(crate) fn cells(data_type: &DataType) -> Option<Box<dyn Cells>> {
    Some(match data_type {
        DataType::Boolean => Box::new(Booleans(BooleanBuilder::new())),
        DataType::Int8 => integers::<Int8Type>(data_type),
        DataType::Int16 => integers::<Int16Type>(data_type),
        DataType::Int32 => integers::<Int32Type>(data_type),
        DataType::Int64 => integers::<Int64Type>(data_type),
        DataType::UInt8 => integers::<UInt8Type>(data_type),
        DataType::UInt16 => integers::<UInt16Type>(data_type),
        DataType::UInt32 => integers::<UInt32Type>(data_type),
        DataType::UInt64 => integers::<UInt64Type>(data_type),
        DataType::Float32 => parsed::<Float32Type, _>(data_type, |text| text.parse().map_err(|_| Wrong::Form)),
        DataType::Float64 => parsed::<Float64Type, _>(data_type, |text| text.parse().map_err(|_| Wrong::Form)),
        DataType::Decimal128(precision, scale) => decimals::<Decimal128Type>(data_type, *precision, *scale),
        DataType::Decimal256(precision, scale) => decimals::<Decimal256Type>(data_type, *precision, *scale),
        DataType::Utf8View => Box::new(Texts(StringViewBuilder::new())),
        DataType::BinaryView => Box::new(Bytes(BinaryViewBuilder::new())),
        DataType::FixedSizeBinary(UUID_BYTES) => Box::new(Uuids(FixedSizeBinaryBuilder::new(UUID_BYTES))),
        DataType::Date32 => parsed::<Date32Type, _>(data_type, |text| {
            let days = time::parse_date(text).ok_or(Wrong::Form)?;
            i32::try_from(days).map_err(|_| Wrong::Range)
        }),
        DataType::Time64(TimeUnit::Microsecond) => parsed::<Time64MicrosecondType, _>(data_type, |text| {
            let (seconds, nanos) = time::parse_time(text).ok_or(Wrong::Form)?;
            in_units(seconds, nanos, 1_000)
        }),
        DataType::Timestamp(unit, zone) => {
            let zoned = zone.is_some();
            match unit {
                TimeUnit::Second => timestamps::<TimestampSecondType>(data_type, time::NANOS_A_SECOND, zoned),
                TimeUnit::Millisecond => timestamps::<TimestampMillisecondType>(data_type, 1_000_000, zoned),
                TimeUnit::Microsecond => timestamps::<TimestampMicrosecondType>(data_type, 1_000, zoned),
                TimeUnit::Nanosecond => timestamps::<TimestampNanosecondType>(data_type, 1, zoned),
            }
        }
        _ => return None,
    })
}

/// The value as an error shows it: quoted and [`cut`].
pub(crate) fn shown(text: &str) -> String {
    format!("\"{}\"", cut(text))
}

/// The first [`SHOWN_BYTES_MAX`] bytes of a text, at most.
pub(crate) fn cut(text: &str) -> Cow<'_, str> {
    if text.len() <= SHOWN_BYTES_MAX {
        return Cow::Borrowed(text);
    }
    let end = (0..=SHOWN_BYTES_MAX).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    Cow::Owned(format!("{}…", &text[..end]))
}

/// Why a text is not a value of the column's type.
#[derive(Debug, Clone, Copy)]
enum Wrong {
    Form,
    Range,
    /// A TIMESTAMP has no zone, but the text names an offset.
    Offset,
}

impl Wrong {
    fn reason(self, text: &str, data_type: &DataType) -> String {
        let name = with_article(&sql_name(data_type));
        match self {
            Self::Form => format!("{} is not {name}", shown(text)),
            Self::Range => format!("{} is out of range for {name}", shown(text)),
            Self::Offset => {
                format!("{} has an offset from UTC and TIMESTAMP has none: declare the column TIMESTAMPTZ", shown(text))
            }
        }
    }
}

struct Booleans(BooleanBuilder);

impl Cells for Booleans {
    fn append_null(&mut self) {
        self.0.append_null();
    }

    fn append_text(&mut self, text: &str) -> Result<(), String> {
        let is = |words: [&str; 3]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        let value = match () {
            () if is(["t", "true", "1"]) => Some(true),
            () if is(["f", "false", "0"]) => Some(false),
            () => None,
        };
        self.0.append_option(value);
        value.map(drop).ok_or_else(|| Wrong::Form.reason(text, &DataType::Boolean))
    }

    fn finish(&mut self, rows: usize) -> ArrayRef {
        Arc::new(self.0.finish().slice(0, rows))
    }
}

struct Texts(StringViewBuilder);

impl Cells for Texts {
    fn append_null(&mut self) {
        self.0.append_null();
    }

    fn append_text(&mut self, text: &str) -> Result<(), String> {
        self.0.append_value(text);
        Ok(())
    }

    fn append_bool(&mut self, value: bool) -> Result<(), String> {
        self.0.append_null();
        Err(format!("{value} is not a TEXT"))
    }

    fn finish(&mut self, rows: usize) -> ArrayRef {
        Arc::new(self.0.finish().slice(0, rows))
    }
}

/// `\x` and two hexadecimal digits a byte.
struct Bytes(BinaryViewBuilder);

impl Cells for Bytes {
    fn append_null(&mut self) {
        self.0.append_null();
    }

    fn append_text(&mut self, text: &str) -> Result<(), String> {
        let bytes = text.strip_prefix("\\x").and_then(from_hex);
        self.0.append_option(bytes.as_deref());
        bytes.map(drop).ok_or_else(|| Wrong::Form.reason(text, &DataType::BinaryView))
    }

    fn finish(&mut self, rows: usize) -> ArrayRef {
        Arc::new(self.0.finish().slice(0, rows))
    }
}

struct Uuids(FixedSizeBinaryBuilder);

impl Cells for Uuids {
    fn append_null(&mut self) {
        self.0.append_null();
    }

    fn append_text(&mut self, text: &str) -> Result<(), String> {
        let dashes_fit =
            text.len() == 36 && text.bytes().enumerate().all(|(at, byte)| (byte == b'-') == matches!(at, 8 | 13 | 18 | 23));
        let bytes = if dashes_fit { from_hex(&text.replace('-', "")) } else { None };
        match bytes {
            Some(bytes) if self.0.append_value(&bytes).is_ok() => Ok(()),
            _ => {
                self.0.append_null();
                Err(Wrong::Form.reason(text, &DataType::FixedSizeBinary(UUID_BYTES)))
            }
        }
    }

    fn finish(&mut self, rows: usize) -> ArrayRef {
        Arc::new(self.0.finish().slice(0, rows))
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| if let [high, low] = pair { Some(digit(*high)? << 4 | digit(*low)?) } else { None }).collect()
}

#[cfg(test)]
mod tests {
    use arrow::array::Array as _;

    use super::*;

    fn reason(data_type: &DataType, text: &str) -> Option<String> {
        let mut cells = cells(data_type).unwrap();
        let outcome = cells.append_text(text);
        assert_eq!(cells.finish(1).null_count(), usize::from(outcome.is_err()), "a bad cell is NULL, a good one is not");
        outcome.err()
    }

    #[test]
    fn reasons_name_value_and_type() {
        let zoned = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let plain = DataType::Timestamp(TimeUnit::Microsecond, None);
        assert_eq!(reason(&DataType::Int64, "abc").unwrap(), "\"abc\" is not a BIGINT");
        assert_eq!(reason(&DataType::Int64, "1.5").unwrap(), "\"1.5\" is not a BIGINT");
        assert_eq!(reason(&DataType::Int8, "128").unwrap(), "\"128\" is out of range for a TINYINT");
        assert_eq!(reason(&DataType::Decimal128(4, 2), "100").unwrap(), "\"100\" is out of range for a DECIMAL(4, 2)");
        assert_eq!(reason(&DataType::Date32, "2026-02-30").unwrap(), "\"2026-02-30\" is not a DATE");
        assert!(reason(&plain, "2026-01-01T00:00:00+02").unwrap().contains("declare the column TIMESTAMPTZ"));
        assert_eq!(reason(&zoned, "2026-01-01T00:00:00+02"), None);
        assert_eq!(reason(&plain, "999999-01-01").unwrap(), "\"999999-01-01\" is out of range for a TIMESTAMP");
        assert_eq!(reason(&DataType::BinaryView, "\\xf").unwrap(), "\"\\xf\" is not a BYTEA");
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        let text = format!("x{}", "ü".repeat(500));
        let reason = reason(&DataType::Int64, &text).unwrap();
        assert!(reason.ends_with("ü…\" is not a BIGINT") && reason.len() < 230, "{reason}");
    }
}
