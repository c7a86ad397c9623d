//! The gauges of the metrics, counted by the store once in a while.

use futures::FutureExt;
use futures::future::BoxFuture;
use levada_base::Error;
use levada_store::{Query, Store};

use super::{BackgroundWorker, Report};
use crate::engine::Engine;
use crate::metrics;

/// Brings the gauges up to date.
pub(super) struct Gauges;

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
        async move {
            let counts = engine.read(Query::Counts).await?.counts;
            counts.iter().for_each(metrics::gauge);
            Ok(Report::default())
        }
        .boxed()
    }
}
