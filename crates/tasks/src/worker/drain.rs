//! How a worker ends.

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
    /// It gives everything back and ends.
    Now,
}
