//! What the store did, for metrics, tests and benchmarks.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use levada_store::Work;
use parking_lot::Mutex;

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
    /// By the SQLSTATE that says why.
    pub retries: Mutex<BTreeMap<String, u64>>,
    pub unknown_commits: AtomicU64,
    pub notifications: AtomicU64,
}

impl Counters {
    pub fn add(counter: &AtomicU64, n: usize) {
        counter.fetch_add(n as u64, Ordering::Relaxed);
    }

    /// A transaction or a statement is tried again.
    pub fn retried(&self, sqlstate: &str) {
        *self.retries.lock().entry(sqlstate.to_owned()).or_default() += 1;
    }

    pub fn work(&self) -> Work {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Work {
            transactions: read(&self.transactions),
            calls: read(&self.calls),
            retries: self.retries.lock().clone(),
            unknown_commits: read(&self.unknown_commits),
        }
    }

    pub fn read(&self) -> Statistics {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Statistics {
            statements: read(&self.statements),
            transactions: read(&self.transactions),
            calls: read(&self.calls),
            fused: read(&self.fused),
            retries: self.retries.lock().values().sum(),
            unknown_commits: read(&self.unknown_commits),
            notifications: read(&self.notifications),
        }
    }
}
