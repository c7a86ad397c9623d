//! The schema is what the rows say, the database refuses what the rules refuse, and a schema of another build is left alone.

use std::collections::BTreeSet;

use levada_base::World;
use levada_store::TABLES;
use levada_store::alphabets::Phase;
use levada_store::value::Kind;
use levada_store_sqlite::SqliteStore;
use rusqlite::Connection;

use crate::stage::{Stage, claimed, code, dump, policy, put, ready};

/// A column as the database knows it: name, type, whether it may be null, place in the key.
type Column = (String, String, bool, i64);

fn columns(connection: &Connection, table: &str) -> Vec<Column> {
    let mut statement = connection.prepare(&format!("PRAGMA table_info(\"{table}\")")).expect("a table");
    let rows = statement.query_map([], |row| Ok((row.get(1)?, row.get(2)?, row.get::<_, i64>(3)? == 0, row.get(5)?)));
    rows.expect("rows").collect::<Result<_, _>>().expect("columns")
}

#[test]
fn tables_have_the_columns_of_their_rows() {
    let stage = Stage::new();
    drop(stage.open());
    let connection = stage.connection();
    for table in TABLES {
        let expected: Vec<Column> = (1..)
            .zip(table.columns)
            .map(|(place, column)| {
                let kind = match column.kind {
                    Kind::Small | Kind::Int => "INTEGER",
                    Kind::Text => "TEXT",
                    Kind::Id | Kind::Bytes => "BLOB",
                };
                let in_key = if place <= i64::try_from(table.key).expect("few columns") { place } else { 0 };
                (column.name.to_owned(), kind.to_owned(), column.nullable, in_key)
            })
            .collect();
        assert_eq!(columns(&connection, table.name), expected, "table {}", table.name);
    }
}

#[test]
fn st_30_every_table_is_strict() {
    let stage = Stage::new();
    drop(stage.open());
    let connection = stage.connection();
    let mut loose = connection.prepare("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%'").expect("a list");
    let names: Vec<String> = loose.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("names");
    assert_eq!(names, Vec::<String>::new());
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).expect("a mode");
    assert_eq!(mode, "wal");
}

/// Writes that the rules forbid, each with the rule's name, on an active execution.
const NONSENSE: &[(&str, &str)] = &[
    ("hold = 2, due_ms = 5", "V-1"),
    ("outcome = 0", "V-1"),
    ("cause = 0", "V-1"),
    ("ended_ms = 5", "V-1"),
    ("cancelled_by_call = 1", "V-1"),
    ("lease_id = NULL", "V-2"),
    ("worker = NULL", "V-2"),
    ("instance = NULL", "V-2"),
    ("lease_until_ms = NULL", "V-2"),
    ("phase = 1, hold = 2, lease_id = NULL, worker = NULL, instance = NULL, lease_until_ms = NULL", "V-3"),
    ("phase = 1, hold = 4, recheck_ms = 5, lease_id = NULL, worker = NULL, instance = NULL, lease_until_ms = NULL", "V-3"),
    ("phase = 1, hold = 6, hold_ref = 'k', lease_id = NULL, worker = NULL, instance = NULL, lease_until_ms = NULL", "V-3"),
    ("phase = 0, lease_id = NULL, worker = NULL, instance = NULL, lease_until_ms = NULL", "V-4"),
    ("attempt_no = 0", "V-4"),
    ("attempt_no = 2", "V-5"),
    ("fence = 0", "V-5"),
    ("generation = -1", "V-5"),
    ("seq = 0", "V-5"),
    (
        "phase = 4, outcome = 0, cause = 0, ended_ms = 5, deadline_ms = 9, lease_id = NULL, worker = NULL, instance = NULL,
         lease_until_ms = NULL",
        "V-6",
    ),
    ("phase = 5", "phase"),
    ("hold = 7", "hold"),
    ("essential = 2", "essential"),
    ("id = x'00'", "id"),
];

#[test]
fn t_047_the_database_refuses_nonsense() {
    let stage = Stage::new();
    let store = stage.open();
    put(&store, [claimed(ready(1, 1), 9, 50).into()]).expect("a good row");
    store.close();
    let connection = stage.connection();
    for (change, rule) in NONSENSE {
        let refused = connection.execute(&format!("UPDATE execution SET {change}"), []);
        let said = refused.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(said.contains("constraint failed") && said.contains(rule), "{change}: {said}");
    }
    let two = "INSERT INTO attempt (execution_id, attempt_no, generation, state, cause, worker, instance, fence, started_ms)
               SELECT id, ?1, 0, ?1, 0, 'w', 'w-1', 1, 1 FROM execution";
    connection.execute(two, [1]).expect("one attempt is parked");
    let refused = connection.execute(two, [0]).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(refused.contains("UNIQUE"), "V-4: a second open attempt: {refused}");
}

#[test]
fn t_047_an_integer_outside_its_alphabet_is_damaged_data() {
    let stage = Stage::new();
    let store = stage.open();
    put(&store, [ready(1, 1).into(), ready(2, 1).into()]).expect("good rows");
    let connection = stage.connection();
    connection.execute_batch("PRAGMA ignore_check_constraints = ON").expect("a pragma");
    connection.execute("UPDATE execution SET phase = 9 WHERE seq = 1", []).expect("damaged");
    let one = |number| levada_store::Scope::Executions(vec![levada_store::ExecutionId(number)]);
    let damaged = crate::stage::slice(&store, one(1));
    assert_eq!(code(&damaged), "LV-T710");
    let said = damaged.err().map(|error| error.message().to_owned()).unwrap_or_default();
    assert_eq!(said, "execution.phase of 00000000-0000-0000-0000-000000000001 holds 9");
    assert!(crate::stage::slice(&store, one(2)).is_ok(), "what does not depend on the row goes on");
}

#[test]
fn t_017_public_state_is_derived() {
    let stage = Stage::new();
    let store = stage.open();
    let delayed = levada_store::rows::Execution { hold: levada_store::alphabets::Hold::Time, due_ms: Some(9), ..ready(3, 1) };
    let staged = levada_store::rows::Execution { phase: Phase::Staged, ..ready(4, 1) };
    put(&store, [ready(1, 1).into(), claimed(ready(2, 1), 9, 50).into(), delayed.into(), staged.into()]).expect("rows");
    let mut statement = stage.connection();
    let transaction = statement.transaction().expect("a read");
    for (id, row) in dump(&store).executions {
        let derived: i64 = transaction
            .query_row("SELECT public_state FROM execution WHERE id = ?1", [id.0.to_be_bytes()], |found| found.get(0))
            .expect("a row");
        assert_eq!(derived, i64::from(row.public_state().code()), "{row:?}");
    }
}

#[test]
fn t_116_an_edited_migration_and_a_newer_schema_refuse_to_open() {
    let changes = [
        "UPDATE migration SET sha256 = 'other'",
        "INSERT INTO migration (number, name, sha256, applied_ms) VALUES (1000, 'later', 'unknown', 1)",
    ];
    for change in changes {
        let stage = Stage::new();
        put(&stage.open(), [policy().into()]).expect("written");
        stage.connection().execute(change, []).expect("changed");
        let refused = SqliteStore::open(stage.settings(), World::sim(1).0).map(drop);
        assert_eq!(code(&refused), "LV-T705", "{change}");
        let kept: i64 =
            stage.connection().query_row("SELECT count(*) FROM policy", [], |row| row.get(0)).expect("the data is there");
        assert_eq!(kept, 1);
    }
}

#[test]
fn st_11_there_are_few_relations() {
    let stage = Stage::new();
    drop(stage.open());
    let names: BTreeSet<String> = stage
        .connection()
        .prepare("SELECT name FROM sqlite_schema")
        .expect("a schema")
        .query_map([], |row| row.get(0))
        .expect("rows")
        .collect::<Result<_, _>>()
        .expect("names");
    assert!(names.len() <= 96, "{} relations", names.len());
}
