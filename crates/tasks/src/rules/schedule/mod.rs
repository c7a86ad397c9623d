//! Schedules: when they fire, what was missed, and what is derived from a nominal time. Arithmetic only.
//!
//! Not here: the clock, the store and the runs that are started; overlap, pause and backfill. A [`Spec`] is what a user asks for;
//! [`Spec::check`] turns it into a [`Timetable`], which answers every question about its nominal times. All times are milliseconds of
//! UTC; local times exist inside, between the text of a cron expression and the instants at which it fires.
//!
//! ```
//! use levada_tasks::rules::schedule::{MissedPolicy, Recurrence, Spec};
//!
//! let recurrence = Recurrence::Cron { text: "30 2 * * *".to_owned(), zone: "Europe/Berlin".to_owned() };
//! let spec = Spec { recurrence, start_ms: None, end_ms: None, jitter_ms: 0, missed: MissedPolicy::One };
//! let timetable = spec.check()?;
//! // 2025-03-30 00:00 UTC; an hour later the clocks in Berlin go from 02:00 to 03:00.
//! assert_eq!(timetable.next_fire(1_743_292_800_000), Some(1_743_296_400_000));
//! # Ok::<(), levada_base::Error>(())
//! ```

mod calendar;
mod cron;
mod derive;
mod every;
mod missed;
mod spec;
mod text;
mod timetable;
mod zone;

#[cfg(test)]
mod tests;

pub use calendar::YEAR_MAX;
pub use derive::{jitter, member_id, run_id};
pub use missed::{LATE_MS_MAX, MISSED_FIRES_MAX, Missed};
pub use spec::{EVERY_MS_MAX, EVERY_MS_MIN, JITTER_MS_MAX, MissedPolicy, Recurrence, Spec};
pub use text::CRON_BYTES_MAX;
pub use timetable::Timetable;
