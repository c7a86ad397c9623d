//! What a reader has read and no epoch has taken yet.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use levada_base::Error;
use parking_lot::{Condvar, Mutex};

use super::Prepared;

/// Wakes the thread that runs epochs.
#[derive(Default)]
pub(crate) struct Signal {
    raised: Mutex<bool>,
    wake: Condvar,
}

impl Signal {
    pub(crate) fn raise(&self) {
        *self.raised.lock() = true;
        self.wake.notify_one();
    }

    /// Waits until it was raised since the last call, or the time is over.
    pub(crate) fn wait(&self, at_most: Duration) {
        let mut raised = self.raised.lock();
        if !*raised {
            self.wake.wait_for(&mut raised, at_most);
        }
        *raised = false;
    }
}

/// Rows between a reader and the epochs, bounded: a full queue makes the reader wait.
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    room: Condvar,
    signal: Arc<Signal>,
    rows_max: usize,
}

#[derive(Default)]
struct Inner {
    batches: VecDeque<Prepared>,
    rows: usize,
    end: Option<End>,
    closed: bool,
}

/// How an input ended.
pub(crate) enum End {
    /// All of it was read.
    Complete,
    /// It can't be read any further; what came before is there.
    Failed(Error),
}

/// What an epoch takes from a queue.
pub(crate) struct Taken {
    pub batches: Vec<Prepared>,
    /// Set once, with or after the last rows.
    pub end: Option<End>,
}

/// What an epoch would find.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Waiting {
    pub rows: usize,
    pub ended: bool,
}

impl Queue {
    pub(crate) fn new(rows_max: usize, signal: Arc<Signal>) -> Self {
        Self { inner: Mutex::default(), room: Condvar::new(), signal, rows_max }
    }

    /// Adds rows, waiting for room. `false` once the queue is closed: the reader stops.
    pub(crate) fn push(&self, prepared: Prepared) -> bool {
        let mut inner = self.inner.lock();
        while inner.rows >= self.rows_max && !inner.closed {
            self.room.wait(&mut inner);
        }
        if inner.closed {
            return false;
        }
        inner.rows += prepared.delta.num_rows();
        inner.batches.push_back(prepared);
        drop(inner);
        self.signal.raise();
        true
    }

    pub(crate) fn end(&self, end: End) {
        self.inner.lock().end = Some(end);
        self.signal.raise();
    }

    /// Rows for one epoch: whole batches, at least one if there is one, else up to `rows_max`.
    pub(crate) fn take(&self, rows_max: usize) -> Taken {
        let mut inner = self.inner.lock();
        let mut batches = Vec::new();
        let mut rows = 0;
        while let Some(next) = inner.batches.front() {
            if !batches.is_empty() && rows + next.delta.num_rows() > rows_max {
                break;
            }
            rows += next.delta.num_rows();
            batches.extend(inner.batches.pop_front());
        }
        inner.rows -= rows;
        let end = if inner.batches.is_empty() { inner.end.take() } else { None };
        self.room.notify_one();
        Taken { batches, end }
    }

    /// How much waits, and whether nothing more will come behind it.
    pub(crate) fn waiting(&self) -> Waiting {
        let inner = self.inner.lock();
        Waiting { rows: inner.rows, ended: inner.end.is_some() }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.inner.lock().closed
    }

    /// Nobody takes any more.
    pub(crate) fn close(&self) {
        self.inner.lock().closed = true;
        self.room.notify_all();
    }
}
