//! What the store did, for metrics, tests and benchmarks.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the store was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Statements, without those that begin and end transactions.
    pub statements: u64,
    /// Transactions that were committed or had nothing to commit.
    pub transactions: u64,
    /// Calls answered by them.
    pub calls: u64,
    /// Calls that were done in one statement.
    pub fused: u64,
    /// Transactions that were tried again.
    pub retries: u64,
    /// Commits whose reply was lost.
    pub unknown_commits: u64,
    /// Notifications sent to other nodes.
    pub notifications: u64,
}

/// The counters themselves.
#[derive(Debug, Default)]
pub struct Counters {
    pub statements: AtomicU64,
    pub transactions: AtomicU64,
    pub calls: AtomicU64,
    pub fused: AtomicU64,
    pub retries: AtomicU64,
    pub unknown_commits: AtomicU64,
    pub notifications: AtomicU64,
}

impl Counters {
    pub fn add(counter: &AtomicU64, n: usize) {
        counter.fetch_add(n as u64, Ordering::Relaxed);
    }

    pub fn read(&self) -> Statistics {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Statistics {
            statements: read(&self.statements),
            transactions: read(&self.transactions),
            calls: read(&self.calls),
            fused: read(&self.fused),
            retries: read(&self.retries),
            unknown_commits: read(&self.unknown_commits),
            notifications: read(&self.notifications),
        }
    }
}
