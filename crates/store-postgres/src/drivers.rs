//! The drivers: tasks that each take what waits, commit it as one transaction, and take again.
//!
//! A free driver starts a lone call at once; calls that come while all are busy are merged into the next transactions.

use std::sync::Arc;

use levada_store::{Batch, wakes};

use crate::errors::copied;
use crate::presence::Presence;
use crate::shared::Shared;
use crate::statistics::Counters;

/// Serves the queue until the store is closed; then what waits is told so.
pub async fn drive(shared: Arc<Shared>) {
    let mut closing = shared.closing.subscribe();
    loop {
        let queued = shared.queued.notified();
        let batch = Batch::take(&mut shared.queue.lock());
        match batch {
            Some(batch) => {
                let left = shared.fuse(batch).await;
                if let Some(batch) = left.batch {
                    serve(&shared, batch, left.unknown).await;
                }
            }
            None => {
                tokio::select! {
                    () = queued => {}
                    _ = closing.wait_for(|closing| *closing) => return,
                }
            }
        }
    }
}

/// Commits a batch and answers its calls. If the server refuses what several calls wrote together, each is tried by itself, so that
/// the one to blame does not fail the others.
async fn serve(shared: &Shared, mut batch: Batch, unknown: Option<Presence>) {
    match shared.commit(&mut batch, unknown).await {
        Err(error) if batch.len() > 1 && error.kind() != levada_base::Kind::Unavailable => {
            for mut call in batch.apart() {
                let outcome = shared.commit(&mut call, unknown).await;
                answer(shared, call, outcome);
            }
        }
        outcome => answer(shared, batch, outcome),
    }
}

fn answer(shared: &Shared, batch: Batch, outcome: Result<Vec<levada_store::Command>, levada_base::Error>) {
    Counters::add(&shared.counters.transactions, 1);
    Counters::add(&shared.counters.calls, batch.len());
    match outcome {
        Ok(commands) => {
            shared.wake(wakes(&commands));
            batch.finish(None);
        }
        Err(error) => batch.finish(Some(&|| copied(&error))),
    }
}
