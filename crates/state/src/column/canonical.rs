//! One form for values that SQL calls equal inside types that are kept encoded: all NaN, both zeros, and intervals that last equally
//! long (a month is 30 days, a day 24 hours).

use arrow::array::{Array, ArrayData, ArrayRef, AsArray, IntervalMonthDayNanoArray, make_array};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit};
use levada_base::{Error, Result};

use super::FixedKind;

const DAYS_PER_MONTH: i64 = 30;
const NANOS_PER_DAY: i64 = 86_400_000_000_000;

/// Whether two different encodings of a value of this type may be equal to SQL.
pub(super) fn has_equal_forms(data_type: &DataType) -> bool {
    match data_type {
        DataType::Float16 | DataType::Float32 | DataType::Float64 | DataType::Interval(IntervalUnit::MonthDayNano) => true,
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _) => has_equal_forms(field.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| has_equal_forms(field.data_type())),
        DataType::Dictionary(_, values) => has_equal_forms(values),
        _ => false,
    }
}

/// The array with every value in its one form.
pub(super) fn canonical(array: &ArrayRef) -> Result<ArrayRef> {
    Ok(make_array(canonical_data(array.to_data())?))
}

fn canonical_data(data: ArrayData) -> Result<ArrayData> {
    let builder = match data.data_type() {
        DataType::Float16 | DataType::Float32 | DataType::Float64 => {
            let Some(kind) = FixedKind::of(data.data_type()) else { return Ok(data) };
            let values = kind.canonical_values(&data.buffers()[0]);
            data.into_builder().buffers(vec![values])
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => return Ok(canonical_intervals(data)),
        data_type if !has_equal_forms(data_type) => return Ok(data),
        _ => {
            let children = data.child_data().iter().cloned().map(canonical_data).collect::<Result<_>>()?;
            data.into_builder().child_data(children)
        }
    };
    builder.build().map_err(|cause| Error::internal("state could not bring a column into one form").caused_by(cause))
}

fn canonical_intervals(data: ArrayData) -> ArrayData {
    let array = make_array(data);
    let intervals = array.as_primitive::<IntervalMonthDayNanoType>();
    let canonical: IntervalMonthDayNanoArray = intervals.unary(canonical_interval);
    canonical.into_data()
}

/// Days and less than a day; as it is if the days do not fit, which takes millions of years.
fn canonical_interval(interval: IntervalMonthDayNano) -> IntervalMonthDayNano {
    let days =
        i64::from(interval.months) * DAYS_PER_MONTH + i64::from(interval.days) + interval.nanoseconds.div_euclid(NANOS_PER_DAY);
    match i32::try_from(days) {
        Ok(days) => IntervalMonthDayNano::new(0, days, interval.nanoseconds.rem_euclid(NANOS_PER_DAY)),
        Err(_) => interval,
    }
}

impl FixedKind {
    /// Native values of a float kind, each replaced by the one of its word.
    fn canonical_values(self, values: &Buffer) -> Buffer {
        match self.width() {
            2 => Buffer::from_vec(map(values.typed_data::<u16>(), |bits| self.word_of_bits(u64::from(bits)) as u16)),
            4 => Buffer::from_vec(map(values.typed_data::<u32>(), |bits| self.word_of_bits(u64::from(bits)) as u32)),
            _ => Buffer::from_vec(map(values.typed_data::<u64>(), |bits| self.word_of_bits(bits))),
        }
    }
}

fn map<T: Copy>(values: &[T], one: impl Fn(T) -> T) -> Vec<T> {
    values.iter().map(|value| one(*value)).collect()
}
