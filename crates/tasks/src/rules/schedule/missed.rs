//! The nominal times that have come since a schedule was last looked at: which of them start a run, and which are left out.
//!
//! Not here: the store's transaction that starts the runs and moves the schedule on. "Last" is the nominal time up to which the
//! schedule has been decided, "now" is store time; both in milliseconds of UTC.

use super::spec::MissedPolicy;
use super::timetable::Timetable;

/// The most fires that `all` makes up for after one downtime; the rest is left out, and counted.
pub const MISSED_FIRES_MAX: usize = 100;

/// A start found later than this was missed, not merely seen late. Ticks and restarts take less.
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
    /// The nominal times after `last_ms` up to and with `now_ms` after a downtime, by a policy; jitter aside.
    ///
    /// `all` takes the oldest, `one` the latest, `skip` the latest if it is not later than [`LATE_MS_MAX`]. A clock that went back
    /// makes nothing due.
    #[must_use]
    pub fn missed(&self, last_ms: i64, now_ms: i64, policy: MissedPolicy) -> Missed {
        self.after_downtime(last_ms, now_ms, policy, |fire| now_ms.saturating_sub(fire) > LATE_MS_MAX)
    }

    /// What a schedule has to start at `now_ms`, by its own policy and with its jitter.
    ///
    /// Nominal times are decided in their order: one whose start is still to come holds back the later ones, and is `next`. While the
    /// oldest is seen in time nothing was missed, however many have come: it is started by itself, and the others after it.
    #[must_use]
    pub fn due(&self, schedule_id: u128, last_ms: i64, now_ms: i64) -> Missed {
        if let Some(oldest) = self.in_time(schedule_id, last_ms, now_ms) {
            return Missed { fires: vec![oldest], skipped: 0, next: self.next_fire(oldest) };
        }
        let until_ms = self.started_until(schedule_id, last_ms, now_ms);
        let is_late = |nominal| self.is_late(schedule_id, nominal, now_ms);
        self.after_downtime(last_ms, until_ms, self.spec().missed, is_late)
    }

    /// The oldest nominal time that has started by `now_ms`, if it is seen in time.
    #[must_use]
    pub fn in_time(&self, schedule_id: u128, last_ms: i64, now_ms: i64) -> Option<i64> {
        let oldest = self.next_fire(last_ms).filter(|nominal| self.starts_at(schedule_id, *nominal) <= now_ms)?;
        (!self.is_late(schedule_id, oldest, now_ms)).then_some(oldest)
    }

    /// All nominal times that have started by `now_ms`, left out.
    #[must_use]
    pub fn left_out(&self, schedule_id: u128, last_ms: i64, now_ms: i64) -> Missed {
        let until_ms = self.started_until(schedule_id, last_ms, now_ms);
        let next = self.next_fire(last_ms.max(until_ms));
        Missed { fires: Vec::new(), skipped: self.count(last_ms, until_ms), next }
    }

    fn after_downtime(&self, last_ms: i64, until_ms: i64, policy: MissedPolicy, is_late: impl Fn(i64) -> bool) -> Missed {
        let latest = || self.latest(last_ms, until_ms);
        let fires: Vec<i64> = match policy {
            MissedPolicy::Skip => latest().filter(|fire| !is_late(*fire)).into_iter().collect(),
            MissedPolicy::One => latest().into_iter().collect(),
            MissedPolicy::All => {
                let mut oldest = self.next_fires(last_ms, MISSED_FIRES_MAX);
                oldest.retain(|fire| *fire <= until_ms);
                oldest
            }
        };
        let skipped = self.count(last_ms, until_ms).saturating_sub(fires.len() as u64);
        Missed { fires, skipped, next: self.next_fire(last_ms.max(until_ms)) }
    }

    /// Whether a nominal time should have started long before `now_ms`. It is not late for having been held back by earlier ones.
    fn is_late(&self, schedule_id: u128, nominal_ms: i64, now_ms: i64) -> bool {
        let in_time = now_ms.saturating_sub(LATE_MS_MAX);
        let earlier = nominal_ms.saturating_sub(self.spec().jitter_ms).saturating_sub(1);
        let held_by = std::iter::successors(self.next_fire(earlier), |fire| self.next_fire(*fire));
        held_by.take_while(|fire| *fire <= nominal_ms).all(|fire| self.starts_at(schedule_id, fire) < in_time)
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
