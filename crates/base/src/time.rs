//! Clock readings and event-time progress, both in microseconds.

use std::fmt;
use std::time::Duration;

/// Microseconds since 1970-01-01 00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This instant and `duration` more, saturating.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Whole milliseconds since 1970-01-01 00:00 UTC.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The time from `earlier` to this instant; zero if it is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// Event time up to which an input is complete: rows with a time `< value` have all come. It never goes back.
///
/// The unit is that of the event-time column: microseconds for timestamps, the plain number for integer event time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Watermark(pub i64);

impl Watermark {
    /// Nothing is known to be complete.
    pub const NONE: Self = Self(i64::MIN);
    /// The end of a bounded input: everything is complete.
    pub const END: Self = Self(i64::MAX);

    /// Whether rows with event time `time` are complete.
    #[must_use]
    pub fn passed(self, time: i64) -> bool {
        time < self.0
    }

    /// The watermark after a step that delays every time by `by`; the two ends stay what they are.
    #[must_use]
    pub fn minus(self, by: i64) -> Self {
        match self {
            Self::NONE | Self::END => self,
            Self(at) => Self(at.saturating_sub(by)),
        }
    }
}

impl fmt::Display for Watermark {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NONE => out.write_str("none"),
            Self::END => out.write_str("end"),
            Self(at) => at.fmt(out),
        }
    }
}
