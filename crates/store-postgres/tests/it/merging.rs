//! Calls that wait while all drivers are busy share the next transactions, each with its own result.

use futures::future::join_all;
use levada_base::{Error, codes};
use levada_store::alphabets::AttemptState;
use levada_store::rows::Attempt;
use levada_store::{ExecutionId, Scope, State, Store};
use levada_store_postgres::{PostgresStore, Settings};
use levada_testing_postgres::database;

use crate::support::{attempt, claimed, code, create, open, puts, ready, settings};

const CALLERS: u128 = 64;
const ROUNDS: u128 = 10;

/// Every seventh call is refused by its plan, every eleventh by the server; the others write.
async fn call(store: &PostgresStore, number: u128) -> Result<(), Error> {
    let row = claimed(ready(number, 1), 9, 50);
    let plan = move |_: &State| {
        if number.is_multiple_of(7) {
            return Err(Error::new(codes::LV_T002, "refused"));
        }
        let first = attempt(&row, AttemptState::Running);
        let second = Attempt { attempt_no: 2, ..first.clone() };
        let rows = [Some(row.clone().into()), Some(first.into()), number.is_multiple_of(11).then(|| second.into())];
        Ok((puts(rows.into_iter().flatten()), ()))
    };
    store.transact(Scope::Executions(vec![ExecutionId(number)]), plan).await
}

fn expected(number: u128) -> &'static str {
    match number {
        number if number.is_multiple_of(7) => "LV-T002",
        number if number.is_multiple_of(11) => "LV-T901",
        _ => "no error",
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_112_a_failing_call_never_affects_the_others() {
    let Some(database) = database() else { return };
    let store = open(&settings(database.url())).await;
    let caller = async |caller: u128| {
        for round in 0..ROUNDS {
            let number = 1 + caller * ROUNDS + round;
            assert_eq!(code(&call(&store, number).await), expected(number), "call {number}");
        }
    };
    join_all((0..CALLERS).map(caller)).await;
    let stored: Vec<_> = store.dump().await.unwrap().executions.into_keys().map(|id| id.0).collect();
    let good: Vec<_> = (1..=CALLERS * ROUNDS).filter(|number| expected(*number) == "no error").collect();
    assert_eq!(stored, good);
}

#[tokio::test]
async fn t_112_callers_share_commits() {
    let Some(database) = database() else { return };
    let store = open(&Settings { drivers: 1, ..settings(database.url()) }).await;
    let caller = async |caller: u128| {
        for round in 0..ROUNDS {
            assert!(create(&store, 1 + caller * ROUNDS + round).await.unwrap());
        }
    };
    join_all((0..CALLERS).map(caller)).await;
    let done = store.statistics();
    assert_eq!(u128::from(done.calls), CALLERS * ROUNDS);
    assert!(done.calls >= 8 * done.transactions, "{done:?}");
}

#[tokio::test]
async fn t_112_a_plan_that_panics_harms_nobody_else() {
    let Some(database) = database() else { return };
    let store = open(&settings(database.url())).await;
    for _ in 0..20 {
        let panics = |_: &State| -> Result<(Vec<levada_store::Command>, ()), Error> { panic!("on purpose") };
        let scope = Scope::Executions(vec![ExecutionId(1)]);
        let (bad, good) = tokio::join!(store.transact(scope.clone(), panics), create(&store, 1));
        assert_eq!((code(&bad), code(&good)), ("LV-T901", "no error"));
    }
}
