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
pub struct SimClock(Arc<AtomicI64>);

const SIM_START_US: i64 = 1_767_225_600_000_000;

impl Default for SimClock {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(SIM_START_US)))
    }
}

impl SimClock {
    /// Moves time forward.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX), Ordering::Relaxed);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }

    fn elapsed(&self) -> Duration {
        self.now().since(Timestamp(SIM_START_US))
    }
}
