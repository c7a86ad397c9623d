//! Where a store lives, so that the same test runs on all three: in memory, in a file, on a server.

use levada_base::{Error, World};
use levada_store::{Cursor, DueKind, EventPage, Filter, MemoryStore, Page, Plan, Query, Scope, State, Store, WakeReceiver};
use levada_store_postgres::PostgresStore;
use levada_store_sqlite::SqliteStore;

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
        Ok(match self {
            Self::Memory => AnyStore::Memory(MemoryStore::with_inline_run_max(world, inline_run_max)),
            Self::SqliteMemory => {
                let settings = levada_store_sqlite::Settings { inline_run_max, ..levada_store_sqlite::Settings::new("") };
                AnyStore::Sqlite(SqliteStore::in_memory_with(settings, world)?)
            }
            Self::Sqlite(settings) => {
                let settings = levada_store_sqlite::Settings { inline_run_max, ..settings.clone() };
                AnyStore::Sqlite(SqliteStore::open(settings, world)?)
            }
            Self::Postgres(settings) => {
                let settings = levada_store_postgres::Settings { inline_run_max, ..settings.clone() };
                AnyStore::Postgres(Box::new(PostgresStore::open(settings, world).await?))
            }
        })
    }
}

/// One of the stores.
pub enum AnyStore {
    Memory(MemoryStore),
    Sqlite(SqliteStore),
    Postgres(Box<PostgresStore>),
}

macro_rules! each {
    ($on:expr, $store:ident => $call:expr) => {
        match $on {
            AnyStore::Memory($store) => $call,
            AnyStore::Sqlite($store) => $call,
            AnyStore::Postgres($store) => $call,
        }
    };
}

impl Store for AnyStore {
    async fn transact<R: Send + 'static>(&self, scope: Scope, plan: impl Plan<R> + 'static) -> Result<R, Error> {
        each!(self, store => store.transact(scope, plan).await)
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
