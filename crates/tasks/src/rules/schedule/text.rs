//! The text of a cron expression: where it is wrong, and the same schedule in the one form that the matcher is given.
//!
//! Not here: which days match (`calendar.rs`) and when they fire (`cron.rs`). `croner` reads the normal form; it is not given the
//! text as typed, because it passes over much of what is wrong (`5,`, `15W7`, an `L` among the seconds) and does not say where.
//!
//! Five fields (minute, hour, day of month, month, day of week) or six (seconds first). A field is `*` or a list of values, ranges
//! `a-b` and steps `*/n`, `a/n`, `a-b/n`. Months and weekdays have English names of three letters; Sunday is 0 and 7. A day of the
//! month may be `L` (last) or `15W` (the weekday nearest to the 15th, in that month); a weekday may be `5L` (the last Friday) or
//! `5#2` (the second). If both day fields are other than `*`, a day matches that matches one of them. `?` stands for `*` there.

use std::ops::RangeInclusive;

use levada_base::{Error, Result, codes};

/// The longest text that is read.
pub const CRON_BYTES_MAX: usize = 256;

/// An expression that is right, as the matcher reads it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Normal {
    /// Six fields; numbers for names; 0 for a single Sunday.
    pub(super) text: String,
    /// The hour field is `*` or `*/n` and nothing else.
    pub(super) every_hour: bool,
}

/// What is wrong, and at which field and column (from 1, in characters).
struct Fault {
    position: String,
    reason: String,
}

/// Which special items a field knows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Days {
    No,
    OfMonth,
    OfWeek,
}

struct Field {
    name: &'static str,
    values: RangeInclusive<u32>,
    /// The first one stands for the first value.
    words: &'static [&'static str],
    days: Days,
}

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const SUNDAY_AGAIN: u32 = 7;

const FIELDS: [Field; 6] = [
    Field { name: "second", values: 0..=59, words: &[], days: Days::No },
    Field { name: "minute", values: 0..=59, words: &[], days: Days::No },
    Field { name: "hour", values: 0..=23, words: &[], days: Days::No },
    Field { name: "day of month", values: 1..=31, words: &[], days: Days::OfMonth },
    Field { name: "month", values: 1..=12, words: &MONTHS, days: Days::No },
    Field { name: "day of week", values: 0..=SUNDAY_AGAIN, words: &WEEKDAYS, days: Days::OfWeek },
];
const HOUR: usize = 2;

/// The normal form of an expression.
///
/// # Errors
/// `LV-T601` with the field, the column and the reason.
pub(super) fn normalise(text: &str) -> Result<Normal> {
    normal(text).map_err(|fault| refused(text, &fault.position, fault.reason))
}

/// `LV-T601` for `text`.
pub(super) fn refused(text: &str, position: &str, reason: impl Into<String>) -> Error {
    let shown: String = text.chars().take(CRON_BYTES_MAX).collect();
    Error::new(codes::LV_T601, format!("cron {shown:?}: {position}"))
        .with_reason(reason)
        .with_hint("for example \"30 2 * * MON-FRI\", every weekday at 2:30")
}

fn normal(text: &str) -> Result<Normal, Fault> {
    if text.len() > CRON_BYTES_MAX {
        let reason = format!("the text has {} bytes, the limit CRON_BYTES_MAX is {CRON_BYTES_MAX}", text.len());
        return Err(Fault { position: "column 1".to_owned(), reason });
    }
    let typed = words(text);
    let without_seconds = match typed.len() {
        5 => 1,
        6 => 0,
        n => {
            let column = typed.get(6).map_or(1, |(column, _)| *column);
            let reason = format!("{n} fields where there are five, or six with seconds");
            return Err(Fault { position: format!("column {column}"), reason });
        }
    };
    let mut fields = vec!["0".to_owned(); without_seconds];
    for (field, (column, typed)) in FIELDS[without_seconds..].iter().zip(typed) {
        fields.push(field.normal(&typed.to_ascii_uppercase(), column)?);
    }
    let hour = &fields[HOUR];
    let every_hour = hour.starts_with('*') && !hour.contains(',');
    Ok(Normal { every_hour, text: fields.join(" ") })
}

/// The words of a text, each with its column.
fn words(text: &str) -> Vec<(usize, &str)> {
    let mut column = 1;
    let mut found = Vec::new();
    for part in text.split(char::is_whitespace) {
        if !part.is_empty() {
            found.push((column, part));
        }
        column += part.chars().count() + 1;
    }
    found
}

impl Field {
    fn normal(&self, typed: &str, column: usize) -> Result<String, Fault> {
        let everything = typed == "*" || typed == "*/1" || (typed == "?" && self.days != Days::No);
        if everything {
            return Ok("*".to_owned());
        }
        let mut column = column;
        let mut items = Vec::new();
        for item in typed.split(',') {
            let read = self.item(item);
            items.push(read.map_err(|reason| Fault { position: format!("{}, column {column}", self.name), reason })?);
            column += item.chars().count() + 1;
        }
        Ok(items.join(","))
    }

    fn item(&self, item: &str) -> Result<String, String> {
        if let Some((range, step)) = item.split_once('/') {
            let step = number(step).filter(|step| (1..=*self.values.end()).contains(step));
            let step = step.ok_or_else(|| format!("a step is a number from 1 to {}", self.values.end()))?;
            let range = if range == "*" { range.to_owned() } else { self.range(range)? };
            return Ok(format!("{range}/{step}"));
        }
        match (self.days, item) {
            (_, "") => Err("nothing stands before or after a comma".to_owned()),
            (_, "*") => Err("* stands alone or before a step, as in */5".to_owned()),
            (Days::OfMonth, "L") => Ok("L".to_owned()),
            (Days::OfMonth, _) if item.ends_with('W') => self.nearest_weekday(item),
            (Days::OfWeek, "L") => Err("L stands after a weekday here, as in 5L".to_owned()),
            (Days::OfWeek, _) if item.ends_with('L') || item.contains('#') => self.nth_weekday(item),
            _ => self.range(item),
        }
    }

    /// `15W`.
    fn nearest_weekday(&self, item: &str) -> Result<String, String> {
        let day = item.strip_suffix('W').unwrap_or(item);
        Ok(format!("{}W", self.value(day)?))
    }

    /// `5L` or `5#2`. Sunday becomes 0: the matcher would never find a last 7.
    fn nth_weekday(&self, item: &str) -> Result<String, String> {
        let weekday = |typed: &str| self.value(typed).map(|day| day % SUNDAY_AGAIN);
        if let Some(day) = item.strip_suffix('L') {
            return Ok(format!("{}L", weekday(day)?));
        }
        let (day, nth) = item.split_once('#').unwrap_or((item, ""));
        let nth = number(nth).filter(|nth| (1..=5).contains(nth));
        let nth = nth.ok_or("a number from 1 to 5 stands after #, as in 5#2")?;
        Ok(format!("{}#{nth}", weekday(day)?))
    }

    /// `a-b` or a single value.
    fn range(&self, typed: &str) -> Result<String, String> {
        let Some((first, last)) = typed.split_once('-') else {
            return Ok(self.value(typed)?.to_string());
        };
        let (first, mut last_value) = (self.value(first)?, self.value(last)?);
        // FRI-SUN ends with the Sunday after the Friday.
        if self.days == Days::OfWeek && last == WEEKDAYS[0] && first > 0 {
            last_value = SUNDAY_AGAIN;
        }
        if first > last_value {
            return Err(format!("the range {typed} runs backwards"));
        }
        Ok(format!("{first}-{last_value}"))
    }

    fn value(&self, typed: &str) -> Result<u32, String> {
        let word = self.words.iter().position(|word| *word == typed);
        let word = word.and_then(|at| u32::try_from(at).ok()).map(|at| at + self.values.start());
        let value = word.or_else(|| number(typed)).ok_or_else(|| match self.words.get(1) {
            Some(word) => format!("{typed:?} is neither a number nor a name like {word}"),
            None => format!("{typed:?} is not a number"),
        })?;
        if self.values.contains(&value) {
            return Ok(value);
        }
        Err(format!("{value} is not within {} to {}", self.values.start(), self.values.end()))
    }
}

/// Digits only: no sign, no blank.
fn number(typed: &str) -> Option<u32> {
    if typed.bytes().all(|byte| byte.is_ascii_digit()) { typed.parse().ok() } else { None }
}
