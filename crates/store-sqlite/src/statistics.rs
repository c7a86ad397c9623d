//! How much the writer did.

use std::sync::atomic::{AtomicU64, Ordering};

/// Totals since the store was opened.
///
/// A statement that runs once per row of a set counts once per transaction: what is counted is how many different statements a
/// transaction needs, which is what must not grow with the size of a call. `BEGIN` and `COMMIT` are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Transactions that were begun to serve calls.
    pub transactions: u64,
    /// Those of them that wrote something.
    pub commits: u64,
    /// Calls that were served.
    pub calls: u64,
    pub statements: u64,
    /// Transactions that were run again: calls that failed together, each by itself.
    pub retries: u64,
    /// Times that the log was moved into the database file, and times that this failed: it is tried again.
    pub checkpoints: u64,
    pub checkpoints_failed: u64,
}

/// The counters behind [`Statistics`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    transactions: AtomicU64,
    commits: AtomicU64,
    calls: AtomicU64,
    statements: AtomicU64,
    retries: AtomicU64,
    checkpoints: AtomicU64,
    checkpoints_failed: AtomicU64,
}

impl Counters {
    pub(crate) fn transaction(&self, calls: usize, statements: usize, committed: bool) {
        let count =
            |counter: &AtomicU64, by: usize| counter.fetch_add(u64::try_from(by).unwrap_or(u64::MAX), Ordering::Relaxed);
        count(&self.transactions, 1);
        count(&self.commits, usize::from(committed));
        count(&self.calls, calls);
        count(&self.statements, statements);
    }

    pub(crate) fn retried(&self, times: usize) {
        self.retries.fetch_add(u64::try_from(times).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(crate) fn checkpointed(&self, well: bool) {
        let counter = if well { &self.checkpoints } else { &self.checkpoints_failed };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Statistics {
        Statistics {
            transactions: self.transactions.load(Ordering::Relaxed),
            commits: self.commits.load(Ordering::Relaxed),
            calls: self.calls.load(Ordering::Relaxed),
            statements: self.statements.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
            checkpoints: self.checkpoints.load(Ordering::Relaxed),
            checkpoints_failed: self.checkpoints_failed.load(Ordering::Relaxed),
        }
    }
}
