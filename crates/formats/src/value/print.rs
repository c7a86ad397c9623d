//! The values of one column as text.

use std::fmt::{Display, LowerExp};
use std::io::Write;

use arrow::array::{Array, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Decimal256Type, DecimalType, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};

use super::time;

/// The spelling where the two text formats differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// As PostgreSQL prints: `t`, `2026-01-01 00:00:00+00`.
    Postgres,
    /// As JSON readers expect: `true`, `2026-01-01T00:00:00Z`.
    Iso,
}

/// Writes the value of a row, which must not be NULL, at the end of a text.
pub(crate) type Print<'a> = Box<dyn Fn(usize, &mut Vec<u8>) + 'a>;

/// What prints the values of `array`; `None` if they have no text form of one cell (nested types, intervals).
pub(crate) fn printer(array: &dyn Array, style: Style) -> Option<Print<'_>> {
    Some(match array.data_type() {
        DataType::Boolean => {
            let values = array.as_boolean();
            let words = if style == Style::Iso { ["false", "true"] } else { ["f", "t"] };
            Box::new(move |row, out| out.extend_from_slice(words[usize::from(values.value(row))].as_bytes()))
        }
        DataType::Int8 => integers::<Int8Type>(array),
        DataType::Int16 => integers::<Int16Type>(array),
        DataType::Int32 => integers::<Int32Type>(array),
        DataType::Int64 => integers::<Int64Type>(array),
        DataType::UInt8 => integers::<UInt8Type>(array),
        DataType::UInt16 => integers::<UInt16Type>(array),
        DataType::UInt32 => integers::<UInt32Type>(array),
        DataType::UInt64 => integers::<UInt64Type>(array),
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>();
            Box::new(move |row, out| print_float(values.value(row), f64::from(values.value(row)), out))
        }
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>();
            Box::new(move |row, out| print_float(values.value(row), values.value(row), out))
        }
        DataType::Decimal128(precision, scale) => decimals::<Decimal128Type>(array, *precision, *scale),
        DataType::Decimal256(precision, scale) => decimals::<Decimal256Type>(array, *precision, *scale),
        DataType::Utf8View => {
            let values = array.as_string_view();
            Box::new(move |row, out| out.extend_from_slice(values.value(row).as_bytes()))
        }
        DataType::BinaryView => {
            let values = array.as_binary_view();
            Box::new(move |row, out| {
                out.extend_from_slice(b"\\x");
                values.value(row).iter().for_each(|byte| print_hex(*byte, out));
            })
        }
        DataType::FixedSizeBinary(16) => {
            let values = array.as_fixed_size_binary();
            Box::new(move |row, out| print_uuid(values.value(row), out))
        }
        DataType::Date32 => {
            let values = array.as_primitive::<Date32Type>();
            Box::new(move |row, out| time::print_date(i64::from(values.value(row)), out))
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            let values = array.as_primitive::<Time64MicrosecondType>();
            Box::new(move |row, out| {
                let (seconds, nanos) = in_seconds(values.value(row), 1_000);
                time::print_time(seconds, nanos, out);
            })
        }
        DataType::Timestamp(unit, zone) => {
            let zone = if zone.is_some() { zone_text(style) } else { "" };
            match unit {
                TimeUnit::Second => timestamps::<TimestampSecondType>(array, time::NANOS_A_SECOND, zone, style),
                TimeUnit::Millisecond => timestamps::<TimestampMillisecondType>(array, 1_000_000, zone, style),
                TimeUnit::Microsecond => timestamps::<TimestampMicrosecondType>(array, 1_000, zone, style),
                TimeUnit::Nanosecond => timestamps::<TimestampNanosecondType>(array, 1, zone, style),
            }
        }
        _ => return None,
    })
}

fn zone_text(style: Style) -> &'static str {
    if style == Style::Iso { "Z" } else { "+00" }
}

fn write(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).unwrap_or_else(|_| unreachable!("a Vec takes every byte"));
}

fn integers<T: ArrowPrimitiveType>(array: &dyn Array) -> Print<'_>
where
    T::Native: Display,
{
    let values = array.as_primitive::<T>();
    Box::new(move |row, out| write(out, format_args!("{}", values.value(row))))
}

fn decimals<T: DecimalType>(array: &dyn Array, precision: u8, scale: i8) -> Print<'_> {
    let values: &PrimitiveArray<T> = array.as_primitive();
    Box::new(move |row, out| out.extend_from_slice(T::format_decimal(values.value(row), precision, scale).as_bytes()))
}

fn timestamps<'a, T>(array: &'a dyn Array, unit_nanos: i64, zone: &'static str, style: Style) -> Print<'a>
where
    T: ArrowPrimitiveType<Native = i64>,
{
    let values: &PrimitiveArray<T> = array.as_primitive();
    let between = if style == Style::Iso { b'T' } else { b' ' };
    Box::new(move |row, out| {
        let (seconds, nanos) = in_seconds(values.value(row), unit_nanos);
        time::print_timestamp(seconds, nanos, between, out);
        out.extend_from_slice(zone.as_bytes());
    })
}

fn in_seconds(value: i64, unit_nanos: i64) -> (i64, u32) {
    let units_a_second = time::NANOS_A_SECOND / unit_nanos;
    (value.div_euclid(units_a_second), (value.rem_euclid(units_a_second) * unit_nanos) as u32)
}

/// The shortest digits that read back as the same number, laid out as PostgreSQL does. `wide` is the same value and decides the layout.
fn print_float<T: Display + LowerExp>(value: T, wide: f64, out: &mut Vec<u8>) {
    let size = wide.abs();
    match wide {
        _ if wide.is_nan() => out.extend_from_slice(b"NaN"),
        f64::INFINITY => out.extend_from_slice(b"Infinity"),
        f64::NEG_INFINITY => out.extend_from_slice(b"-Infinity"),
        _ if size == 0.0 || (1e-4..1e15).contains(&size) => write(out, format_args!("{value}")),
        _ => {
            let text = format!("{value:e}");
            let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let exponent: i32 = exponent.parse().unwrap_or_default();
            write(out, format_args!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs()));
        }
    }
}

fn print_hex(byte: u8, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
}

fn print_uuid(bytes: &[u8], out: &mut Vec<u8>) {
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        print_hex(*byte, out);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, BooleanArray, FixedSizeBinaryArray, Float32Array, Float64Array, TimestampMicrosecondArray};

    use super::*;

    fn texts(array: ArrayRef, style: Style) -> Vec<String> {
        let print = printer(&*array, style).unwrap();
        let text = |row| {
            let mut out = Vec::new();
            print(row, &mut out);
            String::from_utf8(out).unwrap()
        };
        (0..array.len()).map(text).collect()
    }

    #[test]
    fn numbers_look_as_in_postgresql() {
        let floats =
            Float64Array::from(vec![1.0, 0.1, -0.0, 1e15, 1e14, 1.5e300, 0.0001, 0.00001, f64::NAN, f64::NEG_INFINITY]);
        let expected = ["1", "0.1", "-0", "1e+15", "100000000000000", "1.5e+300", "0.0001", "1e-05", "NaN", "-Infinity"];
        assert_eq!(texts(Arc::new(floats), Style::Postgres), expected);
        assert_eq!(texts(Arc::new(Float32Array::from(vec![0.1, 16_777_216.0])), Style::Iso), ["0.1", "16777216"]);
    }

    #[test]
    fn the_two_styles_differ_in_booleans_and_times() {
        let booleans: ArrayRef = Arc::new(BooleanArray::from(vec![true, false]));
        assert_eq!(texts(booleans.clone(), Style::Postgres), ["t", "f"]);
        assert_eq!(texts(booleans, Style::Iso), ["true", "false"]);
        let times: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![-1, 1_500_000]).with_timezone("UTC"));
        assert_eq!(texts(times.clone(), Style::Postgres), ["1969-12-31 23:59:59.999999+00", "1970-01-01 00:00:01.5+00"]);
        assert_eq!(texts(times, Style::Iso), ["1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:01.5Z"]);
        let uuid = FixedSizeBinaryArray::try_from_iter([(0_u8..16).collect::<Vec<_>>()].into_iter()).unwrap();
        assert_eq!(texts(Arc::new(uuid), Style::Iso), ["00010203-0405-0607-0809-0a0b0c0d0e0f"]);
    }
}
