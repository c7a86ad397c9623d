//! The handle to an open database.

mod reading;
mod state;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;

use arrow::array::RecordBatch;
use levada_base::{Epoch, Error, Result, codes};
use levada_connect::Context;
use levada_sql::{Parsed, Statement};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::core::{Core, Payload};
use crate::guard::guarded;
use crate::statement;
use crate::{Builder, Outcome, Rows, Settings, SourceHandle, Subscription};

pub use state::Progress;

/// Planning walks a query and all views below it, a few stack frames a level. Only what is used of it is ever memory.
const QUERY_STACK_BYTES: usize = 64 << 20;

/// An open database. Cheap to clone, `Send + Sync`; the last clone that goes closes it.
#[derive(Clone)]
pub struct Database(Arc<Inner>);

struct Inner {
    core: Arc<Mutex<Core>>,
    /// The epoch that was finished last.
    progress: Arc<watch::Sender<Epoch>>,
    runtime: Option<tokio::runtime::Runtime>,
    driver: Mutex<Option<JoinHandle<()>>>,
    partitions: AtomicU32,
    /// Held by a statement that writes, from what it reads to what it changes.
    writing: tokio::sync::Mutex<()>,
}

impl fmt::Debug for Database {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Database").finish_non_exhaustive()
    }
}

impl Database {
    /// A database in memory with the default settings.
    ///
    /// # Errors
    /// `LV-S722` if the system gives no threads.
    pub fn open_in_memory() -> Result<Self> {
        Self::builder().open_in_memory()
    }

    /// Settings and parts before opening.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn open(settings: Settings, context: Context, reading: bool) -> Result<Self> {
        let world = context.world.clone();
        let core = Arc::new(Mutex::new(Core::new(settings, context, reading)?));
        let progress = Arc::new(watch::Sender::new(Epoch::ZERO));
        // Ad-hoc queries run here, so that the caller may have any runtime, or none.
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        runtime.worker_threads(1).thread_name("levada-io").thread_stack_size(QUERY_STACK_BYTES);
        let runtime = runtime.build().map_err(|cause| Error::new(codes::LV_S722, "no thread for queries").caused_by(cause))?;
        let driver = match world.has_threads() {
            false => None,
            true => {
                let (core, progress) = (core.clone(), progress.clone());
                Some(world.spawn("levada-epochs", move || reading::drive(&core, &progress))?)
            }
        };
        let partitions = AtomicU32::new(0);
        Ok(Self(Arc::new(Inner {
            core,
            progress,
            runtime: Some(runtime),
            driver: Mutex::new(driver),
            partitions,
            writing: tokio::sync::Mutex::new(()),
        })))
    }

    /// Executes one statement.
    ///
    /// # Errors
    /// The statement's own; nothing has changed then. `LV-J011` after the database was closed.
    pub async fn execute(&self, sql: &str) -> Result<Outcome> {
        self.execute_parsed(levada_sql::parse_one(sql)?).await
    }

    /// Executes the statements of a script in order and stops at the first error; what came before it stays.
    ///
    /// # Errors
    /// See [`Database::execute`]; nothing is executed if the script does not parse.
    pub async fn execute_script(&self, sql: &str) -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::new();
        for parsed in levada_sql::parse_script(sql)? {
            outcomes.push(self.execute_parsed(parsed).await?);
        }
        Ok(outcomes)
    }

    /// Executes a statement that was parsed before.
    ///
    /// # Errors
    /// See [`Database::execute`].
    pub async fn execute_parsed(&self, parsed: Parsed) -> Result<Outcome> {
        // Every error has a place: the whole statement, where nothing smaller is known.
        self.execute_statement(parsed.statement).await.map_err(|error| error.at(parsed.position))
    }

    async fn execute_statement(&self, statement: Statement) -> Result<Outcome> {
        if let Statement::Select(query) = &statement {
            return statement::select(self, query).await.map(Outcome::Rows);
        }
        let _writing = self.0.writing.lock().await;
        match statement {
            Statement::CreateTable(create) if create.as_query.is_some() => statement::create_table_as(self, create).await,
            Statement::Insert(insert) => statement::insert(self, &insert).await,
            Statement::Update(update) => statement::update(self, &update).await,
            Statement::Delete(delete) => statement::delete(self, &delete).await,
            other => self.write(|core| guarded("the statement", || statement::execute(core, other))),
        }
    }

    /// Reads rows, all at one epoch: the newest. Earlier writes of this program are in it.
    ///
    /// # Errors
    /// See [`Database::execute`]; `LV-S001` if the statement gives no rows.
    pub async fn query(&self, sql: &str) -> Result<Rows> {
        match self.execute(sql).await? {
            Outcome::Rows(rows) => Ok(rows),
            _ => Err(Error::new(codes::LV_S001, "the statement gives no rows").with_hint("use execute for it")),
        }
    }

    /// As [`Database::execute`], for a program without a runtime. Must not be called from within one.
    ///
    /// # Errors
    /// See [`Database::execute`].
    pub fn execute_blocking(&self, sql: &str) -> Result<Outcome> {
        futures::executor::block_on(self.execute(sql))
    }

    /// As [`Database::query`], for a program without a runtime. Must not be called from within one.
    ///
    /// # Errors
    /// See [`Database::query`].
    pub fn query_blocking(&self, sql: &str) -> Result<Rows> {
        futures::executor::block_on(self.query(sql))
    }

    /// A source to push into. Every call gives a partition of its own.
    ///
    /// # Errors
    /// `LV-S101`, `LV-S105`; `LV-S204` for a source with a connector.
    pub fn source(&self, name: &str) -> Result<SourceHandle> {
        let id = self.read(|core| statement::push_source(core, name))?;
        let partition = self.0.partitions.fetch_add(1, Ordering::Relaxed);
        Ok(SourceHandle::new(self.clone(), id, name.to_owned(), partition))
    }

    /// The changes of a table, view or stream from now on; tables and views begin with what they hold, as one epoch.
    ///
    /// # Errors
    /// `LV-S101`, `LV-S105`, `LV-S710`.
    pub async fn subscribe(&self, name: &str) -> Result<Subscription> {
        match self.execute(&format!("SUBSCRIBE TO {}", quoted(name))).await? {
            Outcome::Subscribed(subscription) => Ok(subscription),
            _ => Err(Error::internal("SUBSCRIBE gave no subscription")),
        }
    }

    /// Inserts a batch into a table: columns by name. All of it is in one epoch when the call returns.
    ///
    /// # Errors
    /// As INSERT.
    pub async fn insert(&self, table: &str, batch: RecordBatch) -> Result<Epoch> {
        let _writing = self.0.writing.lock().await;
        self.write(|core| statement::insert_batch(core, table, &batch))
    }

    /// Reads the state under the lock.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Core) -> Result<T>) -> Result<T> {
        let core = self.0.core.lock();
        if core.closed {
            return Err(closed());
        }
        read(&core)
    }

    /// Changes the state under the lock, and tells who waits.
    pub(crate) fn write<T>(&self, write: impl FnOnce(&mut Core) -> Result<T>) -> Result<T> {
        let (result, epoch) = {
            let mut core = self.0.core.lock();
            if core.closed {
                return Err(closed());
            }
            (write(&mut core), core.epoch)
        };
        self.0.progress.send_replace(epoch);
        result
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.0.core.is_locked()
    }

    /// Runs a query's future on the database's own runtime.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
        let Some(runtime) = &self.0.runtime else { return Err(closed()) };
        runtime.spawn(work).await.map_err(|panic| {
            Error::new(codes::LV_J006, format!("a query panicked: {panic}"))
                .with_hint("this is a bug in Levada: please report it")
        })?
    }
}

fn closed() -> Error {
    Error::new(codes::LV_J011, "the database is closed").with_hint("open it again")
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Whether an object is a source that the program pushes into.
pub(crate) fn is_pushed(payload: &Payload) -> bool {
    matches!(payload, Payload::Source { definition, .. } if matches!(definition.origin, crate::intake::Origin::Push))
}
