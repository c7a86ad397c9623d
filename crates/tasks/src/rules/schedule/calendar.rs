//! Local times that match a cron expression, as if no clock were ever changed.
//!
//! Not here: time zones (`zone.rs`) and what happens to a local time that a clock leaves out or shows twice (`cron.rs`). Which day
//! matches, with `L`, `W` and `#`, is decided by `croner`; its search is not used, because it treats clock changes in its own way.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use croner::Cron as Matcher;

/// The last year in which anything fires.
pub const YEAR_MAX: i32 = 2199;

/// Every pattern that matches a day at all does so within these years: each pair of a leap day and a weekday occurs in them.
const EVERY_KIND_OF_YEAR: (i32, i32) = (2000, 2027);

/// The matcher errs only on hours, months and so on that no clock or calendar has; none of those is ever asked for here.
pub(super) struct Calendar {
    days: Matcher,
    times: Times,
}

/// The matching times of a matching day, ordered, as the product of three lists.
struct Times {
    hours: Vec<u32>,
    minutes: Vec<u32>,
    seconds: Vec<u32>,
}

impl Calendar {
    pub(super) fn new(matcher: Matcher) -> Self {
        let pattern = &matcher.pattern;
        let times = Times {
            hours: (0..24).filter(|hour| pattern.hour_match(*hour).unwrap_or(false)).collect(),
            minutes: (0..60).filter(|minute| pattern.minute_match(*minute).unwrap_or(false)).collect(),
            seconds: (0..60).filter(|second| pattern.second_match(*second).unwrap_or(false)).collect(),
        };
        Self { days: matcher, times }
    }

    /// False for "30 February".
    pub(super) fn ever_matches(&self) -> bool {
        let (first, last) = EVERY_KIND_OF_YEAR;
        let start = NaiveDate::from_ymd_opt(first, 1, 1).unwrap_or_default();
        start.iter_days().take_while(|day| day.year() <= last).any(|day| self.matches(day))
    }

    /// The first matching local time that is not before `from`; `None` after [`YEAR_MAX`].
    pub(super) fn next_from(&self, from: NaiveDateTime) -> Option<NaiveDateTime> {
        if self.matches(from.date())
            && let Some(time) = self.times.at(self.times.rank(from.time()))
        {
            return Some(from.date().and_time(time));
        }
        let day = self.next_day(from.date().succ_opt()?)?;
        Some(day.and_time(self.times.at(0)?))
    }

    /// How many local times match from `from` until just before `to`.
    pub(super) fn count(&self, from: NaiveDateTime, to: NaiveDateTime) -> u64 {
        if from >= to {
            return 0;
        }
        let rank = |at: NaiveDateTime| if self.matches(at.date()) { self.times.rank(at.time()) } else { 0 };
        let whole_days = from.date().iter_days().take_while(|day| *day < to.date()).filter(|day| self.matches(*day)).count();
        // The first day was counted whole, so what came before `from` on it goes off again.
        (whole_days * self.times.len() + rank(to) - rank(from)) as u64
    }

    fn next_day(&self, from: NaiveDate) -> Option<NaiveDate> {
        from.iter_days().take_while(|day| day.year() <= YEAR_MAX).find(|day| self.matches(*day))
    }

    fn matches(&self, day: NaiveDate) -> bool {
        let days = &self.days.pattern;
        days.month_match(day.month()).unwrap_or(false) && days.day_match(day.year(), day.month(), day.day()).unwrap_or(false)
    }
}

impl Times {
    fn len(&self) -> usize {
        self.hours.len() * self.minutes.len() * self.seconds.len()
    }

    /// How many matching times of a day are before `time`.
    fn rank(&self, time: NaiveTime) -> usize {
        let (hours, on_hour) = below(&self.hours, time.hour());
        let (minutes, on_minute) = below(&self.minutes, time.minute());
        let (seconds, _) = below(&self.seconds, time.second());
        let in_minute = if on_minute { seconds } else { 0 };
        let in_hour = if on_hour { minutes * self.seconds.len() + in_minute } else { 0 };
        hours * self.minutes.len() * self.seconds.len() + in_hour
    }

    /// The matching time with this rank.
    fn at(&self, rank: usize) -> Option<NaiveTime> {
        let (minutes, seconds) = (self.minutes.len(), self.seconds.len());
        let hour = self.hours.get(rank.checked_div(minutes * seconds)?)?;
        NaiveTime::from_hms_opt(*hour, self.minutes[rank / seconds % minutes], self.seconds[rank % seconds])
    }
}

/// How many of `values` are below `value`, and whether it is one of them.
fn below(values: &[u32], value: u32) -> (usize, bool) {
    match values.binary_search(&value) {
        Ok(at) => (at, true),
        Err(at) => (at, false),
    }
}
