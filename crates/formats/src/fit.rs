//! Batches of a typed file (Parquet, Arrow IPC) to the plan's columns: by name, and by casts that lose nothing.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Schema, SchemaRef, TimeUnit};
use levada_base::{Error, Result, codes};
use levada_delta::engine_type;

use crate::value::names::sql_name;
use crate::{columns, fault};

/// How the columns of a file become those of a plan.
pub(crate) struct Fit {
    file: String,
    schema: SchemaRef,
    /// For each column of the plan its place among `fields`.
    places: Vec<Option<usize>>,
    /// The fields of the file that are read, in the file's order.
    fields: Vec<usize>,
}

impl Fit {
    /// # Errors
    /// `LV-C050` if a column is missing or has another type.
    pub(crate) fn new(file: &str, plan: &SchemaRef, found: &Schema) -> Result<Self> {
        let names: Vec<&str> = found.fields().iter().map(|field| field.name().as_str()).collect();
        let located = columns::locate(file, plan, &names)?;
        for (column, at) in plan.fields().iter().zip(&located) {
            let Some(at) = at else { continue };
            let found = found.field(*at).data_type();
            if !can_become(&engine_type(found), column.data_type()) {
                let (declared, found) = (sql_name(column.data_type()), sql_name(found));
                return Err(Error::new(codes::LV_C050, format!("{file}, column \"{}\"", column.name()))
                    .with_reason(format!("it is declared {declared} and the file has {found}"))
                    .with_hint(format!("declare it {found}")));
            }
        }
        let mut fields: Vec<usize> = located.iter().flatten().copied().collect();
        fields.sort_unstable();
        fields.dedup();
        let places = located.iter().map(|at| at.and_then(|at| fields.binary_search(&at).ok())).collect();
        Ok(Self { file: file.to_owned(), schema: plan.clone(), places, fields })
    }

    /// The fields of the file that are wanted, in the file's order.
    pub(crate) fn fields(&self) -> &[usize] {
        &self.fields
    }

    /// A batch of [`Fit::fields`] as a batch of the plan; `first_row` is the number of its first row in the file, counted from 1.
    ///
    /// # Errors
    /// `LV-C040` if a value does not fit its column.
    pub(crate) fn apply(&self, batch: &RecordBatch, first_row: u64) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let mut arrays = Vec::with_capacity(self.places.len());
        for (column, place) in self.schema.fields().iter().zip(&self.places) {
            let Some(place) = place else {
                arrays.push(new_null_array(column.data_type(), rows));
                continue;
            };
            let array = self.cast(batch.column(*place), column.data_type(), column.name(), first_row)?;
            if let Some(row) = first_null(&array).filter(|_| !column.is_nullable()) {
                let reason = "the value is NULL and the column is declared NOT NULL";
                return Err(bad_value(&self.file, first_row + row as u64, column.name(), reason));
            }
            arrays.push(array);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options);
        batch.map_err(|cause| fault::bad_file(&self.file, cause.to_string()))
    }

    fn cast(&self, array: &ArrayRef, target: &DataType, column: &str, first_row: u64) -> Result<ArrayRef> {
        if array.data_type() == target {
            return Ok(Arc::clone(array));
        }
        let strict = CastOptions { safe: false, ..CastOptions::default() };
        cast_with_options(array, target, &strict).map_err(|cause| bad_value(&self.file, first_row, column, cause.to_string()))
    }
}

fn bad_value(file: &str, row: u64, column: &str, reason: impl Into<String>) -> Error {
    Error::new(codes::LV_C040, format!("{file}, row {row}, column \"{column}\"")).with_reason(reason).with_hint(fault::MEND)
}

fn first_null(array: &ArrayRef) -> Option<usize> {
    let nulls = array.logical_nulls().filter(|nulls| nulls.null_count() > 0)?;
    nulls.iter().position(|valid| !valid)
}

/// Whether every value of `from` is a value of `to`, or is refused when it comes and is not (`TIMESTAMP(9)` beyond microseconds'
/// range can't be, so it may; a BIGINT never becomes an INTEGER).
fn can_become(from: &DataType, to: &DataType) -> bool {
    if from == to {
        return true;
    }
    let digits = |data_type: &DataType| match data_type {
        DataType::Int8 | DataType::UInt8 => Some(3),
        DataType::Int16 | DataType::UInt16 => Some(5),
        DataType::Int32 | DataType::UInt32 => Some(10),
        DataType::Int64 => Some(19),
        DataType::UInt64 => Some(20),
        _ => None,
    };
    match (from, to) {
        (DataType::Null, _) => true,
        _ if from.is_signed_integer() && to.is_signed_integer() => width(from) < width(to),
        _ if from.is_unsigned_integer() && to.is_integer() => width(from) < width(to),
        (DataType::Float32, DataType::Float64) | (DataType::Float16, DataType::Float32 | DataType::Float64) => true,
        (_, DataType::Float64) if from.is_integer() => width(from) <= 4,
        (_, DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale)) => match (from, digits(from)) {
            (_, Some(digits)) => i16::from(*precision) - i16::from(*scale) >= digits,
            (
                DataType::Decimal128(p, s) | DataType::Decimal256(p, s) | DataType::Decimal64(p, s) | DataType::Decimal32(p, s),
                _,
            ) => s <= scale && i16::from(*p) - i16::from(*s) <= i16::from(*precision) - i16::from(*scale),
            _ => false,
        },
        (DataType::Date32, DataType::Timestamp(_, None))
        | (DataType::Date64, DataType::Timestamp(_, None) | DataType::Date32) => true,
        // Nanoseconds to microseconds drops digits below what the column holds, as reading text does.
        (DataType::Timestamp(_, from), DataType::Timestamp(TimeUnit::Microsecond | TimeUnit::Nanosecond, to)) => {
            from.is_some() == to.is_some()
        }
        (DataType::Time32(_) | DataType::Time64(_), DataType::Time64(_)) => true,
        (DataType::List(from), DataType::List(to)) => can_become(&engine_type(from.data_type()), to.data_type()),
        (DataType::Struct(from), DataType::Struct(to)) => {
            from.len() == to.len()
                && from
                    .iter()
                    .zip(to)
                    .all(|(from, to)| from.name() == to.name() && can_become(from.data_type(), to.data_type()))
        }
        _ => false,
    }
}

fn width(data_type: &DataType) -> usize {
    data_type.primitive_width().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_casts_that_keep_every_value_are_taken() {
        use DataType::{Date32, Decimal128, Float32, Float64, Int32, Int64, UInt32, UInt64, Utf8View};
        for (from, to) in [(Int32, Int64), (UInt32, Int64), (Float32, Float64), (Int32, Float64), (Int64, Decimal128(19, 0))] {
            assert!(can_become(&from, &to), "{from} to {to}");
            assert!(!can_become(&to, &from), "{to} to {from}");
        }
        for (from, to) in [(Int64, Float64), (UInt64, Int64), (Int64, Utf8View), (Utf8View, Int64), (Date32, Utf8View)] {
            assert!(!can_become(&from, &to), "{from} to {to}");
        }
        assert!(can_become(&Decimal128(10, 2), &Decimal128(12, 4)));
        assert!(!can_become(&Decimal128(10, 2), &Decimal128(10, 4)));
    }
}
