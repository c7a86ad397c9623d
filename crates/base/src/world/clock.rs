//! Time: the system's, or one that a test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::Timestamp;

/// A source of time.
pub trait Clock: Send + Sync {
    /// Wall clock, UTC. May jump.
    fn now(&self) -> Timestamp;
    /// Time since the clock was made. Never goes back.
    fn elapsed(&self) -> Duration;
}

/// The machine's clock.
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Timestamp::default().plus(since)
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

/// A clock that stands still until it is moved; clones share the time. It starts at 2026-01-01 00:00 UTC.
#[derive(Clone)]
pub struct SimClock(Arc<SimTime>);

struct SimTime {
    now_us: AtomicI64,
    elapsed_us: AtomicI64,
}

const SIM_START_US: i64 = 1_767_225_600_000_000;

impl Default for SimClock {
    fn default() -> Self {
        Self(Arc::new(SimTime { now_us: AtomicI64::new(SIM_START_US), elapsed_us: AtomicI64::new(0) }))
    }
}

impl SimClock {
    /// Moves time forward.
    pub fn advance(&self, by: Duration) {
        let by_us = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.0.now_us.fetch_add(by_us, Ordering::Relaxed);
        self.0.elapsed_us.fetch_add(by_us, Ordering::Relaxed);
    }

    /// Turns the wall clock forward; no time passes.
    pub fn turn_forward(&self, by: Duration) {
        self.0.now_us.fetch_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// Turns the wall clock back, as an operator or a time server may do; no time passes.
    pub fn turn_back(&self, by: Duration) {
        self.0.now_us.fetch_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX), Ordering::Relaxed);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.now_us.load(Ordering::Relaxed))
    }

    fn elapsed(&self) -> Duration {
        Duration::from_micros(self.0.elapsed_us.load(Ordering::Relaxed).unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turning_the_wall_clock_back_makes_no_time_pass() {
        let clock = SimClock::default();
        let start = clock.now();
        clock.advance(Duration::from_secs(5));
        clock.turn_back(Duration::from_secs(7));
        assert_eq!(start.since(clock.now()), Duration::from_secs(2));
        clock.turn_forward(Duration::from_secs(2));
        assert_eq!(start, clock.now());
        assert_eq!(clock.elapsed(), Duration::from_secs(5));
    }
}
