//! Calls that wait for the writer.

use std::collections::VecDeque;

use levada_store::{Batch, Request};
use parking_lot::{Condvar, Mutex};

/// Where callers leave their requests and the writer takes them.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
}

#[derive(Default)]
struct Waiting {
    requests: VecDeque<Request>,
    closed: bool,
}

impl Queue {
    /// Adds a request. If the queue is closed it is dropped, which tells its caller.
    pub(crate) fn push(&self, request: Request) {
        let mut waiting = self.waiting.lock();
        if !waiting.closed {
            waiting.requests.push_back(request);
            self.arrived.notify_one();
        }
    }

    /// The next transaction's calls; waits for them. None once the queue is closed and everything is served.
    pub(crate) fn take(&self) -> Option<Batch> {
        let mut waiting = self.waiting.lock();
        loop {
            if let Some(batch) = Batch::take(&mut waiting.requests) {
                return Some(batch);
            }
            if waiting.closed {
                return None;
            }
            self.arrived.wait(&mut waiting);
        }
    }

    /// The next transaction's calls, if any wait.
    pub(crate) fn take_now(&self) -> Option<Batch> {
        Batch::take(&mut self.waiting.lock().requests)
    }

    /// No further request is taken; those that wait are served.
    pub(crate) fn close(&self) {
        self.waiting.lock().closed = true;
        self.arrived.notify_all();
    }
}
