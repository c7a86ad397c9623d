//! Calls that wait while a commit is in flight share the next transaction, each with its own result.

use futures::executor::block_on;
use futures::future::join_all;
use levada_base::{Error, World, codes};
use levada_store::alphabets::AttemptState;
use levada_store::rows::Attempt;
use levada_store::{ExecutionId, Scope, State, Store};
use levada_store_sqlite::SqliteStore;

use crate::stage::{Stage, attempt, claim, claimed, code, dump, policy, put, puts, ready, route};

const CALLERS: u128 = 64;
const ROUNDS: u128 = 20;

/// Every seventh call is refused by its plan, every eleventh by the database; the others write.
async fn call(store: &SqliteStore, number: u128) -> Result<(), Error> {
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

#[test]
fn t_112_a_failing_call_never_affects_the_others() {
    let stage = Stage::new();
    let store = stage.open_in(World::real());
    let caller = async |caller: u128| {
        for round in 0..ROUNDS {
            let number = 1 + caller * ROUNDS + round;
            assert_eq!(code(&call(&store, number).await), expected(number), "call {number}");
        }
    };
    block_on(join_all((0..CALLERS).map(caller)));
    let stored: Vec<_> = dump(&store).executions.into_keys().map(|id| id.0).collect();
    let good: Vec<_> = (1..=CALLERS * ROUNDS).filter(|number| expected(*number) == "no error").collect();
    assert_eq!(stored, good);
}

#[test]
fn t_112_callers_share_commits() {
    let stage = Stage::new();
    let store = stage.open_in(World::real());
    let caller = async |caller: u128| {
        for round in 0..ROUNDS {
            let row = ready(1 + caller * ROUNDS + round, 1);
            let plan = move |_: &State| Ok((puts([row.clone().into()]), ()));
            store.transact(Scope::Executions(vec![]), plan).await.expect("written");
        }
    };
    block_on(join_all((0..CALLERS).map(caller)));
    let done = store.statistics();
    assert_eq!(u128::from(done.calls), CALLERS * ROUNDS);
    assert!(done.calls >= 8 * done.commits, "{done:?}");
}

#[test]
fn t_112_a_lone_call_is_a_transaction_of_its_own() {
    let stage = Stage::new();
    for world in [World::real(), World::sim(1).0] {
        let store = stage.open_in(world);
        put(&store, [ready(1, 1).into()]).expect("written");
        let done = store.statistics();
        assert_eq!((done.transactions, done.commits, done.calls), (1, 1, 1));
        store.close();
    }
}

#[test]
fn t_112_claims_that_share_a_transaction_take_different_rows() {
    let stage = Stage::new();
    let store = stage.open_in(World::real());
    let rows = (1..=5).map(|number| ready(number, 1).into());
    put(&store, rows.chain([policy().into(), route(1, "default", "").into()])).expect("written");
    let (go_on, all_wait) = std::sync::mpsc::channel();
    let first = store.transact(Scope::EngineNodes, move |_: &State| {
        assert!(all_wait.recv().is_ok());
        Ok((Vec::new(), ()))
    });
    let take = |token: u128| {
        store.transact(claim(2, token), move |state: &State| {
            let free = state.candidates.iter().filter_map(|id| state.executions.get(id));
            let free = free.filter(|row| row.phase == levada_store::alphabets::Phase::Runnable).take(2);
            let taken: Vec<_> = free.map(|row| claimed(row.clone(), token, 50)).collect();
            Ok((puts(taken.iter().cloned().map(Into::into)), taken.len()))
        })
    };
    let claims = join_all([take(21), take(22), take(23)]);
    let release = async { go_on.send(()) };
    let (_, counts, released) = block_on(futures::future::join3(first, claims, release));
    released.expect("the first transaction waits");
    let counts: Vec<_> = counts.into_iter().map(|count| count.expect("claimed")).collect();
    assert_eq!(counts, [2, 2, 1]);
    assert_eq!(store.statistics().transactions, 3, "the claims shared one");
    assert!(dump(&store).executions.values().all(|row| row.claim_token.is_some()));
}
