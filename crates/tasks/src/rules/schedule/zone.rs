//! A time zone: what its clocks show at an instant, when they are changed, and when they first show a local time.
//!
//! Not here: which local times fire. Instants are seconds of UTC; local times are dates with a time of day. The rules of the zones are
//! those of the IANA data inside `chrono-tz`.

use std::str::FromStr;

use chrono::{DateTime, LocalResult, NaiveDateTime, Offset, TimeDelta, TimeZone};
use chrono_tz::{GapInfo, TZ_VARIANTS, Tz};
use levada_base::{Error, Result, codes, nearest};

/// Two changes of one zone are further apart than this: since 1970 by at least six days.
const PROBE_S: i64 = 3 * 24 * 3600;

/// A longer name is not compared with the known ones.
const COMPARED_BYTES_MAX: usize = 64;

#[derive(Clone, Copy)]
pub(super) struct Zone(Tz);

impl Zone {
    /// # Errors
    /// `LV-T602` with the nearest name.
    pub(super) fn parse(name: &str) -> Result<Self> {
        Tz::from_str(name).map(Self).map_err(|_| {
            let shown: String = name.chars().take(COMPARED_BYTES_MAX).collect();
            Error::new(codes::LV_T602, format!("time zone {shown:?} is not known")).with_hint(match near(name) {
                Some(known) => format!("did you mean {known:?}?"),
                None => "use a name of the IANA time zone database, for example \"Europe/Berlin\" or \"UTC\"".to_owned(),
            })
        })
    }

    /// What the clocks show.
    pub(super) fn local(self, at: i64) -> NaiveDateTime {
        utc(at) + TimeDelta::seconds(self.offset(at))
    }

    /// The latest local time that the clocks have shown up to `at`: later than `local(at)` while they show a time again.
    pub(super) fn latest_shown(self, at: i64) -> NaiveDateTime {
        let local = self.local(at);
        if let LocalResult::Ambiguous(first, _) = self.0.from_local_datetime(&local)
            && let Some(change) = self.next_change(first.timestamp(), at)
        {
            return self.local(change - 1);
        }
        local
    }

    /// The instant at which the clocks first show `local`, or, if they never do, at which they first show a later time.
    pub(super) fn first_shown(self, local: NaiveDateTime) -> Option<i64> {
        match self.0.from_local_datetime(&local) {
            LocalResult::Single(only) => Some(only.timestamp()),
            LocalResult::Ambiguous(first, _) => Some(first.timestamp()),
            LocalResult::None => {
                let (never_shown, before) = GapInfo::new(&local, &self.0)?.begin?;
                Some(never_shown.and_utc().timestamp() - i64::from(before.fix().local_minus_utc()))
            }
        }
    }

    /// The first instant after `from`, and not after `until`, from which the clocks differ from UTC by another amount.
    pub(super) fn next_change(self, from: i64, until: i64) -> Option<i64> {
        let mut same = from;
        while same < until {
            let probe = until.min(same + PROBE_S);
            if self.offset(probe) != self.offset(same) {
                return Some(self.change_between(same, probe));
            }
            same = probe;
        }
        None
    }

    /// By halving: the clocks differ from UTC by `offset(before)` at `before` and by something else at `after`.
    fn change_between(self, mut before: i64, mut after: i64) -> i64 {
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            if self.offset(middle) == self.offset(before) {
                before = middle;
            } else {
                after = middle;
            }
        }
        after
    }

    fn offset(self, at: i64) -> i64 {
        i64::from(self.0.offset_from_utc_datetime(&utc(at)).fix().local_minus_utc())
    }
}

fn utc(at: i64) -> NaiveDateTime {
    // The caller keeps instants within the years that fire at all; the calendar reaches much further.
    DateTime::from_timestamp(at, 0).unwrap_or_default().naive_utc()
}

/// The zone that was perhaps meant: by its whole name, or by the place alone.
fn near(name: &str) -> Option<&'static str> {
    if name.len() > COMPARED_BYTES_MAX {
        return None;
    }
    let place = |zone: &'static str| zone.rsplit('/').next().unwrap_or(zone);
    let names = || TZ_VARIANTS.iter().map(|zone| zone.name());
    let typed = name.replace(' ', "_");
    nearest(&typed, names()).or_else(|| {
        let found = nearest(&typed, names().map(place))?;
        names().find(|zone| place(zone) == found)
    })
}
