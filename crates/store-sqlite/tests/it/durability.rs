//! Images of the files as a crash may leave them: each opens, is whole, and is the state after some commit, the last
//! acknowledged one if everything was written.

use std::path::Path;

use levada_base::World;
use levada_store::alphabets::EventKind;
use levada_store::{Command, Scope, State};
use levada_store_sqlite::{Settings, SqliteStore};

use crate::stage::{Stage, commit, dump, event, input, put, ready};

/// The files of a database as they are now.
struct Image {
    database: Vec<u8>,
    log: Vec<u8>,
}

#[expect(clippy::disallowed_methods, reason = "the test looks at the files behind the store's back")]
fn image(path: &Path) -> Image {
    let log = path.with_extension("db-wal");
    Image { database: std::fs::read(path).expect("a file"), log: std::fs::read(log).expect("a log") }
}

/// What a store finds that is opened on an image; `integrity_check` is asked too.
fn recovered(database: &[u8], log: &[u8]) -> State {
    let stage = Stage::new();
    #[expect(clippy::disallowed_methods, reason = "the test makes the files")]
    let write = |path: &Path, bytes: &[u8]| std::fs::write(path, bytes).expect("written");
    write(&stage.path(), database);
    write(&stage.path().with_extension("db-wal"), log);
    let store = stage.open();
    let found = dump(&store);
    store.close();
    let verdict: String = stage.connection().pragma_query_value(None, "integrity_check", |row| row.get(0)).expect("a verdict");
    assert_eq!(verdict, "ok");
    found
}

/// A store after each of some commits: the state that was acknowledged, and the files.
fn history(stage: &Stage) -> Vec<(State, Image)> {
    let store = SqliteStore::open(Settings::new(stage.path()), World::sim(1).0).expect("a store");
    let mut states = Vec::new();
    for number in 1..=12 {
        let row = ready(number, 1);
        put(&store, [input(&row, 700).into(), row.into()]).expect("written");
        states.push((dump(&store), image(&stage.path())));
    }
    states
}

#[test]
fn t_113_no_acknowledged_write_is_lost() {
    let stage = Stage::new();
    for (acknowledged, files) in history(&stage) {
        assert_eq!(recovered(&files.database, &files.log), acknowledged);
    }
}

#[test]
fn t_113_a_torn_log_is_the_state_after_some_commit() {
    let stage = Stage::new();
    let history = history(&stage);
    let (_, files) = history.last().expect("a history");
    let mut reached = Vec::new();
    for part in 0..=40 {
        let (whole, torn) = files.log.split_at(files.log.len() * part / 40);
        // The rest is not there, is empty, or is what was there before it was written.
        let garbage: Vec<u8> = torn.iter().map(|byte| byte ^ 0x5a).collect();
        for rest in [Vec::new(), vec![0; torn.len()], garbage] {
            let found = recovered(&files.database, &[whole, &rest].concat());
            let place = history.iter().position(|(state, _)| *state == found);
            assert!(place.is_some() || found.executions.is_empty(), "a state between commits: {found:?}");
            reached.push(place);
        }
    }
    assert!(reached.is_sorted(), "less of the log, less of the history: {reached:?}");
    assert_eq!(reached.last(), Some(&Some(history.len() - 1)));
}

#[test]
fn st_30_the_log_is_moved_into_the_file_while_the_store_is_open() {
    let stage = Stage::new();
    for world in [World::sim(1).0, World::real()] {
        let store = stage.open_in(world);
        let row = ready(1, 1);
        let log = stage.path().with_extension("db-wal");
        for _ in 0..60 {
            let rows = (0..1_000).map(|number| event(number, EventKind::Claimed, &row).into());
            put(&store, rows.chain([row.clone().into()])).expect("written");
            commit(&store, Scope::EngineNodes, vec![Command::ForgetEvents { before_ms: i64::MAX, span_ms: 1 }])
                .expect("deleted");
        }
        let (done, log_bytes) = (store.statistics(), log.metadata().expect("a log").len());
        assert!(done.checkpoints > 0 && done.checkpoints_failed == 0, "{done:?}");
        // A quarter of a megabyte is written per round: without a new beginning the log would have 14 of them.
        assert!(log_bytes < 4 << 20, "the log has {log_bytes} bytes");
        store.close();
        assert_eq!(dump(&stage.open()).executions.len(), 1);
    }
}
