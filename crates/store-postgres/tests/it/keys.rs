//! Request keys, which slices bring without a lock.

use levada_base::Error;
use levada_store::alphabets::KeyOf;
use levada_store::rows::RequestKey;
use levada_store::{ExecutionId, Scope, State, Store};
use levada_store_postgres::PostgresStore;
use levada_testing_postgres::{Plan, Proxy, When, database};

use crate::support::{open, put, puts, settings};

fn key(target: u128, expires_ms: i64) -> RequestKey {
    let (namespace, key) = ("n".to_owned(), "order 7".to_owned());
    RequestKey { namespace, key, of: KeyOf::Execution, target: ExecutionId(target), digest: 1, expires_ms, look_ms: expires_ms }
}

/// Gives the key to a target, unless it stands for one that need not be forgotten yet; says whether it did.
async fn remember(store: &PostgresStore, target: u128) -> Result<bool, Error> {
    let plan = move |state: &State| {
        if state.request_keys.values().any(|row| row.expires_ms > state.now_ms) {
            return Ok((Vec::new(), false));
        }
        Ok((puts([key(target, state.now_ms + 60_000).into()]), true))
    };
    store.transact(Scope::Key("n".to_owned(), "order 7".to_owned()), plan).await
}

#[tokio::test]
async fn t_001_a_key_that_was_forgotten_stands_for_one_thing_again() {
    let Some(database) = database() else { return };
    let proxy = Proxy::start(database.address()).await.unwrap();
    let settings = settings(database.url());
    let one = open(&settings).await;
    let other = open(&levada_store_postgres::Settings { url: proxy.url(&database), ..settings }).await;
    put(&one, [key(1, 1).into()]).await.unwrap();
    // Between the load and the writing: begin and load come first.
    proxy.set(Plan::HoldBefore(When::Statement(3)));
    let slow = remember(&other, 2);
    let fast = async {
        proxy.struck().await;
        let made = remember(&one, 3).await.unwrap();
        proxy.set(Plan::Pass);
        made
    };
    let (slow, fast) = futures::join!(slow, fast);
    assert_eq!((fast, slow.unwrap()), (true, false), "the slow one finds what the fast one made");
    let keys = one.dump().await.unwrap().request_keys;
    assert_eq!(keys.into_values().map(|row| row.target).collect::<Vec<_>>(), [ExecutionId(3)]);
}
