//! Stores in fresh schemas.

use std::sync::atomic::{AtomicUsize, Ordering};

use levada_base::World;
use levada_store_postgres::{PostgresStore, Settings};
use levada_testing_postgres::Database;

/// Settings of a store in a schema of its own.
pub fn settings(url: impl Into<String>) -> Settings {
    static SCHEMAS: AtomicUsize = AtomicUsize::new(0);
    let schema = format!("store_{}", SCHEMAS.fetch_add(1, Ordering::Relaxed));
    Settings { schema, pool: 6, listen: false, ..Settings::new(url) }
}

/// An empty store in the world as it is.
pub async fn store(database: &Database) -> PostgresStore {
    PostgresStore::open(settings(database.url()), World::real()).await.unwrap()
}
