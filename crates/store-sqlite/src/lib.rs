//! The embedded store: one SQLite file, owned by one process. The default, and a full deployment target.
//!
//! Not here: rules, and what a slice or a command means. Both are defined by `levada-store` on full state; this crate loads the
//! same slices with statements (`load`) and writes the same commands (`write`). It sits where the in-memory store sits:
//!
//! ```text
//! transact ─ queue ─▶ writer thread: BEGIN IMMEDIATE ─ load ─ plan ─ write ─ COMMIT ─▶ answers, then wakes
//! read, events, dump ─▶ a read-only connection of the pool
//! ```
//!
//! Calls that wait while a commit is in flight share the next transaction. Without threads (a simulated world) the caller runs it.
//!
//! ```
//! use levada_base::World;
//! use levada_store::Store;
//! use levada_store_sqlite::{Settings, SqliteStore};
//!
//! let directory = tempfile::tempdir()?;
//! let store = SqliteStore::open(Settings::new(directory.path().join("tasks.db")), World::real())?;
//! assert!(futures::executor::block_on(store.dump())?.executions.is_empty());
//! store.close();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod asked;
mod change;
mod checkpoint;
mod codec;
mod counts;
mod dues;
mod dump;
mod errors;
mod events;
mod heartbeats;
mod load;
mod migrate;
mod network;
mod open;
mod owner;
#[cfg(test)]
mod plans;
mod probe;
mod query;
mod queue;
mod readers;
mod select;
mod session;
mod settings;
mod statistics;
mod store;
mod write;
mod writer;

pub use probe::{COMMITTED, Probe};
pub use settings::{Durability, Settings};
pub use statistics::Statistics;
pub use store::SqliteStore;

/// The version of SQLite that is built in.
#[must_use]
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}
