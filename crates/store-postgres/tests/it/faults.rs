//! Lost connections, lost replies and restarts: the call gives the one true result, or says that it does not know.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::join_all;
use levada_base::World;
use levada_store::{ExecutionId, Scope, State, Store};
use levada_store_postgres::{PostgresStore, Settings};
use levada_testing_postgres::{Mode, Plan, Proxy, Server, When, database, server};

use crate::support::{code, create, open, put, puts, ready, settings};

/// A store behind a proxy, with every statement it needs prepared.
async fn behind(proxy: &Proxy, database: &levada_testing_postgres::Database) -> PostgresStore {
    let store = open(&settings(proxy.url(database))).await;
    assert!(create(&store, 1_000).await.unwrap());
    store
}

#[tokio::test]
async fn t_104_a_lost_reply_to_commit_does_not_apply_twice() {
    let Some(database) = database() else { return };
    let proxy = Proxy::start(database.address()).await.unwrap();
    let store = behind(&proxy, &database).await;
    for (number, plan) in (1..).zip([Plan::CutAfter(When::Commit), Plan::CutBefore(When::Commit)]) {
        proxy.set(plan);
        // The repetition finds what the lost one made, so the answer is "existing": the call's key tells it from another's.
        let created = create(&store, number).await.unwrap();
        assert_eq!(created, plan == Plan::CutBefore(When::Commit), "{plan:?}");
        assert_eq!(proxy.fired(), 1, "{plan:?}");
    }
    let rows = store.dump().await.unwrap();
    assert_eq!(rows.executions.len(), 3);
    assert_eq!(rows.events.len(), 3, "each was made once");
    assert_eq!(store.statistics().unknown_commits, 2, "the client can't tell the two apart");
}

#[tokio::test]
async fn t_101_a_cut_at_every_statement_heals() {
    let Some(database) = database() else { return };
    let proxy = Proxy::start(database.address()).await.unwrap();
    let store = behind(&proxy, &database).await;
    proxy.reset();
    assert!(create(&store, 1).await.unwrap());
    let statements = proxy.counts().statements;
    assert!(statements >= 5, "begin, lock, load, write, commit");
    for n in 1..=statements {
        for (offset, plan) in [(0, Plan::CutBefore(When::Statement(n))), (1, Plan::CutAfter(When::Statement(n)))] {
            proxy.set(plan);
            let number = 10 * u128::from(n) + offset;
            let created = create(&store, number).await.unwrap();
            assert_eq!(created, plan != Plan::CutAfter(When::Statement(statements)), "{plan:?}");
            assert_eq!(proxy.fired(), 1, "{plan:?}");
            proxy.set(Plan::Pass);
        }
    }
    let rows = store.dump().await.unwrap();
    assert_eq!(rows.executions.len(), 2 + 2 * usize::try_from(statements).unwrap());
    assert_eq!(rows.events.len(), rows.executions.len());
}

#[tokio::test]
async fn t_104_an_outcome_that_stays_unknown_is_told_so() {
    let Some(database) = database() else { return };
    let proxy = Proxy::start(database.address()).await.unwrap();
    let settings = Settings { operation_timeout: Duration::from_millis(900), ..settings(proxy.url(&database)) };
    let store = open(&settings).await;
    assert!(create(&store, 1).await.unwrap());
    let proxy = Arc::new(proxy);
    let blocked = Arc::clone(&proxy);
    // Silence begins between the load and the commit.
    let plan = move |_: &State| {
        blocked.set(Plan::HalfOpen);
        Ok((puts([ready(2, 1).into()]), ()))
    };
    let scope = Scope::Executions(vec![ExecutionId(2)]);
    assert_eq!(code(&store.transact(scope, plan).await), "LV-T704");
    proxy.set(Plan::Pass);
    assert_eq!(code(&create(&store, 3).await), "no error", "the store goes on");
}

#[tokio::test]
async fn st_34_an_unreachable_server_is_told_in_time_and_found_again() {
    let Some(mut server) = server(&levada_testing_postgres::Settings::fast()) else { return };
    let database = server.create_database().unwrap();
    let settings = Settings { operation_timeout: Duration::from_millis(600), ..settings(database.url()) };
    let store = open(&settings).await;
    assert!(create(&store, 1).await.unwrap());
    server.stop(Mode::Immediate).unwrap();
    assert_eq!(code(&create(&store, 2).await), "LV-T702");
    assert_eq!(code(&store.now().await), "LV-T702");
    assert_eq!(code(&PostgresStore::open(settings, World::real()).await), "LV-T702");
    server.start_again().unwrap();
    assert!(create(&store, 2).await.unwrap());
    assert_eq!(store.dump().await.unwrap().executions.len(), 2);
}

const CALLERS: u128 = 8;

/// Makes one execution after the other until told to stop; gives the next number. Only the outage may be an error.
async fn creating(store: &PostgresStore, caller: u128, stop: &AtomicU32, unsure: &Mutex<Vec<u128>>) -> u128 {
    let mut number = caller;
    while stop.load(Ordering::Relaxed) == 0 {
        number += CALLERS;
        match create(store, number).await {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error.kind(), levada_base::Kind::Unavailable, "{error}");
                unsure.lock().unwrap().push(number);
            }
        }
    }
    number
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_105_restarts_under_load_lose_nothing_and_double_nothing() {
    let Some(server) = server(&levada_testing_postgres::Settings::fast()) else { return };
    let database = server.create_database().unwrap();
    let store = open(&settings(database.url())).await;
    let stop = AtomicU32::new(0);
    let unsure = Mutex::new(Vec::new());
    let restarting = async {
        let mut server = server;
        for mode in [Mode::Immediate, Mode::Fast, Mode::Immediate] {
            let before = store.statistics().calls;
            while store.statistics().calls < before + 50 {
                tokio::task::yield_now().await;
            }
            server = tokio::task::spawn_blocking(move || restarted(server, mode)).await.unwrap();
        }
        stop.store(1, Ordering::Relaxed);
        server
    };
    let callers = join_all((1..=CALLERS).map(|caller| creating(&store, caller, &stop, &unsure)));
    let (last, _server) = tokio::join!(callers, restarting);
    let mut expected: Vec<_> = last
        .iter()
        .zip(1..)
        .flat_map(|(last, caller)| (caller + CALLERS..=*last).step_by(usize::try_from(CALLERS).unwrap()))
        .collect();
    expected.sort_unstable();
    let rows = store.dump().await.unwrap();
    let found: Vec<_> = rows.executions.keys().map(|id| id.0).collect();
    assert_eq!(unsure.into_inner().unwrap(), Vec::<u128>::new(), "every call outlived the restarts");
    assert_eq!(found, expected);
    assert_eq!(rows.events.len(), found.len(), "each was made once");
    assert!(store.statistics().retries > 0);
}

fn restarted(mut server: Server, mode: Mode) -> Server {
    server.restart(mode).unwrap();
    server
}

#[tokio::test]
async fn a_closed_store_refuses_calls_and_leaves_no_connection() {
    let Some(database) = database() else { return };
    let settings = Settings { listen: true, ..settings(database.url()) };
    let store = open(&settings).await;
    put(&store, [ready(1, 1).into()]).await.unwrap();
    store.close().await;
    let count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'levada'";
    let mut left = database.sql(count).unwrap();
    for _ in 0..200 {
        if left == "0" {
            break;
        }
        tokio::task::yield_now().await;
        left = database.sql(count).unwrap();
    }
    assert_eq!(left, "0");
}
