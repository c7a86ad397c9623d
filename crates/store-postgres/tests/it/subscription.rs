//! Readers of events resume anywhere and see each event once, whatever the order in which transactions commit.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use levada_store::{Cursor, Filter, Store};
use levada_testing_postgres::database;
use tokio::task::yield_now;

use crate::support::{connect, open, settings};

const WRITERS: i64 = 8;
const EACH: i64 = 40;

/// Writes events in transactions that stay open for a varying number of statements, so that they commit out of order.
async fn write(settings: &levada_store_postgres::Settings, writer: i64, done: &AtomicUsize) {
    let mut client = connect(settings).await;
    for n in 0..EACH {
        let transaction = client.transaction().await.unwrap();
        let id = writer * 1_000_000 + n;
        let sql = "INSERT INTO event (id, at_ms, kind, namespace, detail) VALUES ($1, 1, 0, 'n', '{}')";
        transaction.execute(sql, &[&id]).await.unwrap();
        for _ in 0..(writer * 7 + n * 5) % 11 {
            transaction.execute("SELECT 1", &[]).await.unwrap();
        }
        transaction.commit().await.unwrap();
    }
    done.fetch_add(1, Ordering::Relaxed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_022_subscription_without_gap() {
    let Some(database) = database() else { return };
    let settings = settings(database.url());
    let store = open(&settings).await;
    let done = AtomicUsize::new(0);
    let reading = async {
        let mut cursor = Cursor::default();
        let mut seen = Vec::new();
        loop {
            let is_last = done.load(Ordering::Relaxed) == WRITERS as usize;
            let page = store.events(cursor, &Filter::default(), 7).await.unwrap();
            let is_empty = page.events.is_empty();
            seen.extend(page.events.iter().map(|event| event.id));
            cursor = page.next;
            if is_empty && is_last {
                return seen;
            }
            yield_now().await;
        }
    };
    let writing = join_all((1..=WRITERS).map(|writer| write(&settings, writer, &done)));
    let (seen, _) = tokio::join!(reading, writing);
    let distinct: BTreeSet<_> = seen.iter().copied().collect();
    assert_eq!(seen.len(), distinct.len(), "none twice");
    let written: BTreeSet<_> = (1..=WRITERS).flat_map(|writer| (0..EACH).map(move |n| writer * 1_000_000 + n)).collect();
    assert_eq!(distinct, written);
}

#[tokio::test]
async fn t_022_an_open_transaction_holds_later_events_back() {
    let Some(database) = database() else { return };
    let settings = settings(database.url());
    let store = open(&settings).await;
    let (mut early, late) = (connect(&settings).await, connect(&settings).await);
    let insert = |id: i64| format!("INSERT INTO event (id, at_ms, kind, namespace, detail) VALUES ({id}, 1, 0, 'n', '{{}}')");
    let open_one = early.transaction().await.unwrap();
    open_one.batch_execute(&insert(1)).await.unwrap();
    late.batch_execute(&insert(2)).await.unwrap();
    let page = store.events(Cursor::default(), &Filter::default(), 10).await.unwrap();
    assert!(page.events.is_empty(), "event 1 would come before it");
    open_one.commit().await.unwrap();
    let mut ids = Vec::new();
    while ids.len() < 2 {
        let page = store.events(Cursor::default(), &Filter::default(), 10).await.unwrap();
        ids = page.events.iter().map(|event| event.id).collect();
    }
    assert_eq!(ids, [1, 2]);
}
