//! What the tests stand on: a store in a directory of its own. Rows to put into it are those of the other stores' tests.

use std::path::PathBuf;

use futures::executor::block_on;
use levada_base::{Error, World};
use levada_store::{Command, Record, Scope, State, Store};
use levada_store_sqlite::{Settings, SqliteStore};
use tempfile::TempDir;

pub use levada_store::conformance::samples::{attempt, claim, claimed, event, input, policy, puts, ready, route};

/// A directory with one database.
pub struct Stage {
    directory: TempDir,
}

impl Stage {
    pub fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a directory") }
    }

    pub fn path(&self) -> PathBuf {
        self.directory.path().join("tasks.db")
    }

    pub fn settings(&self) -> Settings {
        Settings::new(self.path())
    }

    /// The store, driven by the test alone.
    pub fn open(&self) -> SqliteStore {
        self.open_in(World::sim(1).0)
    }

    pub fn open_in(&self, world: World) -> SqliteStore {
        SqliteStore::open(self.settings(), world).expect("a store")
    }

    /// A connection of somebody else.
    pub fn connection(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path()).expect("a connection")
    }
}

pub fn code<T>(result: &Result<T, Error>) -> &'static str {
    result.as_ref().err().map_or("no error", |error| error.code().name())
}

/// Commits the commands, whatever the slice.
pub fn commit(store: &SqliteStore, scope: Scope, commands: Vec<Command>) -> Result<(), Error> {
    block_on(store.transact(scope, move |_: &State| Ok((commands.clone(), ()))))
}

pub fn put(store: &SqliteStore, records: impl IntoIterator<Item = Record>) -> Result<(), Error> {
    commit(store, Scope::Executions(Vec::new()), puts(records))
}

/// The slice of a scope.
pub fn slice(store: &SqliteStore, scope: Scope) -> Result<State, Error> {
    block_on(store.transact(scope, |state: &State| Ok((Vec::new(), state.clone()))))
}

pub fn dump(store: &SqliteStore) -> State {
    block_on(store.dump()).expect("a dump")
}
