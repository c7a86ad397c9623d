//! A schedule as it is asked for, and the check that turns it into a [`Timetable`].
//!
//! Not here: the name, the state and the task graph of a schedule, which are rows of the store. Times are milliseconds of UTC.

use std::ops::RangeInclusive;

use levada_base::{Error, Result, codes};

use super::cron::{Cron, Expression};
use super::every::Every;
use super::timetable::{Fires, Timetable};
use super::zone::Zone;

/// The shortest interval; cron cannot be finer either.
pub const EVERY_MS_MIN: i64 = 1_000;
/// The longest interval: ten years.
pub const EVERY_MS_MAX: i64 = 3_653 * 86_400_000;
/// The widest range of start offsets: a day.
pub const JITTER_MS_MAX: i64 = 86_400_000;

/// When a schedule fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    pub recurrence: Recurrence,
    /// Nothing fires before this time.
    pub start_ms: Option<i64>,
    /// Nothing fires at this time or later.
    pub end_ms: Option<i64>,
    /// Runs start up to this much (exclusive) after their nominal time; 0 for none.
    pub jitter_ms: i64,
    pub missed: MissedPolicy,
}

/// The rule that repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recurrence {
    /// Five or six fields, read in a zone of the IANA database.
    Cron { text: String, zone: String },
    /// At `anchor_ms` and every `ms` before and after it.
    Every { ms: i64, anchor_ms: i64 },
}

/// What happens to fires that fell into a downtime.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MissedPolicy {
    /// They are left out.
    Skip,
    /// The latest of them is made up for.
    #[default]
    One,
    /// All are made up for, oldest first, up to [`MISSED_FIRES_MAX`](super::MISSED_FIRES_MAX).
    All,
}

impl Spec {
    /// The timetable of this schedule.
    ///
    /// # Errors
    /// `LV-T601` for the cron text, `LV-T602` for the zone, `LV-T001` for a number out of range; further ones in `also`.
    pub fn check(&self) -> Result<Timetable> {
        let mut wrong = Vec::new();
        let fires = self.recurrence.check(&mut wrong);
        wrong.extend(within("jitter", self.jitter_ms, 0..=JITTER_MS_MAX).err());
        wrong.extend(self.check_window().err());
        let mut wrong = wrong.into_iter();
        match (wrong.next(), fires) {
            (None, Some(fires)) => Ok(Timetable::new(self.clone(), fires)),
            (Some(first), _) => Err(first.with_also(wrong.collect())),
            (None, None) => Err(Error::internal("a schedule was refused without a reason")),
        }
    }

    fn check_window(&self) -> Result<()> {
        match (self.start_ms, self.end_ms) {
            (Some(start), Some(end)) if start >= end => {
                let message = format!("end: {end} is not after the start {start}");
                Err(Error::new(codes::LV_T001, message).with_hint("an end later than the start"))
            }
            _ => Ok(()),
        }
    }
}

impl Recurrence {
    /// `None` if and only if something was added to `wrong`.
    fn check(&self, wrong: &mut Vec<Error>) -> Option<Fires> {
        let mut note = |error| wrong.push(error);
        match self {
            Self::Cron { text, zone } => {
                let expression = Expression::parse(text).map_err(&mut note).ok();
                let zone = Zone::parse(zone).map_err(&mut note).ok();
                Some(Fires::Cron(Box::new(Cron::new(expression?, zone?))))
            }
            Self::Every { ms, anchor_ms } => {
                within("every", *ms, EVERY_MS_MIN..=EVERY_MS_MAX).map_err(&mut note).ok()?;
                Some(Fires::Every(Every { ms: *ms, anchor_ms: *anchor_ms }))
            }
        }
    }
}

fn within(field: &str, ms: i64, allowed: RangeInclusive<i64>) -> Result<()> {
    if allowed.contains(&ms) {
        return Ok(());
    }
    let rule = format!("within {} to {} ms", allowed.start(), allowed.end());
    Err(Error::new(codes::LV_T001, format!("{field}: {ms} ms is not {rule}")).with_hint(format!("choose a time {rule}")))
}
