//! Events that are older than they are kept are dropped once in a while.

use futures::FutureExt;
use futures::future::BoxFuture;
use levada_base::Error;
use levada_store::Store;

use super::{BackgroundWorker, Report};
use crate::engine::Engine;
use crate::rules::ForgetEvents;

/// Drops old events.
pub(super) struct EventRetention;

impl<S: Store> BackgroundWorker<S> for EventRetention {
    fn name(&self) -> &'static str {
        "event_retention"
    }

    fn tick_ms(&self) -> u64 {
        600_000
    }

    fn batch(&self) -> u32 {
        1
    }

    fn tick<'a>(&'a self, engine: &'a Engine<S>, _batch: u32) -> BoxFuture<'a, Result<Report, Error>> {
        async move {
            let older_than_ms = engine.settings.event_retention_ms;
            engine.act("event_retention", ForgetEvents { older_than_ms }).await?;
            Ok(Report::default())
        }
        .boxed()
    }
}
