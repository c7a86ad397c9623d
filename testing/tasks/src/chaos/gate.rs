//! A gate before the transactions of a store: it holds a chosen one until it is let go, so that what somebody else does in between is
//! not left to chance.

use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::watch;

/// The gate. Open until it is set.
#[derive(Debug, Default)]
pub struct Gate {
    /// Transactions until the one that is held; below 1: none is.
    left: AtomicI64,
    is_reached: watch::Sender<bool>,
    is_open: watch::Sender<bool>,
}

impl Gate {
    /// Holds the n-th transaction from now, from 1.
    pub fn set(&self, n: i64) {
        self.is_reached.send_replace(false);
        self.is_open.send_replace(false);
        self.left.store(n, Ordering::Relaxed);
    }

    /// Comes by with a transaction.
    pub async fn pass(&self) {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.is_reached.send_replace(true);
            // The sender is a part of the gate.
            self.is_open.subscribe().wait_for(|open| *open).await.ok();
        }
    }

    /// Returns when the transaction is held.
    pub async fn reached(&self) {
        self.is_reached.subscribe().wait_for(|reached| *reached).await.ok();
    }

    /// Lets it go.
    pub fn open(&self) {
        self.left.store(0, Ordering::Relaxed);
        self.is_open.send_replace(true);
    }
}
