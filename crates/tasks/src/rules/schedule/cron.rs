//! A cron expression in a time zone: the instants at which it fires, however the clocks are changed.
//!
//! Not here: the window, jitter and missed fires of a schedule (`timetable.rs`, `missed.rs`). Instants are whole seconds of UTC.
//!
//! - With `*` or `*/n` as hour it follows elapsed time: it fires whenever the clocks show a matching time, twice if they show it twice,
//!   not at all if they pass over it.
//! - With any other hour it follows the days' local times: each fires when the clocks first show it, or, if they pass over it, at
//!   the moment they do so. Several that are passed over together are one fire.

use std::str::FromStr;

use chrono::{NaiveDateTime, TimeDelta};
use croner::Cron as Matcher;
use levada_base::Result;

use super::calendar::Calendar;
use super::text::{normalise, refused};
use super::zone::Zone;

/// More than two clocks on earth ever differ, so that what they show two days apart is in order.
const IN_ORDER_S: i64 = 48 * 3600;

const ONE_SECOND: TimeDelta = TimeDelta::seconds(1);

pub(super) struct Cron {
    calendar: Calendar,
    follows: Follows,
    zone: Zone,
}

/// The text alone, as read.
pub(super) struct Expression {
    calendar: Calendar,
    follows: Follows,
}

#[derive(Clone, Copy)]
enum Follows {
    ElapsedTime,
    LocalTimes,
}

impl Expression {
    /// # Errors
    /// `LV-T601`, also for days that no year has.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let normal = normalise(text)?;
        let matcher = Matcher::from_str(&normal.text).map_err(|cause| refused(text, "column 1", cause.to_string()))?;
        let calendar = Calendar::new(matcher);
        if !calendar.ever_matches() {
            return Err(refused(text, "day of month", "none of the months has such a day"));
        }
        let follows = if normal.every_hour { Follows::ElapsedTime } else { Follows::LocalTimes };
        Ok(Self { calendar, follows })
    }
}

impl Cron {
    pub(super) fn new(Expression { calendar, follows }: Expression, zone: Zone) -> Self {
        Self { calendar, follows, zone }
    }

    /// The first fire after an instant.
    pub(super) fn next(&self, after: i64) -> Option<i64> {
        match self.follows {
            Follows::ElapsedTime => self.next_elapsed(after),
            Follows::LocalTimes => self.next_local(after),
        }
    }

    /// How many fires there are after `after` up to and with `until`.
    pub(super) fn count(&self, after: i64, until: i64) -> u64 {
        match self.follows {
            _ if until <= after => 0,
            Follows::ElapsedTime => self.count_elapsed(after, until),
            Follows::LocalTimes => self.count_local(after, until),
        }
    }

    fn next_elapsed(&self, after: i64) -> Option<i64> {
        let mut from = after + 1;
        loop {
            let shown = self.zone.local(from);
            let at = from + (self.calendar.next_from(shown)? - shown).num_seconds();
            let seen = at.min(from + IN_ORDER_S);
            match self.zone.next_change(from, seen) {
                // Nothing matches before the change; after it the clocks show something else.
                Some(change) => from = change,
                None if seen == at => return Some(at),
                // Far away: whatever the clocks show until two days before is later than now and too early to match.
                None => from = at - IN_ORDER_S,
            }
        }
    }

    fn next_local(&self, after: i64) -> Option<i64> {
        let mut from = self.zone.latest_shown(after);
        loop {
            from = self.calendar.next_from(from + ONE_SECOND)?;
            if let Some(at) = self.zone.first_shown(from).filter(|at| *at > after) {
                return Some(at);
            }
        }
    }

    fn count_elapsed(&self, after: i64, until: i64) -> u64 {
        let end = until + 1;
        let mut from = after + 1;
        let mut fires = 0;
        while from < end {
            let change = self.zone.next_change(from, end).unwrap_or(end);
            fires += self.calendar.count(self.zone.local(from), self.just_after(change - 1));
            from = change;
        }
        fires
    }

    fn count_local(&self, after: i64, until: i64) -> u64 {
        let latest = |at: i64| self.zone.latest_shown(at) + ONE_SECOND;
        let local_times = self.calendar.count(latest(after), latest(until));
        let mut as_one = 0;
        let mut from = after;
        while let Some(change) = self.zone.next_change(from, until) {
            // Passed over, or shown at that very moment: one fire. (Empty when the clocks go back.)
            let together = self.calendar.count(self.just_after(change - 1), self.just_after(change));
            as_one += together.saturating_sub(1);
            from = change;
        }
        local_times.saturating_sub(as_one)
    }

    fn just_after(&self, at: i64) -> NaiveDateTime {
        self.zone.local(at) + ONE_SECOND
    }
}
