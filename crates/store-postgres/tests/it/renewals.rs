//! T-032: ten thousand renewals write no event, notify nobody and change no index.
//!
//! On a server of its own, whose tables are not vacuumed: a row is changed in place only while the versions before it can be removed,
//! and a transaction of anybody on the server, in whichever database, keeps them for as long as it lasts.

use levada_store::alphabets::AttemptState;
use levada_store::{ExecutionId, Fused, FusedRenew, Scope, State, Store};
use levada_store_postgres::PostgresStore;
use levada_testing_postgres::{Database, Settings as ServerSettings, server};

use crate::support::{attempt, claimed, connect, create, open, policy, put, puts, ready, settings};

const LEASES: u128 = 200;
const RENEWALS: u128 = 10_000;
/// Each of so many workers keeps its own leases.
const WORKERS: u128 = 8;

async fn renew(store: &PostgresStore, ids: Vec<ExecutionId>, fused: bool) {
    let ttl_ms = 60_000;
    let handles = ids.iter().map(|id| (*id, 1)).collect();
    let items = ids.into_iter().map(|execution| FusedRenew { execution, fence: 1, ttl_ms }).collect();
    let plan = move |state: &State| {
        let rows = state.executions.values().cloned().map(|mut row| {
            row.lease_until_ms = Some(state.now_ms + ttl_ms);
            row.lease_ttl_ms = Some(ttl_ms);
            row.into()
        });
        Ok((puts(rows), state.executions.len()))
    };
    let renewed = match fused {
        true => store.transact_fused(Scope::Leases(handles), Fused::Renew(items), plan).await,
        false => store.transact(Scope::Leases(handles), plan).await,
    };
    assert_eq!(u128::try_from(renewed.unwrap()).unwrap(), LEASES / WORKERS);
}

fn number(database: &Database, sql: &str) -> i64 {
    database.sql(sql).unwrap().trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_032_renewals_are_silent() {
    let Some(server) = server(&ServerSettings::fast().with("autovacuum", "off")) else { return };
    for (fused, renewals) in [(true, RENEWALS), (false, RENEWALS / 5)] {
        let database = server.create_database().unwrap();
        let settings = levada_store_postgres::Settings { listen: true, ..settings(database.url()) };
        let store = open(&settings).await;
        let until_ms = store.now().await.unwrap() + 3_600_000;
        let rows = (1..=LEASES).map(|number| claimed(ready(number, 1), 9, until_ms));
        let records = rows.flat_map(|row| [row.clone().into(), attempt(&row, AttemptState::Running).into()]);
        put(&store, records.chain([policy().into()])).await.unwrap();
        let listener = connect(&settings).await;
        listener.batch_execute("LISTEN levada").await.unwrap();
        notified(&store, 1).await;
        for call in 0..renewals * WORKERS / LEASES {
            let mine = (1..=LEASES).filter(|number| number % WORKERS == call % WORKERS);
            renew(&store, mine.map(ExecutionId).collect(), fused).await;
        }
        // What comes after them is told, and by then they would have been.
        assert!(create(&store, 1_000).await.unwrap());
        notified(&store, 2).await;
        assert_eq!(store.statistics().notifications, 2);
        let schema = &settings.schema;
        assert_eq!(number(&database, &format!("SELECT count(*) FROM {schema}.event")), 1, "that of the new execution");
        assert_eq!(store.statistics().fused > 0, fused);
        store.close().await;
        drop(listener);
        let updates = format!("SELECT n_tup_upd FROM pg_stat_user_tables WHERE relid = '{schema}.execution'::regclass");
        let renewals = i64::try_from(renewals).unwrap();
        // A connection tells its counts when it ends.
        while number(&database, &updates) < renewals {}
        let hot = number(&database, &updates.replace("n_tup_upd", "n_tup_hot_upd"));
        assert!(hot * 10 >= renewals * 9, "{hot} of {renewals} renewals changed no index");
    }
}

/// Waits until so many notifications were sent.
async fn notified(store: &PostgresStore, count: u64) {
    while store.statistics().notifications < count {
        tokio::task::yield_now().await;
    }
}
