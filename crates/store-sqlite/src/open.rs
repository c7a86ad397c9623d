//! Opening connections: the one that writes, and those that read.

use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::errors::Result;
use crate::settings::{Durability, Settings};

/// How long a statement waits for a program outside that holds the file, a backup for example.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// Every statement of the crate fits.
const STATEMENTS_KEPT: usize = 256;
/// Pages of a connection's cache, as SQLite counts it: negative is KiB.
const WRITER_CACHE_KIB: i64 = -65_536;
const READER_CACHE_KIB: i64 = -8_192;

/// Where the rows are.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    File(Settings),
    /// Gone with the store.
    Memory(Settings),
}

impl Place {
    pub(crate) fn settings(&self) -> &Settings {
        match self {
            Self::File(settings) | Self::Memory(settings) => settings,
        }
    }

    /// The connection that writes.
    pub(crate) fn writer(&self) -> Result<Connection> {
        let settings = self.settings();
        let connection = match self {
            Self::File(_) => {
                let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                Connection::open_with_flags(&settings.path, flags)?
            }
            Self::Memory(_) => Connection::open_in_memory()?,
        };
        prepare(&connection, WRITER_CACHE_KIB)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        let synchronous = if settings.durability == Durability::Full { "FULL" } else { "NORMAL" };
        connection.pragma_update(None, "synchronous", synchronous)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // Not inside a commit: see `checkpoint`.
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        limit_size(&connection, settings.database_bytes_max)?;
        Ok(connection)
    }

    /// A connection that only reads.
    pub(crate) fn reader(settings: &Settings) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&settings.path, flags)?;
        prepare(&connection, READER_CACHE_KIB)?;
        Ok(connection)
    }
}

fn prepare(connection: &Connection, cache_kib: i64) -> Result<()> {
    connection.busy_timeout(BUSY_WAIT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    connection.pragma_update(None, "cache_size", cache_kib)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

fn limit_size(connection: &Connection, bytes_max: Option<u64>) -> Result<()> {
    let Some(bytes_max) = bytes_max else { return Ok(()) };
    let page_bytes: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let pages = bytes_max.div_ceil(page_bytes.unsigned_abs().max(1));
    connection.pragma_update(None, "max_page_count", i64::try_from(pages).unwrap_or(i64::MAX))?;
    Ok(())
}
