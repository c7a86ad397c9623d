//! The post of a background worker: how it is woken, when it meant to look again, and how it fared.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures::FutureExt;
use levada_base::Kind;
use levada_store::{Store, Wake};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{BackgroundWorker, Report, batch_of};
use crate::engine::Engine;
use crate::metrics;

/// How a background worker of this node fares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BackgroundStatus {
    pub name: &'static str,
    pub ticks: u64,
    /// Steps that failed, since the last one that did not.
    pub errors: u64,
    /// Steps in a row that found something due and could do nothing about it.
    pub in_vain: u32,
    /// What the last step met, if it failed.
    pub last_error: Option<String>,
    /// What the last step that succeeded did.
    pub last_report: Report,
}

/// A worker in its loop.
pub(crate) struct Post<S: Store> {
    worker: Arc<dyn BackgroundWorker<S>>,
    wake: Notify,
    /// Store time at which it means to look again.
    sleeps_until_ms: AtomicI64,
    status: Mutex<BackgroundStatus>,
}

/// What a loop does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    Again,
    /// Until somebody wakes it, or for this long at most.
    Sleep(Option<Duration>),
    /// Whatever happens.
    Recover(Duration),
}

/// A worker whose step failed is restarted after this, doubled each time.
const RESTART_MS_MIN: u64 = 1_000;
const RESTART_MS_MAX: u64 = 30_000;
/// An outage of the store is no fault of the worker: it looks often enough to go on soon after it.
const OUTAGE_MS_MAX: u64 = 2_000;
/// Something is due and nothing could be done about it: another node has it, a lease has its grace, or it failed. It is looked at again
/// after this, doubled each time.
const RETRY_MS_MIN: i64 = 20;
const RETRY_MS_MAX: i64 = 1_000;

impl<S: Store> Post<S> {
    pub(crate) fn new(worker: Arc<dyn BackgroundWorker<S>>) -> Self {
        let status = BackgroundStatus { name: worker.name(), ..BackgroundStatus::default() };
        Self { worker, wake: Notify::new(), sleeps_until_ms: AtomicI64::new(i64::MAX), status: Mutex::new(status) }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.worker.name()
    }

    pub(crate) fn status(&self) -> BackgroundStatus {
        self.status.lock().clone()
    }

    /// Passes a wake-up on if it is for this worker.
    pub(crate) fn hint(&self, wake: &Wake) {
        let is_for_it = match wake {
            Wake::All => {
                self.worker.wakes(wake);
                true
            }
            Wake::Due(kind, at_ms) => {
                self.worker.dues().contains(kind) && *at_ms < self.sleeps_until_ms.load(Ordering::Relaxed)
            }
            other => self.worker.wakes(other),
        };
        if is_for_it {
            self.wake.notify_one();
        }
    }

    /// Until somebody wakes it.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// One step, and what to do next. A panic is an error like any other.
    pub(crate) async fn turn(&self, engine: &Engine<S>) -> Next {
        // Every time that is stored from now on may be news.
        self.sleeps_until_ms.store(i64::MAX, Ordering::Relaxed);
        let began = engine.world.clock().elapsed();
        let batch = batch_of(engine, &*self.worker);
        let step = AssertUnwindSafe(self.worker.tick(engine, batch)).catch_unwind().await;
        metrics::ticked(self.name(), engine.world.clock().elapsed().saturating_sub(began));
        match step {
            Ok(Ok(report)) => self.done(engine, report),
            Ok(Err(error)) => self.failed(&error.to_string(), error.kind() == Kind::Unavailable),
            Err(panic) => self.failed(&said(&*panic), false),
        }
    }

    fn done(&self, engine: &Engine<S>, report: Report) -> Next {
        metrics::did(self.name(), &report.counters);
        let settings = &engine.settings.background;
        let tick_ms = settings.workers.get(self.name()).and_then(|own| own.tick_ms).unwrap_or(self.worker.tick_ms());
        let tick_ms = settings.ticks.then(|| i64::try_from(tick_ms).unwrap_or(i64::MAX));
        let now_ms = engine.about_now();
        let mut status = self.status.lock();
        let in_vain = report.next_due_ms.is_some_and(|at| at <= now_ms) && (report.is_idle() || report.count("errors") > 0);
        status.in_vain = if in_vain { status.in_vain.saturating_add(1) } else { 0 };
        let floor_ms = if in_vain { (RETRY_MS_MIN << status.in_vain.min(10)).min(RETRY_MS_MAX) } else { 1 };
        let due_ms = report.next_due_ms.filter(|_| settings.wakes).map(|at| (at - now_ms).max(floor_ms));
        let wait_ms = [tick_ms, due_ms].into_iter().flatten().min();
        self.sleeps_until_ms.store(report.next_due_ms.unwrap_or(i64::MAX), Ordering::Relaxed);
        let more = report.more;
        status.ticks += 1;
        status.errors = 0;
        status.last_error = None;
        status.last_report = report;
        if more { Next::Again } else { Next::Sleep(wait_ms.map(crate::timer::span_of_ms)) }
    }

    fn failed(&self, message: &str, is_outage: bool) -> Next {
        metrics::background_error(self.name());
        let mut status = self.status.lock();
        status.ticks += 1;
        let doublings = u32::try_from(status.errors.min(10)).unwrap_or(10);
        status.errors += 1;
        status.last_error = Some(message.to_owned());
        let most = if is_outage { OUTAGE_MS_MAX } else { RESTART_MS_MAX };
        Next::Recover(Duration::from_millis((RESTART_MS_MIN << doublings).min(most)))
    }
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panic: {}", text.unwrap_or_else(|| "without a message".to_owned()))
}

#[cfg(test)]
mod tests {
    use levada_store::MemoryStore;

    use super::*;
    use crate::background::registry;

    #[test]
    fn t_117_a_worker_that_fails_is_restarted_later_each_time() {
        let waits = |is_outage| {
            let post = Post::<MemoryStore>::new(registry().swap_remove(0));
            (0..7).map(|_| post.failed("planted", is_outage)).collect::<Vec<_>>()
        };
        let seconds = |seconds: [u64; 7]| seconds.map(|seconds| Next::Recover(Duration::from_secs(seconds)));
        assert_eq!(waits(false), seconds([1, 2, 4, 8, 16, 30, 30]));
        assert_eq!(waits(true), seconds([1, 2, 2, 2, 2, 2, 2]), "a store that is away is no fault of the worker");
    }
}
