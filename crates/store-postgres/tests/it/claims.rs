//! Claims of many callers and nodes on one lane: disjoint, and nobody waits for anybody's lock.

use std::collections::BTreeSet;

use futures::future::join_all;
use levada_store_postgres::{PostgresStore, Settings};
use levada_testing_postgres::database;

use crate::support::{connect, open, put, ready, route, settings, take};

const CALLERS: u128 = 16;
const READY: u128 = 400;

async fn filled(settings: &Settings) -> PostgresStore {
    let store = open(settings).await;
    put(&store, (1..=READY).map(|number| ready(number, 1).into())).await.unwrap();
    put(&store, [route(1, "default", "").into()]).await.unwrap();
    store
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_044_sixteen_callers_on_two_nodes_take_everything_once() {
    let Some(database) = database() else { return };
    let settings = settings(database.url());
    let nodes = [filled(&settings).await, open(&settings).await];
    let caller = async |caller: u128| {
        let node = if caller.is_multiple_of(2) { &nodes[0] } else { &nodes[1] };
        let mut all = Vec::new();
        for round in 0.. {
            let taken = take(node, 3, 1 + caller + CALLERS * round).await.unwrap();
            if taken.is_empty() {
                break;
            }
            all.extend(taken);
        }
        all
    };
    let taken: Vec<_> = join_all((0..CALLERS).map(caller)).await.into_iter().flatten().collect();
    let distinct: BTreeSet<_> = taken.iter().map(|id| id.0).collect();
    assert_eq!(distinct, (1..=READY).collect());
    assert_eq!(taken.len(), distinct.len(), "none was taken twice");
}

#[tokio::test]
async fn t_044_a_claim_passes_by_what_others_hold() {
    let Some(database) = database() else { return };
    let settings = settings(database.url());
    let store = filled(&settings).await;
    let mut other = connect(&settings).await;
    let holding = other.transaction().await.unwrap();
    holding.execute("SELECT FROM execution ORDER BY seq LIMIT 10 FOR UPDATE", &[]).await.unwrap();
    let taken = take(&store, 5, 1).await.unwrap();
    assert_eq!(taken.iter().map(|id| id.0).collect::<Vec<_>>(), [11, 12, 13, 14, 15]);
    holding.rollback().await.unwrap();
    let taken = take(&store, 5, 2).await.unwrap();
    assert_eq!(taken.iter().map(|id| id.0).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
}
