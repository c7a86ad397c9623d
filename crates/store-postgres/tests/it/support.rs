//! What the tests stand on: stores in fresh schemas, and rows to put into them.

use std::sync::atomic::{AtomicUsize, Ordering};

use levada_base::{Error, World};
use levada_store::alphabets::{AttemptCause, AttemptState, EventKind, Hold, Phase};
use levada_store::rows::{Attempt, Event, Execution, Route};
use levada_store::{ClaimScope, Command, ExecutionId, Record, Scope, State, Store, Token};
use levada_store_postgres::{PostgresStore, Settings};
use tokio_postgres::{Client, NoTls};

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

pub fn code<T>(result: &Result<T, Error>) -> &'static str {
    result.as_ref().err().map_or("no error", |error| error.code().name())
}

/// Commits rows, whatever the slice.
pub async fn put(store: &PostgresStore, records: impl IntoIterator<Item = Record>) -> Result<(), Error> {
    let commands = puts(records);
    store.transact(Scope::Executions(Vec::new()), move |_: &State| Ok((commands.clone(), ()))).await
}

pub fn puts(records: impl IntoIterator<Item = Record>) -> Vec<Command> {
    records.into_iter().map(Command::Put).collect()
}

/// Creates an execution with an event, unless it is there: says whether it did.
pub async fn create(store: &PostgresStore, number: u128) -> Result<bool, Error> {
    let id = ExecutionId(number);
    let plan = move |state: &State| {
        if state.executions.contains_key(&id) {
            return Ok((Vec::new(), false));
        }
        let row = Execution { seq: state.seq, ..ready(number, 1) };
        Ok((puts([row.clone().into(), event(state.seq + 1, &row).into()]), true))
    };
    store.transact(Scope::Executions(vec![id]), plan).await
}

/// A stand-alone execution that can be claimed.
pub fn ready(number: u128, route_id: i64) -> Execution {
    Execution {
        id: ExecutionId(number),
        namespace: "n".to_owned(),
        name: format!("e{number}"),
        kind: "k".to_owned(),
        run_id: None,
        route_id,
        policy_id: 1,
        content_digest: 0,
        phase: Phase::Runnable,
        hold: Hold::None,
        hold_ref: None,
        operator_hold: false,
        priority: 0,
        seq: i64::try_from(number).unwrap(),
        due_ms: None,
        recheck_ms: None,
        attempt_deadline_ms: None,
        deadline_ms: None,
        fence: 0,
        generation: 0,
        attempt_no: 0,
        retry_used: 0,
        crash_used: 0,
        next_cause: AttemptCause::First,
        lease_id: None,
        worker: None,
        instance: None,
        lease_until_ms: None,
        lease_ttl_ms: None,
        claim_token: None,
        outcome: None,
        cause: None,
        ended_ms: None,
        created_ms: 1,
        first_started_ms: None,
        since_ms: 1,
        essential: true,
        finalizer: false,
        decided_by: None,
        cancelled_by_call: false,
        retain_until_ms: None,
    }
}

/// The same execution, claimed.
pub fn claimed(mut row: Execution, token: u128, until_ms: i64) -> Execution {
    row.phase = Phase::Active;
    row.attempt_no += 1;
    row.fence += 1;
    row.lease_id = Some(Token(token));
    row.claim_token = Some(Token(token));
    row.worker = Some("w".to_owned());
    row.instance = Some("w-1".to_owned());
    row.lease_until_ms = Some(until_ms);
    row.lease_ttl_ms = Some(30_000);
    row
}

pub fn attempt(row: &Execution, state: AttemptState) -> Attempt {
    Attempt {
        execution_id: row.id,
        attempt_no: row.attempt_no,
        generation: row.generation,
        state,
        cause: AttemptCause::First,
        worker: "w".to_owned(),
        instance: "w-1".to_owned(),
        fence: row.fence,
        started_ms: 1,
        ended_ms: None,
        last_fence: None,
        last_call: None,
        last_digest: None,
        next_due_ms: None,
        active_left_ms: None,
        failure_class: None,
        failure_code: None,
        failure_message: None,
    }
}

pub fn event(id: i64, row: &Execution) -> Event {
    Event {
        id,
        at_ms: 1,
        kind: EventKind::ExecutionCreated,
        namespace: row.namespace.clone(),
        run_id: row.run_id,
        execution_id: Some(row.id),
        generation: Some(0),
        attempt_no: None,
        lane: Some("default".to_owned()),
        actor: None,
        detail: "{}".to_owned(),
    }
}

pub fn route(id: i64) -> Route {
    Route { id, namespace: "n".to_owned(), lane: "default".to_owned(), capabilities: String::new() }
}

/// A claim of the default lane by a worker without capabilities.
pub fn claim(limit: u32, token: u128) -> Scope {
    Scope::Claim(ClaimScope {
        lanes: vec!["default".to_owned()],
        namespaces: None,
        capabilities: Vec::new(),
        limit,
        instance: "w-1".to_owned(),
        token: Token(token),
    })
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
