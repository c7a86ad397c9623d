//! One process owns the file; opening, closing, reopening.

use futures::FutureExt;
use levada_base::World;
use levada_store::alphabets::EventKind;
use levada_store::{Query, Scope, State, Store};
use levada_store_sqlite::{Durability, Settings, SqliteStore};

use crate::stage::{Stage, code, commit, dump, event, input, policy, put, puts, ready, route, slice};

#[test]
fn st_31_a_second_opening_is_told_who_owns_the_file() {
    let stage = Stage::new();
    let first = stage.open();
    let second = SqliteStore::open(stage.settings(), World::sim(2).0);
    let error = second.err().expect("the file is owned");
    assert_eq!(error.code().name(), "LV-T707");
    assert!(error.message().contains(&format!("process {}", std::process::id())), "{error}");
    drop(first);
    stage.open();
}

#[cfg(unix)]
#[test]
fn st_31_a_file_has_one_owner_by_whatever_name_it_is_opened() {
    use std::os::unix::fs::symlink;
    let stage = Stage::new();
    let path = stage.path();
    let directory = path.parent().expect("a directory");
    let beside = |name: &str| Settings::new(directory.join(name));
    symlink("tasks.db", directory.join("link.db")).expect("a link to a file that is not there yet");
    symlink(directory.join("link.db"), directory.join("link of a link.db")).expect("a link");
    symlink(directory, directory.join("here")).expect("a link to the directory");
    let names = ["link of a link.db", "here/tasks.db", "here/link.db", "tasks.db"];
    for first in names {
        // The file is made through the links.
        let owner = SqliteStore::open(beside(first), World::sim(1).0).expect("a store");
        put(&owner, [policy().into()]).expect("written");
        for second in names {
            let error = SqliteStore::open(beside(second), World::sim(2).0).err();
            assert_eq!(error.map(|error| error.code().name()), Some("LV-T707"), "{second} while {first} is open");
        }
    }
    assert_eq!(dump(&stage.open()).policies.len(), 1);
}

#[test]
fn what_was_committed_is_there_after_reopening() {
    let stage = Stage::new();
    let store = stage.open();
    let row = ready(1, 1);
    let rows =
        [policy().into(), route(1, "default", "").into(), input(&row, 3).into(), event(7, EventKind::Claimed, &row).into()];
    put(&store, rows.into_iter().chain([row.into()])).expect("written");
    let (before, instance) = (dump(&store), store.instance());
    assert_eq!((before.executions.len(), before.inputs.len(), before.events.len()), (1, 1, 1));
    store.close();
    let store = stage.open();
    assert_eq!((dump(&store), store.instance()), (before, instance));
}

#[test]
fn numbers_and_time_go_on_after_reopening_whatever_was_deleted() {
    let stage = Stage::new();
    let (world, clock) = World::sim(1);
    clock.advance(std::time::Duration::from_secs(3_600));
    let store = stage.open_in(world);
    let row = ready(4, 1);
    put(&store, [event(90, EventKind::Claimed, &row).into(), row.into()]).expect("written");
    commit(&store, Scope::Executions(vec![]), vec![levada_store::Command::ForgetEvents { before_ms: i64::MAX, span_ms: 1 }])
        .expect("deleted");
    let before = slice(&store, Scope::Executions(vec![])).expect("a slice");
    assert_eq!(before.seq, 91);
    store.close();
    // The clock of the new world is an hour behind.
    let after = slice(&stage.open(), Scope::Executions(vec![])).expect("a slice");
    assert_eq!((after.seq, after.now_ms), (before.seq, before.now_ms));
}

#[test]
fn a_closed_store_says_so_and_gives_the_file_up_while_clones_are_kept() {
    let stage = Stage::new();
    for world in [World::real(), World::sim(1).0] {
        let store = stage.open_in(world);
        let clone = store.clone();
        store.close();
        store.close();
        assert_eq!(code(&put(&clone, [policy().into()])), "LV-T702");
        assert_eq!(code(&futures::executor::block_on(clone.read(Query::Lanes))), "LV-T702");
        stage.open();
    }
}

#[test]
fn the_last_clone_closes_the_store_and_ends_its_thread() {
    let stage = Stage::new();
    for round in 0..20 {
        let store = stage.open_in(World::real());
        put(&store, [ready(1 + round, 1).into()]).expect("written");
    }
    assert_eq!(dump(&stage.open()).executions.len(), 20);
}

#[test]
fn a_plan_may_hold_the_last_clone() {
    let stage = Stage::new();
    let store = stage.open_in(World::real());
    let inside = store.clone();
    let (go_on, alone) = std::sync::mpsc::channel();
    let plan = move |_: &State| {
        assert!(alone.recv().is_ok() && inside.statistics().commits == 0);
        Ok((puts([policy().into()]), ()))
    };
    let mut call = Box::pin(store.transact(Scope::EngineNodes, plan));
    assert_eq!(call.as_mut().now_or_never().map(|_| ()), None, "the plan waits");
    drop(call);
    drop(store);
    go_on.send(()).expect("the plan waits");
    let reopened = std::iter::repeat_with(|| SqliteStore::open(stage.settings(), World::sim(1).0)).find_map(Result::ok);
    assert_eq!(reopened.map(|store| dump(&store).policies.len()), Some(1));
}

#[test]
fn st_30_less_durability_is_chosen_and_said() {
    let stage = Stage::new();
    let chosen = Settings { durability: Durability::Normal, ..stage.settings() };
    assert_eq!(stage.settings().notice(), None);
    assert!(chosen.notice().is_some_and(|notice| notice.contains("power")));
    let store = SqliteStore::open(chosen, World::sim(1).0).expect("a store");
    put(&store, [policy().into()]).expect("written");
}
