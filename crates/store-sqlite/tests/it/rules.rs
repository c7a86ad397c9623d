//! What a transaction that is refused leaves behind: nothing.

use levada_base::{Error, World, codes};
use levada_store::alphabets::{AttemptState, EventKind};
use levada_store::{ExecutionId, Scope, State, Store};

use crate::stage::{Stage, attempt, claimed, code, dump, event, policy, put, puts, ready};

#[test]
fn a_refused_plan_writes_nothing() {
    let stage = Stage::new();
    let store = stage.open();
    let refuse = |_: &State| Err::<(Vec<levada_store::Command>, ()), _>(Error::new(codes::LV_T002, "no such execution"));
    assert_eq!(code(&futures::executor::block_on(store.transact(Scope::EngineNodes, refuse))), "LV-T002");
    assert_eq!(store.statistics().commits, 0);
    put(&store, [policy().into()]).expect("the store goes on");
}

#[test]
fn what_only_the_database_sees_is_refused_whole() {
    let stage = Stage::new();
    let store = stage.open();
    let row = claimed(ready(1, 1), 9, 50);
    put(&store, [row.clone().into(), attempt(&row, AttemptState::Running).into()]).expect("a good row");
    let before = dump(&store);
    let second = levada_store::rows::Attempt { attempt_no: 2, ..attempt(&row, AttemptState::Parked) };
    let refused = put(&store, [event(5, EventKind::Parked, &row).into(), second.into()]);
    assert_eq!(code(&refused), "LV-T901", "V-4: two open attempts");
    let lower = levada_store::rows::Execution { seq: 0, ..row };
    assert_eq!(code(&put(&store, [lower.into()])), "LV-T901", "V-5: the number falls, in a row that the slice did not have");
    assert_eq!(dump(&store), before);
}

#[test]
fn a_plan_that_panics_harms_nobody_else() {
    for world in [World::real(), World::sim(1).0] {
        let stage = Stage::new();
        let store = stage.open_in(world);
        let panics = |_: &State| -> Result<(Vec<levada_store::Command>, ()), Error> { panic!("on purpose") };
        assert_eq!(code(&futures::executor::block_on(store.transact(Scope::EngineNodes, panics))), "LV-T901");
        put(&store, puts_of_one()).expect("the store goes on");
        assert_eq!(dump(&store).executions.len(), 1);
    }
}

fn puts_of_one() -> [levada_store::Record; 1] {
    [ready(1, 1).into()]
}

#[test]
fn commands_of_one_transaction_take_effect_in_their_order() {
    use levada_store::rows::Row;
    use levada_store::{Command, RecordKey};
    let stage = Stage::new();
    let store = stage.open();
    let (one, two) = (ready(1, 1), ready(2, 1));
    let again = levada_store::rows::Execution { priority: 5, ..one.clone() };
    let mut commands = puts([one.clone().into(), two.clone().into(), event(1, EventKind::ExecutionCreated, &one).into()]);
    commands.push(Command::Delete(RecordKey::Execution(two.key())));
    commands.push(Command::DeleteExecution(ExecutionId(1)));
    commands.push(Command::Put(again.clone().into()));
    crate::stage::commit(&store, Scope::EngineNodes, commands).expect("written");
    let stored = dump(&store);
    assert_eq!(stored.executions.len(), 1);
    assert_eq!(stored.executions.get(&again.id).map(|row| row.priority), Some(5));
    assert_eq!(stored.events.len(), 1, "the log stays");
}
