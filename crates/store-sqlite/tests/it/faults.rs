//! A disk that is full: nothing is changed, and the store goes on when there is space again.

use levada_base::World;
use levada_store::{Command, ExecutionId, Scope, Store};
use levada_store_sqlite::{Settings, SqliteStore};

use crate::stage::{Stage, code, commit, dump, input, put, ready};

const INPUT_BYTES: usize = 16 << 10;

#[test]
fn t_113_a_full_disk_changes_nothing_and_space_heals() {
    let stage = Stage::new();
    let settings = Settings { database_bytes_max: Some(1 << 20), ..stage.settings() };
    let store = SqliteStore::open(settings, World::sim(1).0).expect("a store");
    let fill = |number: u128| {
        let row = ready(number, 1);
        put(&store, [input(&row, INPUT_BYTES).into(), row.into()])
    };
    let stored = (1..1_000).take_while(|number| fill(*number).is_ok()).count();
    assert!((10..64).contains(&stored), "{stored} inputs of 16 KiB fit into 1 MiB");
    let before = dump(&store);
    for again in 0..50 {
        assert_eq!(code(&fill(10_000 + again)), "LV-T703");
        assert_eq!(dump(&store), before);
    }
    let first_ten = (1..=10).map(|number| Command::DeleteExecution(ExecutionId(number))).collect();
    commit(&store, Scope::Executions(vec![]), first_ten).expect("deleting needs no space");
    for number in 20_000..20_008 {
        fill(number).expect("there is space again");
    }
    assert_eq!(dump(&store).inputs.len(), stored - 10 + 8);
    store.close();
    let verdict: String = stage.connection().pragma_query_value(None, "integrity_check", |row| row.get(0)).expect("a verdict");
    assert_eq!(verdict, "ok");
}

#[test]
fn t_113_a_file_that_is_no_database_is_damaged_data() {
    let stage = Stage::new();
    drop(stage.open());
    #[expect(clippy::disallowed_methods, reason = "the test damages the file")]
    std::fs::write(stage.path(), vec![b'x'; 8192]).expect("written");
    let refused = SqliteStore::open(stage.settings(), World::sim(1).0).map(drop);
    assert_eq!(code(&refused), "LV-T710");
}

#[test]
fn st_31_a_directory_in_the_way_is_no_store() {
    let stage = Stage::new();
    std::fs::create_dir(stage.path()).expect("a directory");
    let refused = SqliteStore::open(stage.settings(), World::sim(1).0).map(|store| store.instance());
    assert_eq!(code(&refused), "LV-T702");
}
