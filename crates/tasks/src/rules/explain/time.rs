//! Times as people read them.

use std::fmt;

use chrono::{DateTime, Utc};

/// A moment, told at another: of the same day (UTC) by the clock alone.
pub(super) struct Time {
    pub(super) at_ms: i64,
    pub(super) now_ms: i64,
}

impl fmt::Display for Time {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = DateTime::<Utc>::from_timestamp_millis;
        match (known(self.at_ms), known(self.now_ms)) {
            (Some(at), Some(now)) if at.date_naive() == now.date_naive() => write!(out, "{}", at.format("%H:%M:%S")),
            (Some(at), _) => write!(out, "{}", at.format("%Y-%m-%d %H:%M:%S")),
            (None, _) => write!(out, "{} ms", self.at_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_named_if_it_is_another() {
        const NOON: i64 = 1_767_268_800_000;
        let told = |at_ms| Time { at_ms, now_ms: NOON }.to_string();
        assert_eq!(told(NOON + 190_000), "12:03:10");
        assert_eq!(told(NOON + 86_400_000), "2026-01-02 12:00:00");
        assert_eq!(told(i64::MAX), format!("{} ms", i64::MAX));
    }
}
