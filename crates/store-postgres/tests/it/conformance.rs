//! The exam of every store.

use levada_base::Error;
use levada_store::conformance::{Factory, Setup, Time, examine};
use levada_store_postgres::{PostgresStore, Settings};
use levada_testing_postgres::database;

use crate::support::settings;

struct Postgres {
    url: String,
}

impl Factory for Postgres {
    type Store = PostgresStore;

    async fn make(&self, setup: Setup) -> Result<PostgresStore, Error> {
        let settings = Settings { inline_run_max: setup.inline_run_max, ..settings(&self.url) };
        PostgresStore::open(settings, setup.world).await
    }
}

async fn passes(time: Time, wanted: fn(&str) -> bool) {
    let Some(database) = database() else { return };
    let report = examine(&Postgres { url: database.url() }, time, wanted).await;
    assert!(report.cases > 0 && report.failures.is_empty(), "{report}");
}

#[tokio::test]
async fn t_100_conformance_slices() {
    passes(Time::Simulated, |name| name.starts_with("slices/")).await;
}

#[tokio::test]
async fn t_100_conformance_queries() {
    passes(Time::Simulated, |name| name.starts_with("queries/")).await;
}

#[tokio::test]
async fn t_100_conformance_of_the_rest() {
    passes(Time::Simulated, |name| !name.starts_with("slices/") && !name.starts_with("queries/")).await;
}

/// What depends on time or on what runs beside it.
const IN_REAL_TIME: &[&str] = &["claims/", "concurrency/", "dues/", "events/", "numbers/", "wakes/"];

#[tokio::test]
async fn t_100_conformance_in_real_time() {
    passes(Time::Real, |name| IN_REAL_TIME.iter().any(|family| name.starts_with(family))).await;
}
