//! Stored schedules: making, pausing and removing them, and the runs they begin.
//!
//! Not here: the arithmetic of nominal times ([`super::schedule`]); overlap, backfill and triggering by hand.

mod change;
mod create;
mod fire;
mod row;

pub use change::{DeleteSchedule, PauseSchedule, ResumeSchedule};
pub use create::CreateSchedule;
pub use fire::{FireSchedule, Fired};
pub(crate) use row::next_fires;
