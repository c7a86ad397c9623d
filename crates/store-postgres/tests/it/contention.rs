//! What the server says when transactions meet, injected by a trigger: tried again and again, then told as what it is.

use std::time::Duration;

use futures::future::join_all;
use levada_base::World;
use levada_store::{ATTEMPTS_MAX, ExecutionId, Scope, State, Store};
use levada_store_postgres::{PostgresStore, Settings};
use levada_testing_postgres::{Database, database};
use tokio_postgres::Client;

use crate::support::{code, connect, create, open, put, puts, ready, settings};

/// A store whose first `failures` writes of an execution fail with this SQLSTATE.
async fn failing(database: &Database, sqlstate: &str, failures: u32) -> (PostgresStore, Client) {
    let settings = settings(database.url());
    let store = open(&settings).await;
    let client = connect(&settings).await;
    let sql = format!(
        "CREATE SEQUENCE failure;
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF nextval('failure') <= {failures} THEN RAISE EXCEPTION 'injected' USING ERRCODE = '{sqlstate}'; END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER fail BEFORE INSERT ON execution FOR EACH ROW EXECUTE FUNCTION fail()"
    );
    client.batch_execute(&sql).await.unwrap();
    (store, client)
}

#[tokio::test]
async fn t_025_contention_is_tried_again() {
    let Some(database) = database() else { return };
    for sqlstate in ["40001", "40P01", "55P03"] {
        let (store, _client) = failing(&database, sqlstate, 3).await;
        assert!(create(&store, 1).await.unwrap(), "{sqlstate}");
        assert_eq!(store.work().retries, [(sqlstate.to_owned(), 3)].into(), "{sqlstate}");
        assert_eq!(store.dump().await.unwrap().executions.len(), 1);
    }
}

#[tokio::test]
async fn t_025_endless_contention_is_told_with_its_sqlstate() {
    let Some(database) = database() else { return };
    for sqlstate in ["40001", "40P01", "55P03"] {
        let (store, client) = failing(&database, sqlstate, u32::MAX).await;
        let error = create(&store, 1).await.unwrap_err();
        assert_eq!(error.code().name(), "LV-T701");
        assert!(error.message().contains(sqlstate), "{error}");
        assert_eq!(store.statistics().retries, u64::from(ATTEMPTS_MAX));
        assert!(store.dump().await.unwrap().executions.is_empty());
        client.batch_execute("DROP TRIGGER fail ON execution").await.unwrap();
        assert!(create(&store, 1).await.unwrap(), "the store goes on");
    }
}

#[tokio::test]
async fn t_106_a_server_that_cannot_write_is_told_at_once() {
    let Some(database) = database() else { return };
    for sqlstate in ["53100", "25006", "58030"] {
        let (store, client) = failing(&database, sqlstate, u32::MAX).await;
        assert_eq!(code(&create(&store, 1).await), "LV-T703", "{sqlstate}");
        client.batch_execute("DROP TRIGGER fail ON execution").await.unwrap();
        assert!(create(&store, 1).await.unwrap(), "recovers without a restart");
    }
}

#[tokio::test]
async fn t_106_a_server_without_a_free_connection_is_told_as_unreachable() {
    let Some(database) = database() else { return };
    let settings = Settings { operation_timeout: Duration::from_millis(900), ..settings(database.url()) };
    drop(open(&settings).await);
    database.terminate_backends().unwrap();
    let limit =
        |connections: i32| database.sql(&format!("ALTER DATABASE {} CONNECTION LIMIT {connections}", database.name())).unwrap();
    let other = connect(&settings).await;
    limit(1);
    assert_eq!(code(&PostgresStore::open(settings.clone(), World::real()).await), "LV-T702");
    limit(-1);
    let store = open(&settings).await;
    database.terminate_backends().unwrap();
    drop(other);
    let other = connect(&settings).await;
    limit(1);
    assert_eq!(code(&create(&store, 1).await), "LV-T702");
    assert_eq!(code(&store.now().await), "LV-T702");
    drop(other);
    limit(-1);
    assert!(create(&store, 1).await.unwrap(), "the store goes on");
}

#[tokio::test]
async fn t_106_calls_wait_for_a_connection_of_the_pool() {
    let Some(database) = database() else { return };
    let store = open(&Settings { pool: 1, ..settings(database.url()) }).await;
    let reads = join_all((0..50).map(|_| store.now()));
    let (created, read) = tokio::join!(join_all((1..=50).map(|number| create(&store, number))), reads);
    assert!(created.into_iter().all(|made| made.unwrap()));
    assert!(read.into_iter().all(|now| now.is_ok()));
}

#[tokio::test]
async fn t_025_a_lock_that_is_never_given_is_contention() {
    let Some(database) = database() else { return };
    let settings = Settings { operation_timeout: Duration::from_millis(1500), ..settings(database.url()) };
    let store = open(&settings).await;
    put(&store, [ready(1, 1).into()]).await.unwrap();
    let mut other = connect(&settings).await;
    let holding = other.transaction().await.unwrap();
    holding.execute("SELECT FROM execution FOR UPDATE", &[]).await.unwrap();
    let plan = |_: &State| Ok((puts([ready(1, 1).into()]), ()));
    assert_eq!(code(&store.transact(Scope::Executions(vec![ExecutionId(1)]), plan).await), "LV-T701");
    holding.rollback().await.unwrap();
    assert_eq!(code(&store.transact(Scope::Executions(vec![ExecutionId(1)]), plan).await), "no error");
}

#[tokio::test]
async fn two_nodes_that_create_the_same_agree_on_one() {
    let Some(database) = database() else { return };
    let settings = settings(database.url());
    let nodes = [open(&settings).await, open(&settings).await];
    for number in 1..=50 {
        let (one, other) = tokio::join!(create(&nodes[0], number), create(&nodes[1], number));
        assert_ne!(one.unwrap(), other.unwrap(), "one of them made {number}, the other found it");
    }
}
