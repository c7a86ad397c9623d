//! The exam of every store, on a file and in memory.

use std::sync::atomic::{AtomicU32, Ordering};

use futures::executor::block_on;
use levada_base::Error;
use levada_store::conformance::{Factory, Setup, Time, examine};
use levada_store_sqlite::{Settings, SqliteStore};
use tempfile::TempDir;

/// Stores in files of a directory, one after the other.
struct Files {
    directory: TempDir,
    made: AtomicU32,
}

impl Factory for Files {
    type Store = SqliteStore;

    async fn make(&self, setup: Setup) -> Result<SqliteStore, Error> {
        let path = self.directory.path().join(format!("{}.db", self.made.fetch_add(1, Ordering::Relaxed)));
        let settings = Settings { inline_run_max: setup.inline_run_max, ..Settings::new(path) };
        SqliteStore::open(settings, setup.world)
    }
}

/// Stores in memory.
struct Memory;

impl Factory for Memory {
    type Store = SqliteStore;

    async fn make(&self, setup: Setup) -> Result<SqliteStore, Error> {
        let settings = Settings { inline_run_max: setup.inline_run_max, ..Settings::new("") };
        SqliteStore::in_memory_with(settings, setup.world)
    }
}

#[test]
fn t_100_conformance_in_memory() {
    let report = block_on(examine(&Memory, Time::Simulated, |_| true));
    assert_eq!(report.failures, [], "of {} cases", report.cases);
}

#[test]
fn t_100_conformance_on_files() {
    for time in [Time::Simulated, Time::Real] {
        let files = Files { directory: tempfile::tempdir().expect("a directory"), made: AtomicU32::new(0) };
        let report = block_on(examine(&files, time, |_| true));
        assert_eq!(report.failures, [], "of {} cases in {time:?} time", report.cases);
    }
}
