//! Where a store lives, so that the same test runs on all three: in memory, in a file, on a server.

use std::sync::Arc;

use levada_base::{Error, World};
use levada_store::{
    Cursor, DueKind, EventPage, Filter, Fused, MemoryStore, Page, Plan, Query, Scope, State, Store, WakeReceiver,
};
use levada_store_postgres::PostgresStore;
use levada_store_sqlite::SqliteStore;

use super::gate::Gate;

/// A place that can be opened again and again.
#[derive(Debug, Clone)]
pub enum Place {
    /// Gone with the store.
    Memory,
    /// Gone with the store, too.
    SqliteMemory,
    Sqlite(levada_store_sqlite::Settings),
    Postgres(levada_store_postgres::Settings),
}

impl Place {
    /// Opens it. Runs of at most `inline_run_max` members are settled where they end.
    ///
    /// # Errors
    /// What the store says.
    pub async fn open(&self, inline_run_max: i32, world: World) -> Result<AnyStore, Error> {
        let kind = match self {
            Self::Memory => Kind::Memory(MemoryStore::with_inline_run_max(world, inline_run_max)),
            Self::SqliteMemory => {
                let settings = levada_store_sqlite::Settings { inline_run_max, ..levada_store_sqlite::Settings::new("") };
                Kind::Sqlite(SqliteStore::in_memory_with(settings, world)?)
            }
            Self::Sqlite(settings) => {
                let settings = levada_store_sqlite::Settings { inline_run_max, ..settings.clone() };
                Kind::Sqlite(SqliteStore::open(settings, world)?)
            }
            Self::Postgres(settings) => {
                let settings = levada_store_postgres::Settings { inline_run_max, ..settings.clone() };
                Kind::Postgres(PostgresStore::open(settings, world).await?)
            }
        };
        Ok(AnyStore { kind: Arc::new(kind), gate: None })
    }
}

enum Kind {
    Memory(MemoryStore),
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

/// One of the stores. Clones share it.
#[derive(Clone)]
pub struct AnyStore {
    kind: Arc<Kind>,
    gate: Option<Arc<Gate>>,
}

impl AnyStore {
    /// The same store, whose transactions come by a gate.
    #[must_use]
    pub fn behind(&self, gate: &Arc<Gate>) -> Self {
        Self { kind: Arc::clone(&self.kind), gate: Some(Arc::clone(gate)) }
    }

    /// Transactions that were begun again.
    #[must_use]
    pub fn retries(&self) -> u64 {
        match &*self.kind {
            Kind::Memory(_) => 0,
            Kind::Sqlite(store) => store.statistics().retries,
            Kind::Postgres(store) => store.statistics().retries,
        }
    }

    /// Calls that shared the transaction of another.
    #[must_use]
    pub fn merged(&self) -> u64 {
        let (calls, transactions) = match &*self.kind {
            Kind::Memory(_) => (0, 0),
            Kind::Sqlite(store) => (store.statistics().calls, store.statistics().transactions),
            Kind::Postgres(store) => (store.statistics().calls, store.statistics().transactions),
        };
        calls.saturating_sub(transactions)
    }

    async fn pass(&self) {
        if let Some(gate) = &self.gate {
            gate.pass().await;
        }
    }
}

impl From<SqliteStore> for AnyStore {
    fn from(store: SqliteStore) -> Self {
        Self { kind: Arc::new(Kind::Sqlite(store)), gate: None }
    }
}

macro_rules! each {
    ($on:expr, $store:ident => $call:expr) => {
        match &*$on.kind {
            Kind::Memory($store) => $call,
            Kind::Sqlite($store) => $call,
            Kind::Postgres($store) => $call,
        }
    };
}

impl Store for AnyStore {
    async fn transact<R: Send + 'static>(&self, scope: Scope, plan: impl Plan<R> + 'static) -> Result<R, Error> {
        self.pass().await;
        each!(self, store => store.transact(scope, plan).await)
    }

    async fn transact_fused<R: Send + 'static>(
        &self,
        scope: Scope,
        usual: Fused,
        plan: impl Plan<R> + 'static,
    ) -> Result<R, Error> {
        self.pass().await;
        each!(self, store => store.transact_fused(scope, usual, plan).await)
    }

    async fn read(&self, query: Query) -> Result<Page, Error> {
        each!(self, store => store.read(query).await)
    }

    async fn events(&self, after: Cursor, filter: &Filter, limit: u32) -> Result<EventPage, Error> {
        each!(self, store => store.events(after, filter, limit).await)
    }

    async fn next_due(&self, kind: DueKind) -> Result<Option<i64>, Error> {
        each!(self, store => store.next_due(kind).await)
    }

    async fn now(&self) -> Result<i64, Error> {
        each!(self, store => store.now().await)
    }

    fn wake(&self) -> WakeReceiver {
        each!(self, store => store.wake())
    }

    async fn dump(&self) -> Result<State, Error> {
        each!(self, store => store.dump().await)
    }

    fn instance(&self) -> u128 {
        each!(self, store => store.instance())
    }
}
