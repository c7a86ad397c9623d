//! How a worker ends.

use std::time::Duration;

/// What a worker's end left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DrainReport {
    /// Handlers that finished while the worker was asked to end, with their results recorded.
    pub finished: u64,
    /// Attempts that were still running when the time was up; their leases were given back.
    pub given_back: u64,
    /// Results that could not be recorded, because the lease was lost or the store was away for too long.
    pub unrecorded: u64,
}

/// How far a worker is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Drained {
    /// It works.
    No,
    /// It claims nothing more and lets handlers finish.
    Draining,
    /// It records what handlers have said, gives the rest back and ends.
    Over,
    /// The same, and waits for the store no longer than it takes to be asked once.
    Now,
}

impl Drained {
    /// How long the store is waited for at the end; what it does not hear by then is left to lease expiry.
    pub(super) fn patience(self) -> Duration {
        match self {
            Self::Now => Duration::from_millis(250),
            _ => Duration::from_secs(10),
        }
    }
}
