//! Heartbeats: an engine that has nothing to do writes nothing, and nobody sees the difference.

use levada_store::alphabets::AttemptState;
use levada_store::rows::EngineNode;
use levada_store::{Command, Record, RecordKey, Scope, Token};
use levada_store_sqlite::SqliteStore;

use crate::stage::{Stage, attempt, claimed, commit, dump, policy, put, ready, route, slice};

fn node(alive_ms: i64) -> EngineNode {
    EngineNode { id: Token(7), name: "one".to_owned(), started_ms: 10, alive_ms, grace_until_ms: None }
}

fn says(store: &SqliteStore, row: EngineNode) {
    commit(store, Scope::EngineNodes, vec![Command::Put(row.into())]).expect("heard");
}

/// What somebody else finds in the file.
fn in_file(stage: &Stage) -> i64 {
    let read = |row: &rusqlite::Row<'_>| row.get(0);
    stage.connection().query_row("SELECT alive_ms FROM engine_node", [], read).expect("a node")
}

fn seen(store: &SqliteStore) -> i64 {
    dump(store).engine_nodes[&Token(7)].alive_ms
}

/// A claimed execution and what belongs to it.
fn active() -> Vec<Record> {
    let row = claimed(ready(1, 1), 1, 1_000_000);
    vec![route(1, "default", "").into(), policy().into(), attempt(&row, AttemptState::Running).into(), row.into()]
}

#[test]
fn pb_10_heartbeats_of_an_idle_engine_write_nothing() {
    let stage = Stage::new();
    let store = stage.open();
    says(&store, node(10));
    let commits = store.statistics().commits;
    (11..20).for_each(|alive_ms| says(&store, node(alive_ms)));
    assert_eq!(store.statistics().commits, commits);
    assert_eq!((in_file(&stage), seen(&store)), (10, 19), "written or not, everybody who asks is told");
    assert_eq!(slice(&store, Scope::EngineNodes).expect("a slice").engine_nodes[&Token(7)].alive_ms, 19);
    store.close();
    assert_eq!(in_file(&stage), 19, "an end in good order leaves nothing behind");
    assert_eq!(seen(&stage.open()), 19);
}

#[test]
fn f_11_a_commit_takes_kept_heartbeats_along_and_while_anything_is_active_each_is_written() {
    let stage = Stage::new();
    let store = stage.open();
    says(&store, node(10));
    says(&store, node(20));
    assert_eq!(in_file(&stage), 10);
    put(&store, active()).expect("claimed");
    assert_eq!(in_file(&stage), 20, "whoever starts after a crash knows until when somebody was there for the lease");
    says(&store, node(30));
    assert_eq!(in_file(&stage), 30);
}

#[test]
fn f_11_a_heartbeat_that_says_more_is_written() {
    let stage = Stage::new();
    let store = stage.open();
    says(&store, node(10));
    says(&store, node(20));
    says(&store, EngineNode { grace_until_ms: Some(99), ..node(30) });
    assert_eq!(in_file(&stage), 30, "a grace that begins");
    says(&store, EngineNode { grace_until_ms: Some(99), ..node(40) });
    let other = EngineNode { id: Token(8), ..node(41) };
    commit(&store, Scope::EngineNodes, vec![Command::Put(other.into())]).expect("heard");
    let gone = vec![Command::Delete(RecordKey::EngineNode(Token(7)))];
    let alive = || dump(&store).engine_nodes.values().map(|node| node.alive_ms).collect::<Vec<_>>();
    assert_eq!(alive(), [40, 41]);
    commit(&store, Scope::EngineNodes, gone).expect("forgotten");
    assert_eq!(alive(), [41]);
    store.close();
    assert_eq!(in_file(&stage), 41);
}
