//! What is sent to the server: few statements, whatever the sizes, in two round trips, and each finds its rows by an index.

use levada_store::{ExecutionId, Scope, State, Store};
use levada_store_postgres::PostgresStore;
use levada_testing_postgres::{Counts, Kind, Proxy, database};

use crate::support::{connect, open, put, puts, ready, route, settings, take};

/// A store behind a proxy with `n` executions ready and one lane.
async fn filled(proxy: &Proxy, database: &levada_testing_postgres::Database, n: u128) -> PostgresStore {
    let store = open(&settings(proxy.url(database))).await;
    put(&store, (1..=n).map(|number| ready(number, 1).into())).await.unwrap();
    put(&store, [route(1, "default", "").into()]).await.unwrap();
    store
}

/// Renews or ends: loads by fence and puts the rows again.
async fn write(store: &PostgresStore, handles: Vec<(ExecutionId, i64)>) {
    let plan = |state: &State| {
        let rows = state.executions.values().cloned().map(|mut row| {
            row.lease_until_ms = row.lease_until_ms.map(|at| at + 1);
            row.into()
        });
        Ok((puts(rows), ()))
    };
    store.transact(Scope::Handles(handles), plan).await.unwrap();
}

#[tokio::test]
async fn t_029_an_empty_claim_is_one_statement() {
    let Some(database) = database() else { return };
    let proxy = Proxy::start(database.address()).await.unwrap();
    let store = filled(&proxy, &database, 0).await;
    assert!(take(&store, 5, 1).await.unwrap().is_empty());
    proxy.reset();
    assert!(take(&store, 5, 1).await.unwrap().is_empty());
    assert_eq!(proxy.counts().work, 1);
}

#[tokio::test]
async fn t_030_statements_do_not_grow_with_sizes() {
    let Some(database) = database() else { return };
    let proxy = Proxy::start(database.address()).await.unwrap();
    let store = filled(&proxy, &database, 600).await;
    take(&store, 1, 1).await.unwrap();
    write(&store, vec![(ExecutionId(1), 1)]).await;
    for n in [1, 50, 500] {
        proxy.reset();
        let taken = take(&store, n, u128::from(n) + 1).await.unwrap();
        assert_eq!(taken.len(), n as usize);
        let claim = proxy.counts();
        assert_eq!((claim.work, claim.round_trips), (2, 2), "claim {n}");
        proxy.reset();
        write(&store, taken.into_iter().map(|id| (id, 1)).collect()).await;
        let Counts { work, round_trips, .. } = proxy.counts();
        assert_eq!((work, round_trips), (3, 2), "write {n}: lock, load, write");
    }
}

#[tokio::test]
async fn t_041_no_isolation_round_trip() {
    let Some(database) = database() else { return };
    let proxy = Proxy::start(database.address()).await.unwrap();
    let store = filled(&proxy, &database, 10).await;
    take(&store, 1, 1).await.unwrap();
    proxy.reset();
    take(&store, 5, 2).await.unwrap();
    let trace = proxy.trace();
    assert!(trace.iter().all(|statement| statement.kind != Kind::Setting));
    let begin = &trace.iter().find(|statement| statement.kind == Kind::Begin).unwrap().text;
    assert_eq!(begin, "BEGIN ISOLATION LEVEL READ COMMITTED");
}

#[tokio::test]
async fn st_12_every_statement_finds_its_rows_by_an_index() {
    let Some(database) = database() else { return };
    let proxy = Proxy::start(database.address()).await.unwrap();
    let settings = settings(proxy.url(&database));
    let store = open(&settings).await;
    let now_ms = store.now().await.unwrap();
    let state = levada_store::conformance::random::state(3, now_ms);
    put(&store, state.records()).await.unwrap();
    proxy.reset();
    crate::scopes::look_at_everything(&store, &state).await;
    let client = connect(&settings).await;
    client.batch_execute("SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; \
         SET enable_bitmapscan = off").await.unwrap();
    let mut statements: Vec<_> = proxy.trace().into_iter().filter(|statement| statement.kind == Kind::Work).collect();
    statements.sort_by(|one, other| one.text.cmp(&other.text));
    statements.dedup_by(|one, other| one.text == other.text);
    assert!(statements.len() > 20);
    for statement in statements {
        let plan = explained(&client, &statement.text).await;
        // Tables of a few rows that are wanted whole.
        let scans: Vec<_> = plan.lines().filter(|line| line.contains("Seq Scan on")).collect();
        let small = ["engine_node", "lane", "worker", "schedule", "transaction_number"];
        let bad: Vec<_> =
            scans.iter().filter(|line| !small.iter().any(|table| line.contains(&format!("on {table}")))).collect();
        assert!(bad.is_empty(), "{bad:?}\n{}", statement.text);
    }
}

async fn explained(client: &tokio_postgres::Client, sql: &str) -> String {
    client.batch_execute(&format!("PREPARE explained AS {sql}")).await.unwrap();
    let row =
        client.query_one("SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'explained'", &[]).await;
    let count: i32 = row.unwrap().get(0);
    let nulls = vec!["NULL"; usize::try_from(count).unwrap()].join(", ");
    let execute = if nulls.is_empty() { "EXECUTE explained".to_owned() } else { format!("EXECUTE explained({nulls})") };
    let lines = client.simple_query(&format!("EXPLAIN (COSTS off) {execute}")).await.unwrap();
    client.batch_execute("DEALLOCATE explained").await.unwrap();
    let text = lines.iter().filter_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    text.collect::<Vec<_>>().join("\n")
}
