//! How many statements a transaction needs: the same for one row and for hundreds.

use levada_store::alphabets::AttemptState;
use levada_store::rows::Execution;
use levada_store::{Command, ExecutionId, Record, Scope, State, Store, Token};
use levada_store_sqlite::SqliteStore;

use crate::stage::{Stage, attempt, claim, claimed, commit, input, policy, put, ready, route, slice};

/// The statements that an act needs.
fn statements(store: &SqliteStore, act: impl FnOnce()) -> u64 {
    let before = store.statistics().statements;
    act();
    store.statistics().statements - before
}

/// A store with the default lane's routes and so many executions behind a capability that nobody offers.
fn with_others(stage: &Stage, others: u128) -> SqliteStore {
    let store = stage.open();
    let rows = (1..=others).map(|number| ready(number, 2).into());
    let places: [Record; 3] = [policy().into(), route(1, "default", "").into(), route(2, "default", "gpu").into()];
    put(&store, places.into_iter().chain(rows)).expect("written");
    // Routes are read once.
    assert!(slice(&store, claim(1, 1)).expect("a slice").candidates.is_empty());
    store
}

#[test]
fn t_029_empty_claim_is_one_statement() {
    for others in [0, 20_000] {
        let stage = Stage::new();
        let store = with_others(&stage, others);
        let needed = statements(&store, || assert!(slice(&store, claim(50, 2)).expect("a slice").candidates.is_empty()));
        assert_eq!(needed, 1, "beside {others} others");
        assert_eq!(store.statistics().commits, 1, "an empty claim commits nothing");
    }
}

/// What a claim writes, in the smallest form.
fn claim_all(state: &State) -> Vec<Command> {
    let rows = state.candidates.iter().filter_map(|id| state.executions.get(id));
    let taken: Vec<Execution> = rows.map(|row| claimed(row.clone(), 5, 1_000)).collect();
    let attempts: Vec<Record> = taken.iter().map(|row| attempt(row, AttemptState::Running).into()).collect();
    taken.into_iter().map(Record::from).chain(attempts).map(Command::Put).collect()
}

fn renew_all(state: &State) -> Vec<Command> {
    let rows = state.executions.values().cloned();
    rows.map(|row| Command::Put(Execution { lease_until_ms: row.lease_until_ms.map(|at| at + 1), ..row }.into())).collect()
}

#[test]
fn t_030_statements_do_not_grow_with_a_call() {
    let mut needed = Vec::new();
    for size in [1_u32, 50, 500] {
        let stage = Stage::new();
        let store = with_others(&stage, 0);
        let ids: Vec<_> = (1..=u128::from(size)).collect();
        let rows = ids.iter().map(|number| ready(*number, 1));
        put(&store, rows.flat_map(|row| [input(&row, 10).into(), row.into()])).expect("written");
        let claimed = statements(&store, || {
            let plan = |state: &State| Ok((claim_all(state), state.candidates.len()));
            let taken = futures::executor::block_on(store.transact(claim(500, 3), plan)).expect("claimed");
            assert_eq!(taken, ids.len());
        });
        let leases = Scope::Leases(ids.iter().map(|number| (ExecutionId(*number), 1)).collect());
        let renewed = statements(&store, || {
            let plan = |state: &State| Ok((renew_all(state), state.executions.len()));
            assert_eq!(futures::executor::block_on(store.transact(leases, plan)).expect("renewed"), ids.len());
        });
        let deleted = statements(&store, || {
            let all = ids.iter().map(|number| Command::DeleteExecution(ExecutionId(*number))).collect();
            commit(&store, Scope::Executions(vec![]), all).expect("deleted");
        });
        needed.push((claimed, renewed, deleted));
    }
    assert!(needed.iter().all(|counts| *counts == needed[0]), "{needed:?}");
}

#[test]
fn f_5_a_repeated_claim_finds_what_it_took_whatever_is_ready() {
    let stage = Stage::new();
    let store = with_others(&stage, 0);
    let row = claimed(ready(1, 1), 9, 50);
    put(&store, [row.into(), ready(2, 1).into()]).expect("written");
    let again = slice(&store, claim(10, 9)).expect("a slice");
    assert_eq!((again.executions.len(), again.candidates.len()), (1, 0));
    assert_eq!(again.executions.values().next().and_then(|row| row.claim_token), Some(Token(9)));
}
