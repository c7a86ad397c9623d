//! Moving what was committed from the log into the database file, beside the calls.
//!
//! A thread with a connection of its own does the bulk while the writer goes on. Only when the log has grown long under steady load
//! does the writer do the small rest itself, between two transactions: then the next one begins the log anew, in the space it has.

use std::sync::Arc;
use std::thread::JoinHandle;

use levada_base::World;
use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;

use crate::errors::{Failure, Result};
use crate::open::Place;
use crate::statistics::Counters;

/// Rows written between two checkpoints.
const CHECKPOINT_ROWS: usize = 2_000;
/// Rows written between two beginnings of the log.
const LOG_ROWS_MAX: usize = 20_000;

/// How much was written since when, and who is told about it.
pub(crate) struct Log {
    counters: Arc<Counters>,
    /// Tells the thread; none if there is none.
    asked: Option<Arc<Asked>>,
    since_checkpoint: usize,
    since_beginning: usize,
}

impl Log {
    pub(crate) fn new(counters: Arc<Counters>, asked: Option<Arc<Asked>>) -> Self {
        Self { counters, asked, since_checkpoint: 0, since_beginning: 0 }
    }

    /// The writer committed so many rows and is between two transactions.
    pub(crate) fn grew(&mut self, rows: usize, writer: &Connection) {
        self.since_checkpoint += rows;
        self.since_beginning += rows;
        if self.since_checkpoint < CHECKPOINT_ROWS {
            return;
        }
        self.since_checkpoint = 0;
        match self.asked.as_ref().filter(|_| self.since_beginning < LOG_ROWS_MAX) {
            Some(asked) => asked.ask(),
            None => {
                self.since_beginning = 0;
                self.counters.checkpointed(checkpoint(writer).is_ok());
            }
        }
    }
}

/// Waits for nobody: neither for the writer nor for readers.
fn checkpoint(connection: &Connection) -> Result<()> {
    Ok(connection.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?.query_row([], |_| Ok(()))?)
}

/// Whether a checkpoint is asked for.
#[derive(Default)]
pub(crate) struct Asked {
    wish: Mutex<Wish>,
    changed: Condvar,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Wish {
    #[default]
    Nothing,
    Checkpoint,
    End,
}

impl Asked {
    fn ask(&self) {
        let mut wish = self.wish.lock();
        if *wish == Wish::Nothing {
            *wish = Wish::Checkpoint;
            self.changed.notify_one();
        }
    }

    fn end(&self) {
        *self.wish.lock() = Wish::End;
        self.changed.notify_one();
    }

    /// Waits until a checkpoint is asked for. False: there will be none.
    fn wait(&self) -> bool {
        let mut wish = self.wish.lock();
        while *wish == Wish::Nothing {
            self.changed.wait(&mut wish);
        }
        let go_on = *wish == Wish::Checkpoint;
        if go_on {
            *wish = Wish::Nothing;
        }
        go_on
    }
}

/// The thread; it ends when this is dropped.
pub(crate) struct Checkpointer {
    asked: Arc<Asked>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Starts the thread, if the world has threads and there is a file.
    pub(crate) fn start(place: &Place, world: &World, counters: &Arc<Counters>) -> Result<Option<Self>> {
        if matches!(place, Place::Memory(_)) || !world.has_threads() {
            return Ok(None);
        }
        let connection = place.writer()?;
        let (asked, counters) = (Arc::<Asked>::default(), Arc::clone(counters));
        let waiting = Arc::clone(&asked);
        let run = move || {
            while waiting.wait() {
                counters.checkpointed(checkpoint(&connection).is_ok());
            }
        };
        let thread = world.spawn("levada-sqlite-checkpoint", run).map_err(|error| Failure::no_thread(&error))?;
        Ok(Some(Self { asked, thread: Some(thread) }))
    }

    pub(crate) fn asked(&self) -> Arc<Asked> {
        Arc::clone(&self.asked)
    }
}

/// Ends the thread.
impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.asked.end();
        if let Some(thread) = self.thread.take() {
            // It has no panic of its own to tell of.
            let _ = thread.join();
        }
    }
}
