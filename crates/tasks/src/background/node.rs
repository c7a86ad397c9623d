//! The heartbeat of an engine node: others see that somebody is alive, and it learns whether nobody was for too long.

use futures::FutureExt;
use futures::future::BoxFuture;
use levada_base::Error;
use levada_store::Store;

use super::{BackgroundWorker, Report};
use crate::engine::Engine;

/// Says that this node lives.
pub(super) struct Heartbeat;

impl<S: Store> BackgroundWorker<S> for Heartbeat {
    fn name(&self) -> &'static str {
        "node_heartbeat"
    }

    fn tick_ms(&self) -> u64 {
        1_000
    }

    fn batch(&self) -> u32 {
        1
    }

    fn tick<'a>(&'a self, engine: &'a Engine<S>, _batch: u32) -> BoxFuture<'a, Result<Report, Error>> {
        async move {
            let seen = engine.heartbeat().await?;
            let mut report = Report::default();
            report.add("nodes", seen.nodes);
            // It is no due time of a row, but a loop without ticks must say that it lives, too.
            report.again_at(Some(engine.now().await?.saturating_add(1_000)));
            Ok(report)
        }
        .boxed()
    }
}
