//! What the tests stand on: stores in fresh schemas. Rows to put into them are those of the other stores' tests.

use std::sync::atomic::{AtomicUsize, Ordering};

use levada_base::{Error, World};
use levada_store::alphabets::{AttemptState, EventKind, Phase};
use levada_store::rows::Execution;
use levada_store::{ExecutionId, Record, Scope, State, Store};
use levada_store_postgres::{PostgresStore, Settings};
use tokio_postgres::{Client, NoTls};

pub use levada_store::conformance::samples::{attempt, claim, claimed, event, policy, puts, ready, route};

/// Settings of a store in a schema of its own.
pub fn settings(url: impl Into<String>) -> Settings {
    static SCHEMAS: AtomicUsize = AtomicUsize::new(0);
    let schema = format!("store_{}", SCHEMAS.fetch_add(1, Ordering::Relaxed));
    Settings { schema, pool: 6, listen: false, ..Settings::new(url) }
}

/// A store in the world as it is.
pub async fn open(settings: &Settings) -> PostgresStore {
    PostgresStore::open(settings.clone(), World::real()).await.unwrap()
}

/// A connection of somebody else, in the store's schema.
pub async fn connect(settings: &Settings) -> Client {
    let (client, connection) = tokio_postgres::connect(&settings.url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("SET search_path TO {}", settings.schema)).await.unwrap();
    client
}

/// Returns when somebody waits for a lock of this connection, or there is nobody to wait for.
pub async fn awaited(client: &Client, is_over: impl Fn() -> bool) {
    let waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))";
    while !is_over() && !client.query_one(waits, &[]).await.unwrap().get::<_, bool>(0) {
        tokio::task::yield_now().await;
    }
}

pub fn code<T>(result: &Result<T, Error>) -> &'static str {
    result.as_ref().err().map_or("no error", |error| error.code().name())
}

/// Commits rows, whatever the slice.
pub async fn put(store: &PostgresStore, records: impl IntoIterator<Item = Record>) -> Result<(), Error> {
    let commands = puts(records);
    store.transact(Scope::Executions(Vec::new()), move |_: &State| Ok((commands.clone(), ()))).await
}

/// Creates an execution with an event, unless it is there: says whether it did.
pub async fn create(store: &PostgresStore, number: u128) -> Result<bool, Error> {
    let id = ExecutionId(number);
    let plan = move |state: &State| {
        if state.executions.contains_key(&id) {
            return Ok((Vec::new(), false));
        }
        let row = Execution { seq: state.seq, ..ready(number, 1) };
        Ok((puts([row.clone().into(), event(state.seq + 1, EventKind::ExecutionCreated, &row).into()]), true))
    };
    store.transact(Scope::Executions(vec![id]), plan).await
}

/// Claims up to `limit` executions; gives their ids.
pub async fn take(store: &PostgresStore, limit: u32, token: u128) -> Result<Vec<ExecutionId>, Error> {
    let plan = move |state: &State| {
        let free = state.candidates.iter().filter_map(|id| state.executions.get(id)).filter(|row| row.phase == Phase::Runnable);
        let mut free: Vec<_> = free.map(|row| (row.seq, row.id)).collect();
        free.sort_unstable();
        let taken: Vec<_> = free.into_iter().take(limit as usize).map(|(_, id)| id).collect();
        let rows = taken.iter().map(|id| claimed(state.executions[id].clone(), token, state.now_ms + 30_000));
        let records = rows.flat_map(|row| [row.clone().into(), attempt(&row, AttemptState::Running).into()]);
        Ok((puts(records), taken))
    };
    store.transact(claim(limit, token), plan).await
}
