//! The gauges of the metrics, counted by the store once in a while, and what the store did meanwhile.

use std::collections::BTreeSet;

use futures::FutureExt;
use futures::future::BoxFuture;
use levada_base::Error;
use levada_store::{Count, Query, Store, Work};
use parking_lot::Mutex;

use super::{BackgroundWorker, Report};
use crate::engine::Engine;
use crate::metrics;

/// How often the store is asked for the bytes of its tables: it may have to read all of them for that.
const BYTES_MS: i64 = 600_000;

/// Brings the gauges up to date.
#[derive(Default)]
pub(super) struct Gauges {
    told: Mutex<Told>,
}

/// What the last step told.
struct Told {
    /// Gauges that are not 0, and those that are always told.
    gauges: BTreeSet<(&'static str, Vec<String>)>,
    work: Work,
    /// Store time of the last question for bytes.
    bytes_ms: Option<i64>,
}

/// Gauges without labels: they are told also while they are 0.
const ALWAYS: [&str; 4] = ["leases", "marks", "cancel_pending", "cancel_backlog"];

impl Default for Told {
    fn default() -> Self {
        Self { gauges: ALWAYS.map(|gauge| (gauge, Vec::new())).into(), work: Work::default(), bytes_ms: None }
    }
}

impl<S: Store> BackgroundWorker<S> for Gauges {
    fn name(&self) -> &'static str {
        "gauges"
    }

    fn tick_ms(&self) -> u64 {
        15_000
    }

    fn batch(&self) -> u32 {
        1
    }

    fn tick<'a>(&'a self, engine: &'a Engine<S>, _batch: u32) -> BoxFuture<'a, Result<Report, Error>> {
        self.step(engine).boxed()
    }
}

impl Gauges {
    async fn step<S: Store>(&self, engine: &Engine<S>) -> Result<Report, Error> {
        let page = engine.read(Query::Counts).await?;
        let now_ms = page.rows.now_ms;
        self.tell(&page.counts, now_ms);
        metrics::store_did(&self.work_since(engine.store.work()));
        if self.bytes_are_old(now_ms) {
            let bytes = engine.read(Query::Bytes).await?.counts;
            bytes.iter().for_each(|count| metrics::gauge(count, now_ms));
            self.told.lock().bytes_ms = Some(now_ms);
        }
        Ok(Report::default())
    }

    /// Gauges keep their last value, so that those which are gone have to be told, too.
    fn tell(&self, counts: &[Count], now_ms: i64) {
        counts.iter().for_each(|count| metrics::gauge(count, now_ms));
        let present: BTreeSet<_> = counts.iter().map(|count| (count.gauge, count.labels.clone())).collect();
        let mut told = self.told.lock();
        for (gauge, labels) in told.gauges.difference(&present) {
            metrics::gone(gauge, labels, now_ms);
        }
        told.gauges = ALWAYS.map(|gauge| (gauge, Vec::new())).into_iter().chain(present).collect();
    }

    fn work_since(&self, work: Work) -> Work {
        let mut told = self.told.lock();
        let since = work.since(&told.work);
        told.work = work;
        since
    }

    fn bytes_are_old(&self, now_ms: i64) -> bool {
        self.told.lock().bytes_ms.is_none_or(|at_ms| now_ms - at_ms >= BYTES_MS)
    }
}
