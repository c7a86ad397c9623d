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

/// In memory, reads share the writer's connection: what depends on that.
#[test]
fn t_100_conformance_in_memory() {
    let reads = |name: &str| ["queries/", "events/", "dues/", "time/"].iter().any(|family| name.starts_with(family));
    let report = block_on(examine(&Memory, Time::Simulated, reads));
    assert!(report.cases > 20, "{} cases", report.cases);
    assert_eq!(report.failures, [], "of {} cases", report.cases);
}

fn on_files(time: Time) {
    let files = Files { directory: tempfile::tempdir().expect("a directory"), made: AtomicU32::new(0) };
    let report = block_on(examine(&files, time, |_| true));
    assert!(report.cases >= 200, "{} cases", report.cases);
    assert_eq!(report.failures, [], "of {} cases", report.cases);
}

#[test]
fn t_100_conformance_driven_by_the_caller() {
    on_files(Time::Simulated);
}

#[test]
fn t_100_conformance_with_a_thread() {
    on_files(Time::Real);
}
