//! Guessing a column's type from a sample of its values.

use arrow::datatypes::{DataType, TimeUnit};

use crate::value::time;

/// Rows of a file that are looked at.
pub(crate) const SAMPLE_ROWS_MAX: usize = 4096;

/// What the values seen so far have in common.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Guess {
    /// No value was seen.
    #[default]
    Nothing,
    Bool,
    Int,
    Float,
    Date,
    Timestamp,
    Instant,
    Text,
}

impl Guess {
    /// Takes in one value, as text.
    pub(crate) fn see_text(&mut self, text: &str) {
        let seen = Self::of(text);
        self.see(seen);
    }

    /// Takes in one value of a known kind.
    pub(crate) fn see(&mut self, seen: Self) {
        let both = match (&*self, &seen) {
            (_, Self::Nothing) => return,
            (Self::Nothing, _) => seen,
            (mine, other) if *mine == *other => return,
            (Self::Int, Self::Float) | (Self::Float, Self::Int) => Self::Float,
            (Self::Date, Self::Timestamp) | (Self::Timestamp, Self::Date) => Self::Timestamp,
            _ => Self::Text,
        };
        *self = both;
    }

    /// What one text looks like.
    pub(crate) fn of(text: &str) -> Self {
        let first = text.as_bytes().first().copied().unwrap_or_default();
        let number_like = first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.');
        // A number with leading zeroes is a code (postal, article), not a quantity.
        let is_code = text.len() > 1 && first == b'0' && text.bytes().all(|byte| byte.is_ascii_digit());
        match text {
            "true" | "false" | "t" | "f" => Self::Bool,
            _ if is_code => Self::Text,
            _ if number_like && text.parse::<i64>().is_ok() => Self::Int,
            _ if number_like && text.parse::<f64>().is_ok() => Self::Float,
            _ if time::parse_date(text).is_some() => Self::Date,
            _ => match time::parse_timestamp(text) {
                Some(written) if written.offset.is_some() => Self::Instant,
                Some(_) => Self::Timestamp,
                None => Self::Text,
            },
        }
    }

    /// The engine type of such values.
    pub(crate) fn data_type(&self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Date => DataType::Date32,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Nothing | Self::Text => DataType::Utf8View,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_all(texts: &[&str]) -> Guess {
        let mut guess = Guess::default();
        texts.iter().for_each(|text| guess.see_text(text));
        guess
    }

    #[test]
    fn the_narrowest_type_that_fits_all_is_taken() {
        assert_eq!(of_all(&["1", "-2"]), Guess::Int);
        assert_eq!(of_all(&["1", "2.5", "1e3"]), Guess::Float);
        assert_eq!(of_all(&["9223372036854775808"]), Guess::Float);
        assert_eq!(of_all(&["2026-01-01", "2026-01-01 10:00:00"]), Guess::Timestamp);
        assert_eq!(of_all(&["2026-01-01T10:00:00Z"]), Guess::Instant);
        assert_eq!(of_all(&["true", "1"]), Guess::Text);
        assert_eq!(of_all(&["00123"]), Guess::Text);
        assert_eq!(of_all(&["inf", "nan"]), Guess::Text);
        assert_eq!(of_all(&[]).data_type(), DataType::Utf8View);
    }
}
