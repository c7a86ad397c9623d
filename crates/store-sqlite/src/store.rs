//! The store: opening and closing, and the trait.

use std::sync::Arc;
use std::thread::JoinHandle;

use levada_base::{Error, World};
use levada_store::{
    Cursor, DueKind, EventPage, Filter, Moment, Page, Plan, Query, Request, Scope, State, Store, StoreTime, WakeReceiver,
    Waker, Work, canonical,
};
use parking_lot::Mutex;

use crate::checkpoint::{Checkpointer, Log};
use crate::errors::{Failure, Result};
use crate::heartbeats::Heartbeats;
use crate::migrate::{MIGRATIONS, migrate};
use crate::open::Place;
use crate::owner::{Owner, resolved};
use crate::probe::Probe;
use crate::queue::Queue;
use crate::readers::Readers;
use crate::settings::Settings;
use crate::statistics::{Counters, Statistics};
use crate::writer::Writer;
use crate::{dues, dump, events, query};

/// Why calls are run again, each by itself: the database refused what one of them wrote.
const RETRIED: &str = "23000";

/// Executions and runs in a SQLite file. Clones share it; it is closed with the last of them, or by [`SqliteStore::close`].
#[derive(Clone)]
pub struct SqliteStore {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    instance: u128,
    time: Arc<StoreTime>,
    waker: Waker,
    counters: Arc<Counters>,
    queue: Arc<Queue>,
    /// None once the store is closed.
    writer: Arc<Mutex<Option<Writer>>>,
    readers: Readers,
    heartbeats: Arc<Heartbeats>,
    /// Serves the queue; none in a world without threads, where callers do, and once the store is closed.
    thread: Mutex<Option<JoinHandle<()>>>,
    checkpointer: Mutex<Option<Checkpointer>>,
    callers_serve: bool,
}

impl SqliteStore {
    /// Opens a database file, or makes it; brings its schema to this build's.
    ///
    /// # Errors
    /// `LV-T707` if another process has it; `LV-T705` for the schema of another build; `LV-T710` if the file is damaged or no database;
    /// `LV-T703` if it cannot be written; `LV-T702` if it cannot be opened.
    pub fn open(settings: Settings, world: World) -> Result<Self, Error> {
        Self::open_watched(settings, world, None)
    }

    /// The same, with somebody who is told of the writer's statements. For tests.
    ///
    /// # Errors
    /// See [`SqliteStore::open`].
    pub fn open_probed(settings: Settings, world: World, probe: Probe) -> Result<Self, Error> {
        Self::open_watched(settings, world, Some(probe))
    }

    fn open_watched(settings: Settings, world: World, probe: Option<Probe>) -> Result<Self, Error> {
        let path = resolved(&settings.path);
        let owner = Owner::take(&path).map_err(|failure| failure.error())?;
        let settings = Settings { path: path.clone(), ..settings };
        let opened = Self::start(&Place::File(settings), world, Some(owner), probe);
        opened.map_err(|failure| failure.while_opening(&path).error())
    }

    /// An empty store in memory, gone with its last clone.
    ///
    /// # Errors
    /// `LV-T702` if there is no memory for it.
    pub fn in_memory(world: World) -> Result<Self, Error> {
        Self::in_memory_with(Settings::new(""), world)
    }

    /// An empty store in memory, with settings; its path and durability mean nothing.
    ///
    /// # Errors
    /// See [`SqliteStore::in_memory`].
    pub fn in_memory_with(settings: Settings, world: World) -> Result<Self, Error> {
        Self::start(&Place::Memory(settings), world, None, None).map_err(|failure| failure.error())
    }

    fn start(place: &Place, world: World, owner: Option<Owner>, probe: Option<Probe>) -> Result<Self> {
        let settings = place.settings().clone();
        let mut connection = place.writer()?;
        migrate(&mut connection, MIGRATIONS, world.now().millis())?;
        let kept = Kept::read_or_make(&connection, &world)?;
        let time = Arc::new(StoreTime::new(world.clone(), kept.now_ms));
        let heartbeats = Arc::new(Heartbeats::default());
        let (waker, counters, queue) = (Waker::default(), Arc::new(Counters::default()), Arc::new(Queue::default()));
        let checkpointer = Checkpointer::start(place, &world, &counters)?;
        let writer = Writer {
            connection,
            _owner: owner,
            time: Arc::clone(&time),
            waker: waker.clone(),
            counters: Arc::clone(&counters),
            log: Log::new(Arc::clone(&counters), checkpointer.as_ref().map(Checkpointer::asked)),
            inline_run_max: settings.inline_run_max,
            probe,
            seq: kept.seq,
            places: None,
            heartbeats: Arc::clone(&heartbeats),
        };
        let writer = Arc::new(Mutex::new(Some(writer)));
        let readers = Readers::new(place, &writer);
        let thread = if world.has_threads() { Some(serve(&world, &queue, &writer)?) } else { None };
        let shared = Shared {
            settings,
            instance: kept.instance,
            time,
            waker,
            counters,
            queue,
            writer,
            readers,
            heartbeats,
            thread: Mutex::new(thread),
            checkpointer: Mutex::new(checkpointer),
            callers_serve: !world.has_threads(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Serves what waits, ends the writer's thread, closes the file and gives it up. Later calls are told `LV-T702`.
    pub fn close(&self) {
        self.shared.close();
    }

    /// What the writer did so far.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.shared.counters.read()
    }

    /// How it was opened.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }
}

/// The writer's thread: it ends when the queue is closed and served.
fn serve(world: &World, queue: &Arc<Queue>, writer: &Arc<Mutex<Option<Writer>>>) -> Result<JoinHandle<()>> {
    let (queue, writer) = (Arc::clone(queue), Arc::clone(writer));
    let run = move || {
        while let Some(batch) = queue.take() {
            match writer.lock().as_mut() {
                Some(writer) => writer.serve(batch),
                None => batch.fail(&|| Failure::closed().error()),
            }
        }
    };
    world.spawn("levada-sqlite-writer", run).map_err(|error| Failure::no_thread(&error))
}

impl Shared {
    fn close(&self) {
        self.queue.close();
        if let Some(thread) = self.thread.lock().take() {
            // A plan that holds the last clone ends the store from inside the thread, which cannot wait for itself.
            if thread.thread().id() != std::thread::current().id() {
                // It catches the panics of plans; there is nothing to learn from one of its own here.
                let _ = thread.join();
            }
        }
        self.checkpointer.lock().take();
        self.readers.close();
        if let Some(writer) = self.writer.try_lock().and_then(|mut writer| writer.take()) {
            // Nothing hangs on it but how long a later start thinks that nobody was there.
            let _ = writer.finish();
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.close();
    }
}

/// What the store keeps about itself.
struct Kept {
    instance: u128,
    now_ms: i64,
    seq: i64,
}

impl Kept {
    /// Numbers begin at 1: a cursor at 0 is before the first event.
    fn read_or_make(connection: &rusqlite::Connection, world: &World) -> Result<Self> {
        let instance = (u128::from(world.random()) << 64) | u128::from(world.random());
        connection.execute(
            "INSERT INTO store (id, instance, now_ms, seq) VALUES (1, ?1, 0, 1) ON CONFLICT DO NOTHING",
            [instance.to_be_bytes()],
        )?;
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Self { instance: u128::from_be_bytes(row.get(0)?), now_ms: row.get(1)?, seq: row.get(2)? })
        };
        Ok(connection.query_row("SELECT instance, now_ms, seq FROM store", [], read)?)
    }
}

impl Store for SqliteStore {
    async fn transact<R: Send + 'static>(&self, scope: Scope, plan: impl Plan<R> + 'static) -> Result<R, Error> {
        let (request, pending) = Request::new(scope, plan);
        self.shared.queue.push(request);
        if self.shared.callers_serve {
            self.shared.serve_here();
        }
        pending.result().await
    }

    async fn read(&self, query: Query) -> Result<Page, Error> {
        let shared = &self.shared;
        let moment = Moment { now_ms: shared.time.now_ms(), seq: 0, inline_run_max: shared.settings.inline_run_max };
        let page = shared.readers.read(|session| query::answer(session, &query, moment));
        let mut page = page.map_err(|failure| failure.error())?;
        shared.heartbeats.show(&mut page.rows);
        Ok(page)
    }

    async fn events(&self, after: Cursor, filter: &Filter, limit: u32) -> Result<EventPage, Error> {
        self.shared.readers.read(|session| events::page(session, after, filter, limit)).map_err(|failure| failure.error())
    }

    async fn next_due(&self, kind: DueKind) -> Result<Option<i64>, Error> {
        self.shared.readers.read(|session| dues::earliest(session, kind)).map_err(|failure| failure.error())
    }

    async fn now(&self) -> Result<i64, Error> {
        Ok(self.shared.time.now_ms())
    }

    fn wake(&self) -> WakeReceiver {
        self.shared.waker.subscribe()
    }

    async fn dump(&self) -> Result<State, Error> {
        let mut state = self.shared.readers.read(dump::all).map_err(|failure| failure.error())?;
        self.shared.heartbeats.show(&mut state);
        Ok(canonical(state))
    }

    fn instance(&self) -> u128 {
        self.shared.instance
    }

    fn work(&self) -> Work {
        let done = self.shared.counters.read();
        let retries = [(RETRIED.to_owned(), done.retries)].into_iter().filter(|(_, count)| *count > 0);
        Work { transactions: done.transactions, calls: done.calls, retries: retries.collect(), ..Work::default() }
    }
}

impl Shared {
    /// Serves the queue in the caller: there is no thread.
    fn serve_here(&self) {
        if let Some(writer) = self.writer.lock().as_mut() {
            while let Some(batch) = self.queue.take_now() {
                writer.serve(batch);
            }
        }
    }
}
