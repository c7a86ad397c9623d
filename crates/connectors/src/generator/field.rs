//! How the values of one column are made.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Float64Array, Int64Array, StringViewArray, make_array};
use arrow::buffer::NullBuffer;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, FieldRef, TimeUnit};
use levada_base::{Error, Result, codes};
use levada_connect::{OptionValue, Options};

use super::FIELD_FRONT;
use crate::draw::Draws;

/// Which random number of a row decides what.
mod lane {
    pub(super) const VALUE: u64 = 0;
    pub(super) const NULL: u64 = 1;
}

/// 2026-01-01, where sequences of dates and times begin.
const START_DAY: i64 = 20_454;
const START_US: i64 = START_DAY * 86_400_000_000;

/// One column.
pub(super) struct Field {
    column: FieldRef,
    draws: Draws,
    values: Values,
    /// The share of NULLs.
    nulls: f64,
}

/// Where values come from, before they take the column's type.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Values {
    /// `start + row * step`
    Sequence {
        start: i64,
        step: i64,
    },
    /// `min ..= max`
    Random {
        min: i64,
        max: i64,
    },
    FloatSequence {
        start: f64,
        step: f64,
    },
    FloatRandom {
        min: f64,
        max: f64,
    },
    Letters {
        length: usize,
    },
    Coin,
}

impl Field {
    /// # Errors
    /// `LV-C003` for a column type that can't be made, or a value of an option that does not fit the column.
    pub(super) fn new(column: &FieldRef, seed: u64, options: &Options) -> Result<Self> {
        let said = Said { column, options };
        let nulls = said.number("nulls")?.unwrap_or(0.0);
        if nulls > 0.0 && !column.is_nullable() {
            return Err(said.wrong("nulls", "the column is declared NOT NULL"));
        }
        Ok(Self { column: column.clone(), draws: Draws::new(seed), values: said.values()?, nulls })
    }

    /// The values of rows `rows`.
    ///
    /// # Errors
    /// `LV-C040` if a sequence runs out of the column's range.
    pub(super) fn column(&self, rows: Range<u64>) -> Result<ArrayRef> {
        let nulls = (self.nulls > 0.0)
            .then(|| rows.clone().map(|row| self.draws.fraction(row, lane::NULL) >= self.nulls).collect::<NullBuffer>());
        let values = self.values_of(rows.clone());
        let strict = CastOptions { safe: false, ..CastOptions::default() };
        let typed = cast_with_options(&values, self.column.data_type(), &strict).map_err(|cause| {
            let place =
                format!("connector \"generator\", rows {} to {}, column \"{}\"", rows.start, rows.end, self.column.name());
            Error::new(codes::LV_C040, place)
                .with_reason(cause.to_string())
                .with_hint("declare the column with a type that holds the field's values")
        })?;
        let data = typed.to_data().into_builder().nulls(nulls).build();
        data.map(make_array).map_err(|cause| Error::internal(format!("generator: {cause}")))
    }

    fn values_of(&self, rows: Range<u64>) -> ArrayRef {
        let whole = |of: &dyn Fn(u64) -> i64| Arc::new(Int64Array::from_iter_values(rows.clone().map(of))) as ArrayRef;
        let float = |of: &dyn Fn(u64) -> f64| Arc::new(Float64Array::from_iter_values(rows.clone().map(of))) as ArrayRef;
        match self.values {
            Values::Sequence { start, step } => whole(&|row| start.wrapping_add((row as i64).wrapping_mul(step))),
            Values::Random { min, max } => whole(&|row| {
                let count = (max.wrapping_sub(min) as u64).saturating_add(1);
                min.wrapping_add(self.draws.below(row, lane::VALUE, count) as i64)
            }),
            Values::FloatSequence { start, step } => float(&|row| start + row as f64 * step),
            Values::FloatRandom { min, max } => float(&|row| min + self.draws.fraction(row, lane::VALUE) * (max - min)),
            Values::Letters { length } => {
                Arc::new(StringViewArray::from_iter_values(rows.map(|row| self.letters(row, length))))
            }
            Values::Coin => {
                Arc::new(rows.map(|row| Some(self.draws.below(row, lane::VALUE, 2) == 1)).collect::<BooleanArray>())
            }
        }
    }

    fn letters(&self, row: u64, length: usize) -> String {
        // One more sequence of random numbers, begun where the row says.
        let draws = Draws::new(self.draws.bits(row, lane::VALUE));
        (0..length as u64).map(|at| char::from(b'a' + draws.below(at, lane::VALUE, 26) as u8)).collect()
    }
}

/// What the options say about one column.
struct Said<'a> {
    column: &'a FieldRef,
    options: &'a Options,
}

impl Said<'_> {
    fn get(&self, what: &str) -> Option<&OptionValue> {
        self.options.get(&format!("{FIELD_FRONT}{}.{what}", self.column.name()))
    }

    fn wrong(&self, what: &str, reason: impl Into<String>) -> Error {
        let option = self.get(what);
        let value = option.map_or("", |option| option.value.as_str());
        Error::new(codes::LV_C003, format!("option \"{FIELD_FRONT}{}.{what}\" can't be '{value}'", self.column.name()))
            .with_reason(reason)
            .at(option.and_then(|option| option.value_position))
    }

    fn number(&self, what: &str) -> Result<Option<f64>> {
        let Some(option) = self.get(what) else { return Ok(None) };
        let number = option.value.trim().parse::<f64>().ok().filter(|number| number.is_finite());
        number.map(Some).ok_or_else(|| self.wrong(what, "it is no number"))
    }

    fn whole(&self, what: &str) -> Result<Option<i64>> {
        let Some(option) = self.get(what) else { return Ok(None) };
        option.value.trim().parse().map(Some).map_err(|_| self.wrong(what, "it is no whole number"))
    }

    /// A value of the column's type, as the number that stands for it.
    fn cell(&self, what: &str) -> Result<Option<i64>> {
        let data_type = self.column.data_type();
        if !data_type.is_temporal() {
            return self.whole(what);
        }
        let Some(option) = self.get(what) else { return Ok(None) };
        let text: ArrayRef = Arc::new(StringViewArray::from(vec![option.value.as_str()]));
        let strict = CastOptions { safe: false, ..CastOptions::default() };
        let number = cast_with_options(&text, data_type, &strict)
            .and_then(|time| {
                if *data_type == DataType::Date32 { cast_with_options(&time, &DataType::Int32, &strict) } else { Ok(time) }
            })
            .and_then(|time| cast_with_options(&time, &DataType::Int64, &strict))
            .map_err(|cause| self.wrong(what, cause.to_string()))?;
        Ok(number.as_any().downcast_ref::<Int64Array>().map(|number| number.value(0)))
    }

    /// The step of a sequence: days of a date, a duration of a time, else a number.
    fn step(&self) -> Result<i64> {
        let Some(option) = self.get("step") else {
            return Ok(if matches!(self.column.data_type(), DataType::Timestamp(..)) { 1_000 } else { 1 });
        };
        if !matches!(self.column.data_type(), DataType::Timestamp(..)) {
            return Ok(self.whole("step")?.unwrap_or(1));
        }
        let micros = levada_base::duration(&option.value).and_then(|step| i64::try_from(step.as_micros()).ok());
        micros.ok_or_else(|| self.wrong("step", "it is no duration with its unit, such as '10 ms'"))
    }

    fn values(&self) -> Result<Values> {
        let kind = self.get("kind").map(|option| option.value.trim());
        let data_type = self.column.data_type();
        let random = match kind {
            Some(kind) => kind == "random",
            None => !(data_type.is_numeric() || data_type.is_temporal()),
        };
        self.refuse(
            if random { &["start", "step"] } else { &["min", "max", "length"] },
            if random { "random" } else { "a sequence" },
        )?;
        let start = match data_type {
            DataType::Date32 => START_DAY,
            DataType::Timestamp(..) => START_US,
            _ => 0,
        };
        match data_type {
            DataType::Boolean if random => Ok(Values::Coin),
            DataType::Utf8View if random => {
                Ok(Values::Letters { length: self.whole("length")?.unwrap_or(LETTERS).max(0) as usize })
            }
            DataType::Float32 | DataType::Float64 if random => {
                let (min, max) = (self.number("min")?.unwrap_or(0.0), self.number("max")?.unwrap_or(1.0));
                if min <= max {
                    Ok(Values::FloatRandom { min, max })
                } else {
                    Err(self.wrong("max", "it is less than \"min\""))
                }
            }
            DataType::Float32 | DataType::Float64 => Ok(Values::FloatSequence {
                start: self.number("start")?.unwrap_or(0.0),
                step: self.number("step")?.unwrap_or(1.0),
            }),
            DataType::Date32 | DataType::Timestamp(TimeUnit::Microsecond, _) | DataType::Utf8View => {
                self.whole_values(random, start)
            }
            other if other.is_integer() => self.whole_values(random, start),
            other => Err(Error::new(
                codes::LV_C003,
                format!("connector \"generator\" can't make the column \"{}\"", self.column.name()),
            )
            .with_reason(format!("its type is {other}"))
            .with_hint("use a number, BOOLEAN, TEXT, DATE or TIMESTAMP")),
        }
    }

    fn whole_values(&self, random: bool, start: i64) -> Result<Values> {
        if !random {
            let start = self.cell("start")?.unwrap_or(start);
            return Ok(Values::Sequence { start, step: self.step()? });
        }
        let min = self.cell("min")?.unwrap_or(start);
        let max = self.cell("max")?.unwrap_or_else(|| min.saturating_add(RANDOM_SPAN));
        if min <= max { Ok(Values::Random { min, max }) } else { Err(self.wrong("max", "it is less than \"min\"")) }
    }

    fn refuse(&self, names: &[&str], kind: &str) -> Result<()> {
        match names.iter().find(|name| self.get(name).is_some()) {
            Some(name) => Err(self.wrong(name, format!("the column is {kind}"))),
            None => Ok(()),
        }
    }
}

/// Letters of a random text, if nothing is said.
const LETTERS: i64 = 10;
/// Random whole numbers lie in so many from the least, if nothing is said.
const RANDOM_SPAN: i64 = 99;
