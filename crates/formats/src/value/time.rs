//! Dates and times of day as ISO 8601 text, in the proleptic Gregorian calendar, for every value that a column can hold.
//!
//! Days are turned into years, months, days and back by Howard Hinnant's algorithms ("chrono-Compatible Low-Level Date Algorithms").
//! A year beyond 9999 is written with more digits, one before the year 0 with a minus sign.

use std::io::Write;

pub(crate) const SECONDS_A_DAY: i64 = 86_400;
pub(crate) const NANOS_A_SECOND: i64 = 1_000_000_000;

/// A point on the time line as written: seconds since 1970-01-01 00:00 of the clock it was written by, and that clock's offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) seconds: i64,
    pub(crate) nanos: u32,
    /// Seconds east of UTC; `None` if the text named no zone.
    pub(crate) offset: Option<i32>,
}

/// Days since 1970-01-01 of a civil date.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The civil date of a day counted from 1970-01-01.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A text read from its front.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn take(&mut self, byte: u8) -> bool {
        let found = self.0.first() == Some(&byte);
        if found {
            self.0 = &self.0[1..];
        }
        found
    }

    /// A number of `min` to `max` digits.
    fn digits(&mut self, min: usize, max: usize) -> Option<i64> {
        let count = self.0.iter().take(max).take_while(|byte| byte.is_ascii_digit()).count();
        if count < min {
            return None;
        }
        let value = self.0[..count].iter().fold(0, |value, byte| value * 10 + i64::from(byte - b'0'));
        self.0 = &self.0[count..];
        Some(value)
    }

    fn date(&mut self) -> Option<i64> {
        let negative = self.take(b'-');
        if !negative {
            self.take(b'+');
        }
        let year = self.digits(4, 7)?;
        let year = if negative { -year } else { year };
        let month = self.take(b'-').then(|| self.digits(2, 2)).flatten()?;
        let day = self.take(b'-').then(|| self.digits(2, 2)).flatten()?;
        let valid = (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
        valid.then(|| days_from_civil(year, month, day))
    }

    /// `HH:MM[:SS[.fraction]]` as seconds and nanoseconds; digits beyond the ninth are dropped. `24:00:00` is refused.
    fn time(&mut self) -> Option<(i64, u32)> {
        let hour = self.digits(2, 2)?;
        let minute = self.take(b':').then(|| self.digits(2, 2)).flatten()?;
        let second = if self.take(b':') { self.digits(2, 2)? } else { 0 };
        let mut nanos = 0;
        if self.take(b'.') {
            let count = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if count == 0 {
                return None;
            }
            let kept = self.digits(1, 9)?;
            nanos = kept as u32 * 10_u32.pow(9 - count.min(9) as u32);
            self.0 = &self.0[count - count.min(9)..];
        }
        (hour < 24 && minute < 60 && second < 60).then_some((hour * 3600 + minute * 60 + second, nanos))
    }

    /// `Z`, `+HH`, `+HHMM`, `+HH:MM`, or nothing at all. `None` if it is something else.
    fn offset(&mut self) -> Option<Option<i32>> {
        if self.0.is_empty() {
            return Some(None);
        }
        if self.take(b'Z') || self.take(b'z') {
            return Some(Some(0));
        }
        let east = self.take(b'+');
        if !east && !self.take(b'-') {
            return None;
        }
        let hours = self.digits(2, 2)?;
        let minutes = if self.take(b':') { self.digits(2, 2)? } else { self.digits(2, 2).unwrap_or(0) };
        let seconds = (hours * 3600 + minutes * 60) as i32;
        (hours < 24 && minutes < 60).then_some(Some(if east { seconds } else { -seconds }))
    }
}

/// Days since 1970-01-01 of `YYYY-MM-DD`.
pub(crate) fn parse_date(text: &str) -> Option<i64> {
    let mut cursor = Cursor(text.as_bytes());
    let days = cursor.date()?;
    cursor.0.is_empty().then_some(days)
}

/// Seconds and nanoseconds since midnight of `HH:MM:SS.fraction`.
pub(crate) fn parse_time(text: &str) -> Option<(i64, u32)> {
    let mut cursor = Cursor(text.as_bytes());
    let time = cursor.time()?;
    cursor.0.is_empty().then_some(time)
}

/// `YYYY-MM-DD`, then `T` or a space and a time of day with an offset; a date alone means its midnight.
pub(crate) fn parse_timestamp(text: &str) -> Option<Written> {
    let mut cursor = Cursor(text.as_bytes());
    let midnight = cursor.date()? * SECONDS_A_DAY;
    if cursor.0.is_empty() {
        return Some(Written { seconds: midnight, nanos: 0, offset: None });
    }
    if !(cursor.take(b'T') || cursor.take(b' ') || cursor.take(b't')) {
        return None;
    }
    let (seconds, nanos) = cursor.time()?;
    if cursor.0.first() == Some(&b' ') {
        cursor.0 = &cursor.0[1..];
    }
    let offset = cursor.offset()?;
    cursor.0.is_empty().then_some(Written { seconds: midnight + seconds, nanos, offset })
}

/// Appends `YYYY-MM-DD`.
pub(crate) fn print_date(days: i64, out: &mut Vec<u8>) {
    let (year, month, day) = civil_from_days(days);
    if year < 0 {
        out.push(b'-');
    }
    print_padded(year.unsigned_abs(), 4, out);
    out.push(b'-');
    print_padded(month as u64, 2, out);
    out.push(b'-');
    print_padded(day as u64, 2, out);
}

/// Appends `HH:MM:SS` and, if it is not 0, the fraction without trailing zeroes.
pub(crate) fn print_time(seconds: i64, nanos: u32, out: &mut Vec<u8>) {
    print_padded((seconds / 3600) as u64, 2, out);
    out.push(b':');
    print_padded((seconds / 60 % 60) as u64, 2, out);
    out.push(b':');
    print_padded((seconds % 60) as u64, 2, out);
    if nanos > 0 {
        out.push(b'.');
        print_padded(u64::from(nanos), 9, out);
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
}

/// Appends date, `between` and time of day.
pub(crate) fn print_timestamp(seconds: i64, nanos: u32, between: u8, out: &mut Vec<u8>) {
    print_date(seconds.div_euclid(SECONDS_A_DAY), out);
    out.push(between);
    print_time(seconds.rem_euclid(SECONDS_A_DAY), nanos, out);
}

fn print_padded(value: u64, width: usize, out: &mut Vec<u8>) {
    if width == 2 && value < 100 {
        out.extend_from_slice(&[b'0' + (value / 10) as u8, b'0' + (value % 10) as u8]);
        return;
    }
    write!(out, "{value:0width$}").unwrap_or_else(|_| unreachable!("a Vec takes every byte"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(seconds: i64, nanos: u32, offset: Option<i32>) -> Option<Written> {
        Some(Written { seconds, nanos, offset })
    }

    #[test]
    fn iso_forms_are_read() {
        let day = 20_454 * SECONDS_A_DAY;
        assert_eq!(parse_timestamp("2026-01-01"), written(day, 0, None));
        assert_eq!(parse_timestamp("2026-01-01 00:00:01"), written(day + 1, 0, None));
        assert_eq!(parse_timestamp("2026-01-01T00:01"), written(day + 60, 0, None));
        assert_eq!(parse_timestamp("2026-01-01T00:00:00.25Z"), written(day, 250_000_000, Some(0)));
        assert_eq!(parse_timestamp("2026-01-01 00:00:00.1234567899+05:30"), written(day, 123_456_789, Some(19_800)));
        assert_eq!(parse_timestamp("2026-01-01 00:00:00-08"), written(day, 0, Some(-28_800)));
        assert_eq!(parse_timestamp("1969-12-31 23:59:59"), written(-1, 0, None));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2026",
            "2026-02-29",
            "2026-13-01",
            "2026-00-01",
            "2026-01-01 24:00:00",
            "2026-01-01 00:60:00",
            "2026-01-01 00",
            "2026-01-01 00:00:00.",
            "2026-01-01 00:00:00+",
            "2026-01-01 00:00:00 PM",
            "01/02/2026",
            "2026-1-1",
            "２０２６-01-01",
        ] {
            assert_eq!(parse_timestamp(text), None, "{text:?}");
        }
        assert_eq!(parse_timestamp("2024-02-29").map(|written| written.seconds), Some(19_782 * SECONDS_A_DAY));
    }

    #[test]
    fn every_day_of_the_calendar_comes_back() {
        let ends = [i64::MIN / 1_000_000 / SECONDS_A_DAY - 1, -719_529, -719_528, -1, 0, i64::MAX / 1_000_000 / SECONDS_A_DAY];
        let steps = (-400_000..400_000).step_by(37);
        for days in steps.chain(ends) {
            let mut text = Vec::new();
            print_date(days, &mut text);
            let text = String::from_utf8(text).unwrap();
            assert_eq!(parse_date(&text), Some(days), "{text}");
        }
    }
}
