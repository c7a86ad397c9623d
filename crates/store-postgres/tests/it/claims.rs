//! Claims of many callers and nodes on one lane: disjoint, and nobody waits for anybody's lock.

use std::collections::BTreeSet;

use futures::future::join_all;
use levada_store::alphabets::{AttemptState, Phase};
use levada_store::rows::Execution;
use levada_store::{ClaimScope, Scope, State, Store, Token};
use levada_store_postgres::{PostgresStore, Settings};
use levada_testing_postgres::database;

use crate::support::{attempt, claim, claimed, connect, open, put, puts, ready, route, settings, take};

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

/// Takes one execution of these lanes, or gives what was taken before under this token.
async fn take_one(store: &PostgresStore, lanes: &[&str], token: u128) -> Vec<u128> {
    let Scope::Claim(scope) = claim(1, token) else { return Vec::new() };
    let lanes: Vec<_> = lanes.iter().map(|lane| (*lane).to_owned()).collect();
    let scope = ClaimScope { lanes: lanes.clone(), ..scope };
    let plan = move |state: &State| {
        let again = state.executions.values().filter(|row| row.claim_token == Some(Token(token)));
        let fits = |row: &&Execution| row.phase == Phase::Runnable && lanes.contains(&state.routes[&row.route_id].lane);
        let free = state.candidates.iter().filter_map(|id| state.executions.get(id)).filter(fits);
        let again: Vec<_> = again.map(|row| row.id.0).collect();
        let first = free.min_by_key(|row| row.seq).filter(|_| again.is_empty());
        let row = first.map(|row| claimed(row.clone(), token, state.now_ms + 30_000));
        let records = row.iter().flat_map(|row| [row.clone().into(), attempt(row, AttemptState::Running).into()]);
        Ok((puts(records), again.into_iter().chain(row.iter().map(|row| row.id.0)).collect()))
    };
    store.transact(Scope::Claim(scope), plan).await.unwrap()
}

/// A store whose calls that come at once are merged: work 1, 2 and 4 in lane "x", 3 in lane "y".
async fn of_two_lanes(database: &levada_testing_postgres::Database) -> PostgresStore {
    let store = open(&Settings { drivers: 1, ..settings(database.url()) }).await;
    let rows = [(1, 1), (2, 1), (3, 2), (4, 1)].map(|(number, lane)| ready(number, lane).into());
    put(&store, rows.into_iter().chain([route(1, "x", "").into(), route(2, "y", "").into()])).await.unwrap();
    store
}

#[tokio::test]
async fn t_112_merged_claims_of_different_kinds_leave_enough_for_each_other() {
    let Some(database) = database() else { return };
    let store = of_two_lanes(&database).await;
    let before = store.statistics().transactions;
    let calls = [take_one(&store, &["x"], 1), take_one(&store, &["x", "y"], 2), take_one(&store, &["x"], 3)];
    assert_eq!(join_all(calls).await, [[1], [2], [4]]);
    assert_eq!(store.statistics().transactions, before + 1, "they were merged");
}

#[tokio::test]
async fn t_112_a_repeated_claim_takes_no_room_of_those_it_is_merged_with() {
    let Some(database) = database() else { return };
    let store = of_two_lanes(&database).await;
    assert_eq!(take_one(&store, &["x", "y"], 2).await, [1]);
    let before = store.statistics().transactions;
    let calls = [take_one(&store, &["x"], 1), take_one(&store, &["x", "y"], 2), take_one(&store, &["x", "y"], 3)];
    assert_eq!(join_all(calls).await, [[2], [1], [3]]);
    assert_eq!(store.statistics().transactions, before + 1, "they were merged");
}
