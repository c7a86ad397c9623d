//! Changes for a reader in the program: whole epochs, in order, without a gap.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use levada_base::{Epoch, Error, Result, Watermark, codes};
use levada_delta::DeltaBatch;
use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;

/// What changed in one epoch, netted.
#[derive(Debug, Clone)]
pub struct EpochChanges {
    pub epoch: Epoch,
    /// Rows with weights; equal rows may come one by one where nothing is ever taken back.
    pub changes: Vec<DeltaBatch>,
    /// Event time up to which the relation is complete after this epoch.
    pub watermark: Watermark,
}

/// A stream of epochs. Dropping it ends it.
#[derive(Debug)]
pub struct Subscription {
    schema: SchemaRef,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    came: Notify,
    blocking: Condvar,
}

#[derive(Debug)]
struct State {
    epochs: VecDeque<EpochChanges>,
    bytes: usize,
    /// Set once: nothing comes after what is queued.
    end: Option<End>,
}

#[derive(Debug, Clone)]
enum End {
    Closed,
    Failed(Arc<Error>),
    TooSlow { resume: Epoch },
    Dropped,
}

/// The engine's side.
#[derive(Debug)]
pub(crate) struct Sender {
    shared: Arc<Shared>,
    bytes_max: usize,
}

/// Both sides of a new subscription, which may queue `bytes_max` bytes.
pub(crate) fn channel(schema: SchemaRef, bytes_max: usize) -> (Sender, Subscription) {
    let state = State { epochs: VecDeque::new(), bytes: 0, end: None };
    let shared = Arc::new(Shared { state: Mutex::new(state), came: Notify::new(), blocking: Condvar::new() });
    (Sender { shared: shared.clone(), bytes_max }, Subscription { schema, shared })
}

impl Sender {
    /// Queues an epoch. `false` once nobody listens: either the reader is gone, or it was too slow and has been told so.
    pub(crate) fn send(&mut self, epoch: Epoch, changes: &[DeltaBatch], watermark: Watermark) -> bool {
        if changes.is_empty() {
            return self.is_read();
        }
        let bytes: usize = changes.iter().map(DeltaBatch::bytes).sum();
        let mut state = self.shared.state.lock();
        if state.end.is_some() {
            return false;
        }
        // An empty queue takes any epoch: otherwise one large epoch could never be delivered.
        if state.bytes > 0 && state.bytes + bytes > self.bytes_max {
            state.end = Some(End::TooSlow { resume: Epoch(epoch.0 - 1) });
        } else {
            state.bytes += bytes;
            state.epochs.push_back(EpochChanges { epoch, changes: changes.to_vec(), watermark });
        }
        let goes_on = state.end.is_none();
        drop(state);
        self.shared.wake();
        goes_on && self.is_read()
    }

    pub(crate) fn fail(&self, error: &Arc<Error>) {
        self.end(End::Failed(error.clone()));
    }

    /// The object is gone.
    pub(crate) fn dropped(&self) {
        self.end(End::Dropped);
    }

    /// The database closes, or nothing more can come.
    pub(crate) fn close(&self) {
        self.end(End::Closed);
    }

    fn end(&self, end: End) {
        self.shared.state.lock().end.get_or_insert(end);
        self.shared.wake();
    }

    pub(crate) fn is_read(&self) -> bool {
        Arc::strong_count(&self.shared) > 1
    }
}

impl Shared {
    fn wake(&self) {
        self.came.notify_one();
        self.blocking.notify_one();
    }
}

impl Subscription {
    /// The columns of the rows.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The next epoch in which something changed; `None` once nothing more can come (the database was closed).
    ///
    /// # Errors
    /// `LV-S704` if the object was dropped; `LV-S705` if this reader was too slow, with the epoch up to which it got everything; the
    /// error of the job if that failed.
    pub async fn next(&mut self) -> Result<Option<EpochChanges>> {
        loop {
            let shared = self.shared.clone();
            let came = shared.came.notified();
            if let Some(next) = self.try_next() {
                return next;
            }
            came.await;
        }
    }

    /// As [`Subscription::next`], blocking the thread.
    ///
    /// # Errors
    /// See [`Subscription::next`].
    pub fn next_blocking(&mut self) -> Result<Option<EpochChanges>> {
        loop {
            if let Some(next) = self.try_next() {
                return next;
            }
            let mut state = self.shared.state.lock();
            if state.epochs.is_empty() && state.end.is_none() {
                self.shared.blocking.wait(&mut state);
            }
        }
    }

    /// What is there now: `None` if nothing is, and more may come.
    pub fn try_next(&mut self) -> Option<Result<Option<EpochChanges>>> {
        let mut state = self.shared.state.lock();
        if let Some(next) = state.epochs.pop_front() {
            state.bytes = state.bytes.saturating_sub(next.changes.iter().map(DeltaBatch::bytes).sum());
            return Some(Ok(Some(next)));
        }
        match state.end.clone()? {
            End::Closed => Some(Ok(None)),
            End::Failed(error) => Some(Err(copy(&error))),
            End::TooSlow { resume } => {
                let error = Error::new(
                    codes::LV_S705,
                    format!("the subscription was too slow: it has everything up to epoch {resume}"),
                );
                Some(Err(error.with_hint("read faster, or raise subscription_buffer, and subscribe again")))
            }
            End::Dropped => {
                let error = Error::new(codes::LV_S704, "the subscribed object was dropped");
                Some(Err(error.with_hint("subscribe to another object")))
            }
        }
    }
}

/// The same error again: one job's failure is told to many.
pub(crate) fn copy(error: &Error) -> Error {
    let mut copied = Error::new(error.code(), error.message()).at(error.position());
    if let Some(reason) = error.reason() {
        copied = copied.with_reason(reason);
    }
    if let Some(hint) = error.hint() {
        copied = copied.with_hint(hint);
    }
    copied.with_also(error.also().iter().map(copy).collect())
}
