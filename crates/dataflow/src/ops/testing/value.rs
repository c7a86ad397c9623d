//! Rows as plain values, and their way from and to Arrow.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Float64Array, Int64Array, RecordBatch, RecordBatchOptions,
    StringViewArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Field, Float64Type, Int64Type, Schema, SchemaRef};
use levada_delta::DeltaBatch;

/// One value. The order is the canonical one: ascending, NULL last, all NaN one value above infinity, −0.0 equal to 0.0.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Bool(bool),
    /// Integers, times and unscaled decimals.
    Int(i128),
    Float(f64),
    Text(String),
    Null,
}

pub(crate) type Row = Vec<Value>;

/// A relation: rows with their weights, none of them 0.
pub(crate) type ZSet = BTreeMap<Row, i64>;

impl Value {
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The number in an integer, a time or a decimal.
    pub(crate) fn int(&self) -> Option<i128> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    fn kind(&self) -> u8 {
        match self {
            Self::Bool(_) => 0,
            Self::Int(_) => 1,
            Self::Float(_) => 2,
            Self::Text(_) => 3,
            Self::Null => 4,
        }
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => match (a.is_nan(), b.is_nan()) {
                (false, false) => a.partial_cmp(b).expect("numbers have an order"),
                (a, b) => a.cmp(&b),
            },
            (Self::Text(a), Self::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
            _ => self.kind().cmp(&other.kind()),
        }
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Value {}

/// A small pool of numbers, with NULL.
pub(crate) fn ints(range: std::ops::Range<i128>) -> Vec<Value> {
    range.map(Value::Int).chain([Value::Null]).collect()
}

/// Floats of every awkward kind, with NULL.
pub(crate) fn floats() -> Vec<Value> {
    let values = [0.0, -0.0, 1.5, -1.5, f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    values.into_iter().map(Value::Float).chain([Value::Null]).collect()
}

/// Texts on both sides of what a view holds inside, with NULL.
pub(crate) fn texts() -> Vec<Value> {
    let values = ["", "a", "ab", "twelve bytes", "thirteen bytes and more", "thirteen bytes, other end"];
    values.into_iter().map(|text| Value::Text(text.to_owned())).chain([Value::Null]).collect()
}

/// Nullable columns.
pub(crate) fn schema(columns: &[(&str, DataType)]) -> SchemaRef {
    let fields = columns.iter().map(|(name, data_type)| Field::new(*name, data_type.clone(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Rows as a batch of these columns.
pub(crate) fn batch_of(schema: &SchemaRef, rows: &[Row]) -> RecordBatch {
    let column = |(at, field): (usize, &Arc<Field>)| array_of(field.data_type(), rows.iter().map(|row| &row[at]));
    let columns = schema.fields().iter().enumerate().map(column).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options).expect("rows of this schema")
}

/// Changes as a delta; without weights where all are 1, as append-only input comes.
pub(crate) fn delta_of(schema: &SchemaRef, changes: &[(Row, i64)]) -> DeltaBatch {
    let rows: Vec<Row> = changes.iter().map(|(row, _)| row.clone()).collect();
    let weights = changes.iter().any(|(_, weight)| *weight != 1).then(|| changes.iter().map(|(_, weight)| *weight).collect());
    DeltaBatch::new(batch_of(schema, &rows), weights).expect("a weight a row")
}

/// A delta as changes.
pub(crate) fn rows_of(delta: &DeltaBatch) -> Vec<(Row, i64)> {
    let columns: Vec<Vec<Value>> = delta.batch().columns().iter().map(values_of).collect();
    let row = |at: usize| (columns.iter().map(|column| column[at].clone()).collect(), delta.weight(at));
    (0..delta.num_rows()).map(row).collect()
}

fn array_of<'a>(data_type: &DataType, values: impl Iterator<Item = &'a Value>) -> ArrayRef {
    let wrong = |value: &Value| -> ! { panic!("{value:?} in a column of {data_type}") };
    match data_type {
        DataType::Boolean => Arc::new(BooleanArray::from_iter(values.map(|value| match value {
            Value::Bool(value) => Some(*value),
            Value::Null => None,
            other => wrong(other),
        }))),
        DataType::Float64 => Arc::new(Float64Array::from_iter(values.map(|value| match value {
            Value::Float(value) => Some(*value),
            Value::Null => None,
            other => wrong(other),
        }))),
        DataType::Utf8View => Arc::new(StringViewArray::from_iter(values.map(|value| match value {
            Value::Text(value) => Some(value.clone()),
            Value::Null => None,
            other => wrong(other),
        }))),
        DataType::Decimal128(precision, scale) => {
            let array = Decimal128Array::from_iter(values.map(Value::int));
            Arc::new(array.with_precision_and_scale(*precision, *scale).expect("a decimal that fits"))
        }
        _ => {
            let numbers = values.map(|value| value.int().map(|value| i64::try_from(value).expect("64 bits")));
            cast(&Int64Array::from_iter(numbers), data_type).expect("a type made of integers")
        }
    }
}

fn values_of(array: &ArrayRef) -> Vec<Value> {
    let value = |at: usize| match array.data_type() {
        _ if array.is_null(at) => Value::Null,
        DataType::Boolean => Value::Bool(array.as_boolean().value(at)),
        DataType::Float64 => Value::Float(array.as_primitive::<Float64Type>().value(at)),
        DataType::Utf8View => Value::Text(array.as_string_view().value(at).to_owned()),
        DataType::Decimal128(..) => Value::Int(array.as_primitive::<Decimal128Type>().value(at)),
        _ => {
            let number = cast(&array.slice(at, 1), &DataType::Int64).expect("a type made of integers");
            Value::Int(number.as_primitive::<Int64Type>().value(0).into())
        }
    };
    (0..array.len()).map(value).collect()
}
