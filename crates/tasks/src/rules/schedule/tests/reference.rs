//! The slow, obvious reference: it walks real time step by step, looks at the clock, and says at which steps a schedule fires.
//!
//! Not used here: the code under test, `croner`, and any conversion from local time to UTC. An expression is written a second time, as a
//! predicate on local time.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike, Weekday};
use chrono_tz::Tz;

/// An expression, which clock it follows by C-3, and what it means.
pub(super) struct Expression {
    pub(super) text: &'static str,
    pub(super) follows: Follows,
    pub(super) matches: fn(&NaiveDateTime) -> bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Follows {
    /// The hour is `*` or `*/n`.
    ElapsedTime,
    /// Any other hour.
    LocalTimes,
}

use Follows::{ElapsedTime, LocalTimes};

const fn new(text: &'static str, follows: Follows, matches: fn(&NaiveDateTime) -> bool) -> Expression {
    Expression { text, follows, matches }
}

/// Five fields: for a walk by minutes.
pub(super) const BY_MINUTES: [Expression; 14] = [
    new("* * * * *", ElapsedTime, |_| true),
    new("7-59/20 * * * *", ElapsedTime, |at| [7, 27, 47].contains(&at.minute())),
    new("30 */2 * * *", ElapsedTime, |at| at.minute() == 30 && at.hour() % 2 == 0),
    new("0 */5 * * SUN", ElapsedTime, |at| at.minute() == 0 && at.hour() % 5 == 0 && at.weekday() == Weekday::Sun),
    new("0 0 * * *", LocalTimes, |at| (at.hour(), at.minute()) == (0, 0)),
    new("30 0 * * *", LocalTimes, |at| (at.hour(), at.minute()) == (0, 30)),
    new("15 1 * * *", LocalTimes, |at| (at.hour(), at.minute()) == (1, 15)),
    new("30 2 * * *", LocalTimes, |at| (at.hour(), at.minute()) == (2, 30)),
    new("*/10 1-3 * * *", LocalTimes, |at| (1..=3).contains(&at.hour()) && at.minute() % 10 == 0),
    new("* 2,23 * * *", LocalTimes, |at| [2, 23].contains(&at.hour())),
    new("45 0-23 * * 6-7", LocalTimes, |at| at.minute() == 45 && [Weekday::Sat, Weekday::Sun].contains(&at.weekday())),
    new("30 2 L * *", LocalTimes, |at| (at.hour(), at.minute()) == (2, 30) && is_last_day(at.date())),
    new("5 3 15W,30W * *", LocalTimes, |at| {
        (at.hour(), at.minute()) == (3, 5) && (is_nearest_weekday(at.date(), 15) || is_nearest_weekday(at.date(), 30))
    }),
    new("0 1,2 * 3-11 SUNL,0#1,FRI#5", LocalTimes, |at| {
        let day = at.date();
        let wanted = (day.weekday() == Weekday::Sun && (is_last_of_its_weekday(day) || nth_of_its_weekday(day) == 1))
            || (day.weekday() == Weekday::Fri && nth_of_its_weekday(day) == 5);
        [1, 2].contains(&at.hour()) && at.minute() == 0 && (3..=11).contains(&day.month()) && wanted
    }),
];

/// Six fields: for a walk by seconds.
pub(super) const BY_SECONDS: [Expression; 4] = [
    new("*/25 * * * * *", ElapsedTime, |at| at.second() % 25 == 0),
    new("59 59 */3 * * *", ElapsedTime, |at| (at.minute(), at.second()) == (59, 59) && at.hour() % 3 == 0),
    new("*/20 59 0-2 * * *", LocalTimes, |at| at.hour() <= 2 && at.minute() == 59 && at.second() % 20 == 0),
    new("1 0 0,2,3 * * *", LocalTimes, |at| [0, 2, 3].contains(&at.hour()) && (at.minute(), at.second()) == (0, 1)),
];

/// Steps of real time, seen in the two ways of C-3.
pub(super) struct Walk {
    /// Each step with what the clocks show.
    shown: Vec<(i64, NaiveDateTime)>,
    /// Each local time with the first step at which the clocks show it or have passed over it.
    first_shown: Vec<(i64, NaiveDateTime)>,
    from: i64,
}

impl Walk {
    /// From `from` to `to` (seconds, both included), in steps of `step_s`. It begins `lead_s` earlier, to know what was shown before.
    pub(super) fn new(zone: Tz, (from, to): (i64, i64), step_s: i64, lead_s: i64) -> Self {
        let steps = (from - lead_s..=to).step_by(usize::try_from(step_s).expect("a step forward"));
        let shown: Vec<_> = steps.map(|at| (at, clock(zone, at))).collect();
        let mut latest = shown[0].1;
        let mut first_shown = Vec::new();
        for (at, local) in &shown {
            while latest < *local {
                latest += TimeDelta::seconds(step_s);
                first_shown.push((*at, latest));
            }
        }
        Self { shown, first_shown, from }
    }

    /// The seconds at which the expression fires: once, however many of its local times come together.
    pub(super) fn fires(&self, expression: &Expression) -> Vec<i64> {
        let times = match expression.follows {
            ElapsedTime => &self.shown,
            LocalTimes => &self.first_shown,
        };
        let times = times.iter().filter(|(at, _)| *at >= self.from);
        let mut fires: Vec<i64> = times.filter(|(_, local)| (expression.matches)(local)).map(|(at, _)| *at).collect();
        fires.dedup();
        fires
    }
}

/// What the clocks show.
pub(super) fn clock(zone: Tz, at: i64) -> NaiveDateTime {
    let utc = DateTime::from_timestamp(at, 0).expect("within the calendar").naive_utc();
    utc + TimeDelta::seconds(i64::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc()))
}

fn is_last_day(day: NaiveDate) -> bool {
    day.succ_opt().expect("within the calendar").month() != day.month()
}

fn is_last_of_its_weekday(day: NaiveDate) -> bool {
    (day + TimeDelta::days(7)).month() != day.month()
}

fn nth_of_its_weekday(day: NaiveDate) -> u32 {
    (day.day() - 1) / 7 + 1
}

/// Of the weekdays of the month, the one nearest to its `wanted`th day, if it has that many days.
fn is_nearest_weekday(day: NaiveDate, wanted: u32) -> bool {
    let month = || (1..=31).filter_map(|number| day.with_day(number));
    let exists = month().any(|other| other.day() == wanted);
    let weekdays = month().filter(|other| !matches!(other.weekday(), Weekday::Sat | Weekday::Sun));
    exists && weekdays.min_by_key(|other| other.day().abs_diff(wanted)) == Some(day)
}
