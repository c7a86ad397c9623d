//! A store without statements for usual effects: everything takes the ordinary way.

use levada_base::Error;
use levada_store::{Cursor, DueKind, EventPage, Filter, Page, Plan, Query, Scope, State, Store, WakeReceiver};

/// The store below, asked only for ordinary transactions.
pub struct Ordinary<S>(pub S);

impl<S: Store> Store for Ordinary<S> {
    async fn transact<R: Send + 'static>(&self, scope: Scope, plan: impl Plan<R> + 'static) -> Result<R, Error> {
        self.0.transact(scope, plan).await
    }

    async fn read(&self, query: Query) -> Result<Page, Error> {
        self.0.read(query).await
    }

    async fn events(&self, after: Cursor, filter: &Filter, limit: u32) -> Result<EventPage, Error> {
        self.0.events(after, filter, limit).await
    }

    async fn next_due(&self, kind: DueKind) -> Result<Option<i64>, Error> {
        self.0.next_due(kind).await
    }

    async fn now(&self) -> Result<i64, Error> {
        self.0.now().await
    }

    fn wake(&self) -> WakeReceiver {
        self.0.wake()
    }

    async fn dump(&self) -> Result<State, Error> {
        self.0.dump().await
    }

    fn instance(&self) -> u128 {
        self.0.instance()
    }
}
