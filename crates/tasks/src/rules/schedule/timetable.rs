//! A checked schedule: its nominal times, past and to come.
//!
//! Not here: which of them start a run after a downtime (`missed.rs`). Times are milliseconds of UTC. Every call is pure and takes
//! bounded work, whatever time it is given: nothing fires before 1970 or after [`YEAR_MAX`](super::YEAR_MAX).

use std::{fmt, iter};

use chrono::{NaiveDate, NaiveTime};

use super::calendar::YEAR_MAX;
use super::cron::Cron;
use super::derive::jitter;
use super::every::Every;
use super::spec::Spec;

/// A [`Spec`] that was checked.
pub struct Timetable {
    spec: Spec,
    fires: Fires,
    /// The first and the last millisecond at which something may fire.
    first_ms: i64,
    last_ms: i64,
}

/// A timetable follows from what was asked for.
impl fmt::Debug for Timetable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Timetable").field(&self.spec).finish()
    }
}

pub(super) enum Fires {
    Cron(Box<Cron>),
    Every(Every),
}

impl Timetable {
    pub(super) fn new(spec: Spec, fires: Fires) -> Self {
        let first_ms = spec.start_ms.unwrap_or(0).max(0);
        let last_ms = spec.end_ms.map_or(i64::MAX, |end| end.saturating_sub(1)).min(far_ms());
        Self { spec, fires, first_ms, last_ms }
    }

    /// What was checked.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The first nominal time after `after_ms`; `None` when the schedule is over.
    #[must_use]
    pub fn next_fire(&self, after_ms: i64) -> Option<i64> {
        let after_ms = self.from(after_ms);
        if after_ms >= self.last_ms {
            return None;
        }
        let next = match &self.fires {
            Fires::Cron(cron) => cron.next(seconds(after_ms)).map(|at| at * 1_000),
            Fires::Every(every) => every.next(after_ms),
        };
        next.filter(|next| *next <= self.last_ms)
    }

    /// The next `n` nominal times after `after_ms`; fewer when the schedule is over before.
    #[must_use]
    pub fn next_fires(&self, after_ms: i64, n: usize) -> Vec<i64> {
        iter::successors(self.next_fire(after_ms), |last| self.next_fire(*last)).take(n).collect()
    }

    /// How many nominal times there are after `after_ms` up to and with `until_ms`.
    #[must_use]
    pub fn count(&self, after_ms: i64, until_ms: i64) -> u64 {
        let (after_ms, until_ms) = (self.from(after_ms), until_ms.min(self.last_ms));
        if until_ms <= after_ms {
            return 0;
        }
        match &self.fires {
            Fires::Cron(cron) => cron.count(seconds(after_ms), seconds(until_ms)),
            Fires::Every(every) => every.count(after_ms, until_ms),
        }
    }

    /// The last nominal time after `after_ms` up to and with `until_ms`, found by halving.
    #[must_use]
    pub fn latest(&self, after_ms: i64, until_ms: i64) -> Option<i64> {
        let within = |after: i64| self.next_fire(after).filter(|fire| *fire <= until_ms);
        let mut latest = within(after_ms)?;
        // Nothing fires after `none_after` up to `until_ms`.
        let mut none_after = until_ms.min(self.last_ms);
        while latest < none_after {
            let middle = latest + (none_after - latest) / 2;
            match within(middle) {
                Some(fire) => latest = fire,
                None => none_after = middle,
            }
        }
        Some(latest)
    }

    /// When the run of a nominal time starts: the nominal time and its jitter.
    #[must_use]
    pub fn starts_at(&self, schedule_id: u128, nominal_ms: i64) -> i64 {
        nominal_ms.saturating_add(jitter(schedule_id, nominal_ms, self.spec.jitter_ms))
    }

    /// The same question asked from within the window.
    fn from(&self, after_ms: i64) -> i64 {
        after_ms.max(self.first_ms.saturating_sub(1))
    }
}

fn seconds(ms: i64) -> i64 {
    ms.div_euclid(1_000)
}

/// The last millisecond of the last year.
fn far_ms() -> i64 {
    let end = NaiveDate::from_ymd_opt(YEAR_MAX + 1, 1, 1).unwrap_or_default();
    end.and_time(NaiveTime::MIN).and_utc().timestamp_millis() - 1
}
