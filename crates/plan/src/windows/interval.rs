//! The sizes of windows: constants, in the unit of the time column.

use arrow::datatypes::{DataType, IntervalMonthDayNano};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use levada_base::{Error, Result, codes};

const DAY_US: i64 = 86_400_000_000;

/// A constant as a number of the unit of a time column of type `time`: microseconds, or a plain number for BIGINT.
///
/// # Errors
/// `LV-S504` if it is not a constant, has months, or is of the wrong kind.
pub(super) fn constant(expr: &Expr, time: &DataType, what: &str) -> Result<i64> {
    let value = match expr {
        Expr::Literal(value, _) => value,
        Expr::Cast(inner) => return constant(&inner.expr, time, what),
        Expr::Negative(inner) => return constant(inner, time, what).map(|value| -value),
        other => return Err(invalid(format!("the {what} of a window is not a constant: {other}"))),
    };
    match (value, time) {
        (ScalarValue::IntervalMonthDayNano(Some(interval)), DataType::Timestamp(..)) => micros(*interval, what),
        (ScalarValue::IntervalDayTime(Some(interval)), DataType::Timestamp(..)) => {
            Ok(i64::from(interval.days) * DAY_US + i64::from(interval.milliseconds) * 1_000)
        }
        (ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), DataType::Timestamp(..)) => {
            let interval = arrow::compute::kernels::cast_utils::parse_interval_month_day_nano(text)
                .map_err(|_| invalid(format!("the {what} of a window can't be '{text}'")))?;
            micros(interval, what)
        }
        (ScalarValue::Int64(Some(number)), DataType::Int64) => Ok(*number),
        (other, DataType::Int64) => {
            Err(invalid(format!("the {what} of a window over a BIGINT can't be {other}")).with_hint("give a whole number"))
        }
        (other, _) => Err(invalid(format!("the {what} of a window can't be {other}"))),
    }
}

fn micros(interval: IntervalMonthDayNano, what: &str) -> Result<i64> {
    if interval.months != 0 {
        return Err(
            invalid(format!("the {what} of a window can't have months or years")).with_reason("they are not of one length")
        );
    }
    if interval.nanoseconds % 1_000 != 0 {
        return Err(invalid(format!("the {what} of a window is finer than a microsecond")));
    }
    Ok(i64::from(interval.days) * DAY_US + interval.nanoseconds / 1_000)
}

fn invalid(message: String) -> Error {
    Error::new(codes::LV_S504, message).with_hint("give a fixed interval, such as INTERVAL '10' SECOND")
}
