//! Hints between nodes: they arrive, are merged, and are made up for after a lost connection.

use std::collections::BTreeSet;
use std::time::Duration;

use levada_store::{Store, Wake, WakeReceiver};
use levada_store_postgres::{PostgresStore, Settings};
use levada_testing_postgres::{Plan, Proxy, database};
use tokio::time::timeout;

use crate::support::{create, open, settings};

/// Long enough for a machine that does many other things, and for silence to be noticed.
const GUARD: Duration = Duration::from_secs(60);

/// Waits for a hint of another node, which comes after the "look at everything" of the connection.
async fn hears(receiver: &mut WakeReceiver, wanted: impl Fn(&Wake) -> bool) -> bool {
    let waiting = async {
        while let Ok(wake) = receiver.recv().await {
            if wanted(&wake) {
                return true;
            }
        }
        false
    };
    timeout(GUARD, waiting).await.unwrap_or(false)
}

/// A node whose connection for hints is up.
async fn listening(settings: &Settings) -> (PostgresStore, WakeReceiver) {
    let store = open(settings).await;
    let mut receiver = store.wake();
    assert!(hears(&mut receiver, |wake| *wake == Wake::All).await);
    (store, receiver)
}

#[tokio::test]
async fn st_15_what_one_node_commits_wakes_the_others() {
    let Some(database) = database() else { return };
    let settings = Settings { listen: true, ..settings(database.url()) };
    let (one, _) = listening(&settings).await;
    let (_other, mut receiver) = listening(&settings).await;
    let stranger = Settings { schema: "stranger".to_owned(), ..settings.clone() };
    let (_stranger, mut unrelated) = listening(&stranger).await;
    create(&one, 1).await.unwrap();
    assert!(hears(&mut receiver, |wake| *wake == Wake::Ready(1)).await);
    assert!(hears(&mut receiver, |wake| *wake == Wake::Events).await);
    assert!(unrelated.try_recv().is_err(), "another store's hints are not for us");
}

#[tokio::test]
async fn st_15_hints_are_merged() {
    let Some(database) = database() else { return };
    let settings = Settings { listen: true, notify_every: Duration::from_millis(300), ..settings(database.url()) };
    let (one, _) = listening(&settings).await;
    let (_other, mut receiver) = listening(&settings).await;
    for number in 1..=100 {
        create(&one, number).await.unwrap();
    }
    assert!(hears(&mut receiver, |wake| *wake == Wake::Ready(1)).await);
    assert!(one.statistics().notifications < 50, "{:?}", one.statistics());
}

#[tokio::test]
async fn st_16_after_a_lost_connection_everything_is_looked_at() {
    let Some(database) = database() else { return };
    let proxy = Proxy::start(database.address()).await.unwrap();
    let settings = Settings { listen: true, ..settings(proxy.url(&database)) };
    let (_store, mut receiver) = listening(&settings).await;
    proxy.cut();
    assert!(hears(&mut receiver, |wake| *wake == Wake::All).await);
    proxy.set(Plan::Pass);
}

#[tokio::test]
async fn t_111_a_silent_connection_is_given_up_and_made_up_for() {
    let Some(database) = database() else { return };
    let proxy = Proxy::start(database.address()).await.unwrap();
    let settings = settings(database.url());
    let (_store, mut receiver) =
        listening(&Settings { listen: true, ..Settings { url: proxy.url(&database), ..settings.clone() } }).await;
    let (other, _) = listening(&Settings { listen: true, ..settings }).await;
    proxy.set(Plan::Deaf);
    create(&other, 1).await.unwrap();
    proxy.struck().await;
    let listening = proxy.counts().connections;
    let next = timeout(GUARD, receiver.recv()).await.expect("the silence is noticed").unwrap();
    assert_eq!(next, Wake::All, "what was said in the silence is not known");
    assert!(proxy.counts().connections > listening, "over a connection of its own");
}

#[tokio::test]
async fn st_15_notifications_are_sent_outside_of_transactions() {
    let Some(database) = database() else { return };
    let proxy = Proxy::start(database.address()).await.unwrap();
    let settings = Settings { listen: true, ..settings(proxy.url(&database)) };
    let (store, _) = listening(&settings).await;
    let (_other, mut receiver) = listening(&settings).await;
    let listens = proxy.trace().into_iter().filter(|statement| statement.text.starts_with("LISTEN"));
    let channels: BTreeSet<_> = listens.map(|statement| statement.text).collect();
    assert!((1..=8).contains(&channels.len()), "{channels:?}");
    proxy.reset();
    create(&store, 1).await.unwrap();
    assert!(hears(&mut receiver, |wake| *wake == Wake::Ready(1)).await);
    let trace = proxy.trace();
    let notify = trace.iter().find(|statement| statement.text.contains("pg_notify")).unwrap();
    let commit = trace.iter().find(|statement| statement.text == "COMMIT").unwrap();
    assert_ne!(notify.connection, commit.connection);
}

#[tokio::test]
async fn without_listen_a_node_says_so_and_wakes_itself() {
    let Some(database) = database() else { return };
    let store = open(&settings(database.url())).await;
    assert!(!store.listens());
    let mut receiver = store.wake();
    create(&store, 1).await.unwrap();
    assert_eq!(receiver.try_recv().unwrap(), Wake::Ready(1));
}
