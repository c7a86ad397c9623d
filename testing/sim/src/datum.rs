//! Types and values of the relations: few enough that keys collide, and awkward where SQL is.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};

use crate::chance::Chance;

/// The type of a column, as far as the queries care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Int,
    /// Numbers whose sums are exact in any order.
    Float,
    /// Numbers that two right ways compute differently in the last digit: they are shown, and never compared or added up.
    Noisy,
    Decimal,
    Text,
    Bool,
    Time,
}

/// A value to be written.
#[derive(Debug, Clone, PartialEq)]
pub enum Datum {
    Null,
    Int(i64),
    Float(f64),
    /// In hundredths.
    Decimal(i128),
    Text(&'static str),
    Bool(bool),
    /// Microseconds from 1970.
    Time(i64),
}

const DECIMAL_PRECISION: u8 = 10;
const DECIMAL_SCALE: i8 = 2;
const SECOND_US: i64 = 1_000_000;

const FLOATS: [f64; 7] = [0.0, 0.5, -0.5, 1.25, -2.75, 1024.0, 3.0];
const TEXTS: [&str; 7] = ["", "a", "b", "ab", "B", "a text of more than twelve bytes", "ü"];

impl Type {
    /// Types that a table may have.
    pub const STORED: [Self; 6] = [Self::Int, Self::Float, Self::Decimal, Self::Text, Self::Bool, Self::Time];

    /// How SQL calls it.
    #[must_use]
    pub fn sql(self) -> &'static str {
        match self {
            Self::Int => "BIGINT",
            Self::Float | Self::Noisy => "DOUBLE",
            Self::Decimal => "DECIMAL(10, 2)",
            Self::Text => "TEXT",
            Self::Bool => "BOOLEAN",
            Self::Time => "TIMESTAMP",
        }
    }

    /// A value that is not NULL.
    pub fn value(self, chance: &mut Chance) -> Datum {
        match self {
            Self::Int => Datum::Int(chance.below(8) as i64 - 2),
            Self::Float | Self::Noisy => Datum::Float(*chance.pick(&FLOATS)),
            Self::Decimal => Datum::Decimal(chance.below(9) as i128 * 75 - 150),
            Self::Text => Datum::Text(chance.pick::<&str>(&TEXTS)),
            Self::Bool => Datum::Bool(chance.percent(50)),
            Self::Time => Datum::Time((chance.below(90) as i64 - 20) * SECOND_US),
        }
    }
}

impl Datum {
    /// The value as SQL writes it.
    #[must_use]
    pub fn literal(&self) -> String {
        match self {
            Self::Null => "NULL".to_owned(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => format!("CAST({value:?} AS DOUBLE)"),
            Self::Decimal(value) => {
                let sign = if *value < 0 { "-" } else { "" };
                format!("CAST('{sign}{}.{:02}' AS DECIMAL(10, 2))", value.abs() / 100, value.abs() % 100)
            }
            Self::Text(text) => format!("'{text}'"),
            Self::Bool(value) => value.to_string(),
            Self::Time(us) => format!("CAST('{}' AS TIMESTAMP)", time_text(*us)),
        }
    }
}

/// Seconds within a day or so of 1970, as a timestamp.
fn time_text(us: i64) -> String {
    let seconds = us.div_euclid(SECOND_US);
    let (day, rest) = if seconds < 0 { ("1969-12-31", seconds + 86_400) } else { ("1970-01-01", seconds) };
    format!("{day} {:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60)
}

/// The rows as a batch with columns `c0`, `c1`, …
///
/// # Panics
/// If a value is not of its column's type.
#[must_use]
pub fn batch(types: &[Type], rows: &[Vec<Datum>]) -> RecordBatch {
    let columns = types.iter().enumerate().map(|(at, data_type)| {
        let values: Vec<&Datum> = rows.iter().map(|row| &row[at]).collect();
        (format!("c{at}"), array(*data_type, &values))
    });
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).expect("columns of one length")
}

fn array(data_type: Type, values: &[&Datum]) -> ArrayRef {
    /// The values of one variant; NULL is `None`.
    macro_rules! take {
        ($variant:ident) => {
            values.iter().map(|value| match value {
                Datum::$variant(value) => Some(value.clone()),
                Datum::Null => None,
                other => panic!("{other:?} in a column of {data_type:?}"),
            })
        };
    }
    match data_type {
        Type::Int => Arc::new(take!(Int).collect::<Int64Array>()),
        Type::Float | Type::Noisy => Arc::new(take!(Float).collect::<Float64Array>()),
        Type::Decimal => {
            let array = take!(Decimal).collect::<Decimal128Array>();
            Arc::new(array.with_precision_and_scale(DECIMAL_PRECISION, DECIMAL_SCALE).expect("a valid precision"))
        }
        Type::Text => Arc::new(take!(Text).collect::<StringArray>()),
        Type::Bool => Arc::new(take!(Bool).collect::<BooleanArray>()),
        Type::Time => Arc::new(take!(Time).collect::<TimestampMicrosecondArray>()),
    }
}
