//! The nominal times that have come since a schedule was last looked at: which of them start a run, and which are left out.
//!
//! Not here: the store's transaction that starts the runs and moves the schedule on. "Last" is the nominal time up to which the
//! schedule has been decided, "now" is store time; both in milliseconds of UTC.

use super::spec::MissedPolicy;
use super::timetable::Timetable;

/// The most fires that `all` makes up for after one downtime; the rest is left out, and counted.
pub const MISSED_FIRES_MAX: usize = 100;

/// A fire found later than this was missed, not merely seen late: with `skip` it is left out. Ticks and restarts take less.
pub const LATE_MS_MAX: i64 = 10_000;

/// What to do at `now`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// The nominal times to start, oldest first.
    pub fires: Vec<i64>,
    /// How many others have come and are left out.
    pub skipped: u64,
    /// The next nominal time after all of these; `None` when the schedule is over.
    pub next: Option<i64>,
}

impl Timetable {
    /// The nominal times after `last_ms` up to and with `now_ms`, by a policy; jitter aside.
    ///
    /// `all` takes the oldest, `one` the latest, `skip` the latest if it is not later than [`LATE_MS_MAX`] (and the jitter). A clock
    /// that went back makes nothing due.
    #[must_use]
    pub fn missed(&self, last_ms: i64, now_ms: i64, policy: MissedPolicy) -> Missed {
        let late = |fire: i64| now_ms.saturating_sub(fire) > LATE_MS_MAX.saturating_add(self.spec().jitter_ms);
        let latest = || self.latest(last_ms, now_ms);
        let fires: Vec<i64> = match policy {
            MissedPolicy::Skip => latest().filter(|fire| !late(*fire)).into_iter().collect(),
            MissedPolicy::One => latest().into_iter().collect(),
            MissedPolicy::All => {
                let mut oldest = self.next_fires(last_ms, MISSED_FIRES_MAX);
                oldest.retain(|fire| *fire <= now_ms);
                oldest
            }
        };
        let skipped = self.count(last_ms, now_ms).saturating_sub(fires.len() as u64);
        Missed { fires, skipped, next: self.next_fire(last_ms.max(now_ms)) }
    }

    /// What a schedule has to start at `now_ms`, by its own policy and with its jitter.
    ///
    /// Nominal times are decided in their order: one whose start is still to come holds back the later ones, and is `next`.
    #[must_use]
    pub fn due(&self, schedule_id: u128, last_ms: i64, now_ms: i64) -> Missed {
        self.missed(last_ms, self.started_until(schedule_id, last_ms, now_ms), self.spec().missed)
    }

    /// The time up to which every nominal time after `last_ms` has started by `now_ms`.
    fn started_until(&self, schedule_id: u128, last_ms: i64, now_ms: i64) -> i64 {
        // What is older than the widest offset has started for certain.
        let mut decided = last_ms.max(now_ms.saturating_sub(self.spec().jitter_ms));
        while let Some(nominal) = self.next_fire(decided).filter(|nominal| *nominal <= now_ms) {
            if self.starts_at(schedule_id, nominal) > now_ms {
                return nominal - 1;
            }
            decided = nominal;
        }
        now_ms
    }
}
