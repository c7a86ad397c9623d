//! The store as the engine sees it.

use std::sync::Arc;

use levada_base::Error;
use levada_store::{
    Cursor, DueKind, EventPage, Filter, Fused, Page, Pending, Plan, Query, Request, Scope, State, Store, WakeReceiver, Work,
};
use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::errors::{unknown_outcome, unreachable};
use crate::shared::Shared;
use crate::statistics::Statistics;

/// Executions and runs in PostgreSQL, shared by any number of engine nodes.
pub struct PostgresStore {
    pub(crate) shared: Arc<Shared>,
    pub(crate) tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl PostgresStore {
    /// What it did since it was opened.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.shared.counters.read()
    }

    /// Whether hints of other nodes are listened for; else this node finds their work by polling.
    #[must_use]
    pub fn listens(&self) -> bool {
        self.shared.outbox.is_some()
    }
}

impl PostgresStore {
    /// Gives a call to the drivers and waits for its answer.
    async fn queued<R: 'static>(&self, request: Request, pending: Pending) -> Result<R, Error> {
        if *self.shared.closing.borrow() {
            return Err(unreachable("it was closed"));
        }
        self.shared.queue.lock().push_back(request);
        self.shared.queued.notify_one();
        // Drivers give up in time themselves; this is for a call that waits behind others that do so.
        let limit = self.shared.settings.operation_timeout * 2;
        timeout(limit, pending.result()).await.unwrap_or_else(|_| Err(unknown_outcome()))
    }
}

impl Drop for PostgresStore {
    /// Tells the tasks to end; [`PostgresStore::close`] also waits for them.
    fn drop(&mut self) {
        self.shared.closing.send_replace(true);
    }
}

impl Store for PostgresStore {
    async fn transact<R: Send + 'static>(&self, scope: Scope, plan: impl Plan<R> + 'static) -> Result<R, Error> {
        let (request, pending) = Request::new(scope, plan);
        self.queued(request, pending).await
    }

    async fn transact_fused<R: Send + 'static>(
        &self,
        scope: Scope,
        usual: Fused,
        plan: impl Plan<R> + 'static,
    ) -> Result<R, Error> {
        let (request, pending) = Request::new(scope, plan);
        let may_fit = self.shared.shortcuts.may_fit(&usual);
        self.queued(if may_fit { request.fused(usual) } else { request }, pending).await
    }

    async fn read(&self, query: Query) -> Result<Page, Error> {
        self.shared.read(&query).await
    }

    async fn events(&self, after: Cursor, filter: &Filter, limit: u32) -> Result<EventPage, Error> {
        self.shared.events(after, filter, limit).await
    }

    async fn next_due(&self, kind: DueKind) -> Result<Option<i64>, Error> {
        self.shared.next_due(kind).await
    }

    async fn now(&self) -> Result<i64, Error> {
        self.shared.now().await
    }

    fn wake(&self) -> WakeReceiver {
        self.shared.waker.subscribe()
    }

    async fn dump(&self) -> Result<State, Error> {
        self.shared.dump().await
    }

    fn instance(&self) -> u128 {
        self.shared.instance
    }

    fn work(&self) -> Work {
        self.shared.counters.work()
    }
}
