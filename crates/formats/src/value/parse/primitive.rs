//! Numbers and times: columns that Arrow keeps as one fixed-width value a cell.

use std::sync::Arc;

use arrow::array::{ArrayRef, ArrowPrimitiveType, PrimitiveBuilder};
use arrow::datatypes::{DataType, DecimalType};

use super::{Cells, Wrong};
use crate::value::decimal::{self, FromDigits, Refused};
use crate::value::time;

/// A column of fixed-width values, each read by `parse`.
struct Parsed<T: ArrowPrimitiveType, P> {
    values: PrimitiveBuilder<T>,
    data_type: DataType,
    parse: P,
}

impl<T, P> Cells for Parsed<T, P>
where
    T: ArrowPrimitiveType,
    P: Fn(&str) -> Result<T::Native, Wrong> + Send,
{
    fn append_null(&mut self) {
        self.values.append_null();
    }

    fn append_text(&mut self, text: &str) -> Result<(), String> {
        match (self.parse)(text) {
            Ok(value) => {
                self.values.append_value(value);
                Ok(())
            }
            Err(wrong) => {
                self.values.append_null();
                Err(wrong.reason(text, &self.data_type))
            }
        }
    }

    fn finish(&mut self, rows: usize) -> ArrayRef {
        // The builder gives the type its parameters (precision, zone) as it was made with them.
        Arc::new(self.values.finish().slice(0, rows))
    }
}

pub(super) fn parsed<T, P>(data_type: &DataType, parse: P) -> Box<dyn Cells>
where
    T: ArrowPrimitiveType,
    P: Fn(&str) -> Result<T::Native, Wrong> + Send + 'static,
{
    let values = PrimitiveBuilder::<T>::new().with_data_type(data_type.clone());
    Box::new(Parsed { values, data_type: data_type.clone(), parse })
}

pub(super) fn integers<T>(data_type: &DataType) -> Box<dyn Cells>
where
    T: ArrowPrimitiveType,
    T::Native: std::str::FromStr<Err = std::num::ParseIntError>,
{
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    parsed::<T, _>(data_type, |text| {
        text.parse().map_err(|wrong: std::num::ParseIntError| match wrong.kind() {
            PosOverflow | NegOverflow => Wrong::Range,
            _ => Wrong::Form,
        })
    })
}

pub(super) fn decimals<T>(data_type: &DataType, precision: u8, scale: i8) -> Box<dyn Cells>
where
    T: DecimalType,
    T::Native: FromDigits,
{
    parsed::<T, _>(data_type, move |text| {
        decimal::parse::<T>(text, precision, scale).map_err(|refused| match refused {
            Refused::NotANumber => Wrong::Form,
            Refused::TooLarge => Wrong::Range,
        })
    })
}

pub(super) fn timestamps<T: ArrowPrimitiveType<Native = i64>>(
    data_type: &DataType,
    unit_nanos: i64,
    zoned: bool,
) -> Box<dyn Cells> {
    parsed::<T, _>(data_type, move |text| {
        let written = time::parse_timestamp(text).ok_or(Wrong::Form)?;
        let offset = match (zoned, written.offset) {
            (_, None) => 0,
            (true, Some(offset)) => i64::from(offset),
            (false, Some(0)) => 0,
            (false, Some(_)) => return Err(Wrong::Offset),
        };
        in_units(written.seconds - offset, written.nanos, unit_nanos)
    })
}

/// Seconds and nanoseconds in units of `unit_nanos`, rounded half up.
pub(super) fn in_units(seconds: i64, nanos: u32, unit_nanos: i64) -> Result<i64, Wrong> {
    let total = i128::from(seconds) * i128::from(time::NANOS_A_SECOND) + i128::from(nanos);
    let unit = i128::from(unit_nanos);
    i64::try_from((total + unit / 2).div_euclid(unit)).map_err(|_| Wrong::Range)
}
