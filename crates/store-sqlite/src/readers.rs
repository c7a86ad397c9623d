//! Read-only connections: taken for one read, kept for the next.

use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::Connection;

use crate::errors::{Failure, Result};
use crate::open::Place;
use crate::session::Session;
use crate::settings::Settings;
use crate::writer::Writer;

/// Where reads run.
pub(crate) enum Readers {
    /// Beside the writer, on connections of their own.
    Pool { settings: Settings, idle: Mutex<Option<Vec<Connection>>> },
    /// Between the writer's transactions: a database in memory has one connection.
    Shared(Arc<Mutex<Option<Writer>>>),
}

impl Readers {
    pub(crate) fn new(place: &Place, writer: &Arc<Mutex<Option<Writer>>>) -> Self {
        match place {
            Place::File(settings) => Self::Pool { settings: settings.clone(), idle: Mutex::new(Some(Vec::new())) },
            Place::Memory(_) => Self::Shared(Arc::clone(writer)),
        }
    }

    /// Runs a read at one moment of the database.
    ///
    /// # Errors
    /// What the read says; `LV-T702` if the store was closed.
    pub(crate) fn read<R>(&self, run: impl FnOnce(&Session<'_>) -> Result<R>) -> Result<R> {
        match self {
            Self::Pool { settings, idle } => {
                let kept = idle.lock().as_mut().ok_or_else(Failure::closed)?.pop();
                let connection = kept.map_or_else(|| Place::reader(settings), Ok)?;
                let answer = at_one_moment(&connection, run);
                // Not if the store was closed meanwhile.
                if let Some(idle) = idle.lock().as_mut().filter(|idle| idle.len() < settings.readers_kept) {
                    idle.push(connection);
                }
                answer
            }
            Self::Shared(writer) => {
                let writer = writer.lock();
                at_one_moment(&writer.as_ref().ok_or_else(Failure::closed)?.connection, run)
            }
        }
    }

    /// Closes the connections; whoever reads now ends with its own.
    pub(crate) fn close(&self) {
        if let Self::Pool { idle, .. } = self {
            idle.lock().take();
        }
    }
}

fn at_one_moment<R>(connection: &Connection, run: impl FnOnce(&Session<'_>) -> Result<R>) -> Result<R> {
    let _until_dropped = connection.unchecked_transaction()?;
    run(&Session::new(connection))
}
