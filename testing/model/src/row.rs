//! Rows as plain values.

use std::cmp::Ordering;
use std::fmt;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// One value. Floats are numbers, because two ways to one sum may differ in the last digit; everything else is its text.
#[derive(Debug, Clone)]
pub enum Cell {
    Null,
    /// No negative zero, and only one NaN: SQL calls them equal.
    Float(f64),
    Text(String),
}

/// The values of a row, column by column.
pub type Row = Vec<Cell>;

/// Relative and absolute distance up to which two floats are the same answer.
const FLOAT_TOLERANCE: f64 = 1e-9;

impl Cell {
    fn float(value: f64) -> Self {
        Self::Float(if value.is_nan() { f64::NAN } else { value + 0.0 })
    }

    /// Whether both are the same answer.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Float(a), Self::Float(b)) => {
                let near = || (a - b).abs() <= FLOAT_TOLERANCE * a.abs().max(b.abs()).max(1.0);
                a.total_cmp(b).is_eq() || (a.is_finite() && b.is_finite() && near())
            }
            _ => self == other,
        }
    }
}

impl Ord for Cell {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Float(a), Self::Float(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Null, Self::Null) => Ordering::Equal,
            (Self::Null, _) | (Self::Float(_), Self::Text(_)) => Ordering::Less,
            (_, Self::Null) | (Self::Text(_), Self::Float(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Cell {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Cell {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Cell {}

impl fmt::Display for Cell {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => out.write_str("NULL"),
            Self::Float(value) => write!(out, "{value:?}"),
            Self::Text(text) => write!(out, "{text:?}"),
        }
    }
}

/// The rows of a batch.
///
/// # Panics
/// If Arrow can't print a column.
#[must_use]
pub fn rows_of(batch: &RecordBatch) -> Vec<Row> {
    let mut rows = vec![Row::with_capacity(batch.num_columns()); batch.num_rows()];
    for column in batch.columns() {
        let options = FormatOptions::default();
        let texts = ArrayFormatter::try_new(column, &options).expect("a column that can be printed");
        for (at, row) in rows.iter_mut().enumerate() {
            row.push(match column.data_type() {
                _ if column.is_null(at) => Cell::Null,
                DataType::Float64 => Cell::float(column.as_primitive::<Float64Type>().value(at)),
                _ => Cell::Text(texts.value(at).to_string()),
            });
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_agree_up_to_their_last_digits_and_zero_has_no_sign() {
        assert!(Cell::float(0.1 + 0.2).agrees(&Cell::float(0.3)));
        assert!(!Cell::float(0.3).agrees(&Cell::float(0.300_001)));
        assert!(Cell::float(f64::NAN).agrees(&Cell::float(-f64::NAN)));
        assert!(!Cell::float(f64::INFINITY).agrees(&Cell::float(1.0)));
        assert_eq!(Cell::float(-0.0), Cell::float(0.0));
        assert!(!Cell::Null.agrees(&Cell::float(0.0)));
    }
}
