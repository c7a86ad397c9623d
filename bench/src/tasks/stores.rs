//! The stores that are measured: each makes empty places, and opens engine nodes on them as an application would.

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use levada_base::World;
use levada_store::{MemoryStore, Store};
use levada_store_postgres::PostgresStore;
use levada_store_sqlite::SqliteStore;
use levada_testing_postgres::{Database, Proxy, Server};
use tempfile::TempDir;

/// Which store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    Sqlite,
    Postgres,
    /// Keeps nothing: what the engine itself costs
    Memory,
}

/// What a store did so far; none where it does not count.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    pub statements: Option<u64>,
    pub transactions: Option<u64>,
}

impl Counts {
    /// What was done since `before`, per operation.
    pub fn since(self, before: Self, operations: usize) -> [(&'static str, Option<f64>); 2] {
        let share = |now: Option<u64>, before: Option<u64>| Some((now? - before?) as f64 / operations.max(1) as f64);
        [
            ("statements per operation", share(self.statements, before.statements)),
            ("transactions per operation", share(self.transactions, before.transactions)),
        ]
    }
}

/// A kind of store on this machine.
pub trait Stores: Send + Sync + 'static {
    type Place: Place;

    /// An empty place, gone with the value.
    fn place(&self) -> impl Future<Output = Result<Self::Place>>;

    /// Version of the database, and where its files are.
    fn versions(&self) -> Result<(String, PathBuf)>;
}

/// Where one store keeps its rows. Opened twice it is the same store.
pub trait Place: Send + Sync + 'static {
    type Store: Store;
    const KIND: Kind;

    /// `node` names the engine node that opens it.
    fn open(&self, node: &str) -> impl Future<Output = Result<Self::Store>>;

    /// The same through a proxy that counts round trips, where there are any.
    fn open_counted(&self) -> impl Future<Output = Result<(Self::Store, Option<Proxy>)>> {
        async { Ok((self.open("counted").await?, None)) }
    }

    fn counts(store: &Self::Store) -> Counts;

    /// What it takes on the disk; none if it is not there.
    fn bytes(&self) -> Result<Option<u64>>;

    /// Waits until the server has cleaned up what was deleted, as it does by itself; at most three minutes.
    fn cleaned_up(&self) -> impl Future<Output = Result<()>> {
        async { Ok(()) }
    }

    /// What a process of its own opens it with; none if it cannot.
    fn location(&self) -> Option<String>;
}

/// SQLite files on a disk.
pub struct SqliteStores {
    pub directory: PathBuf,
}

impl Stores for SqliteStores {
    type Place = SqlitePlace;

    async fn place(&self) -> Result<SqlitePlace> {
        let directory = tempfile::Builder::new().prefix("levada-bench-").tempdir_in(&self.directory);
        let directory = directory.with_context(|| format!("\"{}\" takes no files", self.directory.display()))?;
        Ok(SqlitePlace { directory })
    }

    fn versions(&self) -> Result<(String, PathBuf)> {
        Ok((format!("SQLite {}, synchronous FULL", levada_store_sqlite::sqlite_version()), self.directory.clone()))
    }
}

pub struct SqlitePlace {
    directory: TempDir,
}

impl Place for SqlitePlace {
    type Store = SqliteStore;
    const KIND: Kind = Kind::Sqlite;

    async fn open(&self, _node: &str) -> Result<SqliteStore> {
        open_sqlite(self.directory.path().join("tasks.db"))
    }

    fn counts(store: &SqliteStore) -> Counts {
        let done = store.statistics();
        Counts { statements: Some(done.statements), transactions: Some(done.transactions) }
    }

    fn bytes(&self) -> Result<Option<u64>> {
        let files = World::real();
        let length = |name| files.files().length(&self.directory.path().join(name)).unwrap_or(0);
        Ok(Some(length("tasks.db") + length("tasks.db-wal")))
    }

    fn location(&self) -> Option<String> {
        Some(self.directory.path().join("tasks.db").display().to_string())
    }
}

/// A SQLite store as everybody opens it.
pub fn open_sqlite(path: impl Into<PathBuf>) -> Result<SqliteStore> {
    Ok(SqliteStore::open(levada_store_sqlite::Settings::new(path), World::real())?)
}

/// Databases of one PostgreSQL server that syncs its commits.
pub struct PostgresStores {
    pub server: Server,
}

impl Stores for PostgresStores {
    type Place = PostgresPlace;

    async fn place(&self) -> Result<PostgresPlace> {
        let database = self.server.create_database()?;
        Ok(PostgresPlace { database })
    }

    fn versions(&self) -> Result<(String, PathBuf)> {
        let database = self.server.create_database()?;
        let version = database.sql("SHOW server_version")?;
        Ok((format!("PostgreSQL {version}, fsync on, shared_buffers 512 MB, max_wal_size 4 GB"), std::env::temp_dir()))
    }
}

pub struct PostgresPlace {
    pub database: Database,
}

impl Place for PostgresPlace {
    type Store = PostgresStore;
    const KIND: Kind = Kind::Postgres;

    async fn open(&self, node: &str) -> Result<PostgresStore> {
        open_postgres(&self.database.url(), node).await
    }

    async fn open_counted(&self) -> Result<(PostgresStore, Option<Proxy>)> {
        let proxy = Proxy::start(self.database.address()).await?;
        // Without a connection that listens, every trip is one of an operation.
        let url = proxy.url(&self.database);
        let settings = levada_store_postgres::Settings { listen: false, ..levada_store_postgres::Settings::new(url) };
        Ok((PostgresStore::open(settings, World::real()).await?, Some(proxy)))
    }

    fn counts(store: &PostgresStore) -> Counts {
        let done = store.statistics();
        Counts { statements: Some(done.statements), transactions: Some(done.transactions) }
    }

    fn bytes(&self) -> Result<Option<u64>> {
        let bytes = self.database.sql("SELECT pg_database_size(current_database())")?;
        Ok(Some(bytes.trim().parse().context("the size of a database")?))
    }

    async fn cleaned_up(&self) -> Result<()> {
        let old = "SELECT count(*) FROM pg_stat_user_tables WHERE n_dead_tup > 1000";
        for _ in 0..180 {
            if self.database.sql(old)?.trim() == "0" {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Ok(())
    }

    fn location(&self) -> Option<String> {
        Some(self.database.url())
    }
}

/// A PostgreSQL store as everybody opens it.
pub async fn open_postgres(url: &str, node: &str) -> Result<PostgresStore> {
    let settings = levada_store_postgres::Settings { node: node.to_owned(), ..levada_store_postgres::Settings::new(url) };
    Ok(PostgresStore::open(settings, World::real()).await?)
}

/// The reference store, in memory.
pub struct MemoryStores;

impl Stores for MemoryStores {
    type Place = MemoryPlace;

    async fn place(&self) -> Result<MemoryPlace> {
        Ok(MemoryPlace { store: MemoryStore::new(World::real()) })
    }

    fn versions(&self) -> Result<(String, PathBuf)> {
        Ok(("memory".to_owned(), std::env::temp_dir()))
    }
}

pub struct MemoryPlace {
    store: MemoryStore,
}

impl Place for MemoryPlace {
    type Store = MemoryStore;
    const KIND: Kind = Kind::Memory;

    async fn open(&self, _node: &str) -> Result<MemoryStore> {
        Ok(self.store.clone())
    }

    fn counts(_store: &MemoryStore) -> Counts {
        Counts::default()
    }

    fn bytes(&self) -> Result<Option<u64>> {
        Ok(None)
    }

    fn location(&self) -> Option<String> {
        None
    }
}
