//! Commands as statements: each table's rows by its metadata, removals of whole runs and executions by a statement per table.

use std::sync::LazyLock;

use levada_store::value::{Column, Table, Value};
use levada_store::{Command, Record, State, TABLES};
use rusqlite::CachedStatement;

use crate::change::Before;
use crate::codec::{self, id};
use crate::errors::Result;
use crate::session::Session;

/// The statements of a table.
struct Writes {
    table: &'static str,
    put: String,
    delete: String,
    is_insert_only: bool,
}

static WRITES: LazyLock<Vec<Writes>> = LazyLock::new(|| TABLES.iter().map(|table| writes(table)).collect());

/// What goes with a run, its members first: the parameter is the run. Request keys stay: they are remembered for their own time.
const DELETE_RUN: &[&str] = &[
    "DELETE FROM attempt WHERE execution_id IN (SELECT id FROM execution WHERE run_id = ?1)",
    "DELETE FROM mark WHERE execution_id IN (SELECT id FROM execution WHERE run_id = ?1)",
    "DELETE FROM edge_group WHERE child IN (SELECT id FROM execution WHERE run_id = ?1)",
    "DELETE FROM cancel_pending WHERE child IN (SELECT id FROM execution WHERE run_id = ?1)",
    "DELETE FROM execution_pin WHERE execution_id IN (SELECT id FROM execution WHERE run_id = ?1)",
    "DELETE FROM execution_input WHERE execution_id IN (SELECT id FROM execution WHERE run_id = ?1)",
    "DELETE FROM execution_result WHERE execution_id IN (SELECT id FROM execution WHERE run_id = ?1)",
    "DELETE FROM progress WHERE execution_id IN (SELECT id FROM execution WHERE run_id = ?1)",
    "DELETE FROM tag WHERE owner = ?1 OR owner IN (SELECT id FROM execution WHERE run_id = ?1)",
    "DELETE FROM execution WHERE run_id = ?1",
    "DELETE FROM edge WHERE run_id = ?1",
    "DELETE FROM condition WHERE run_id = ?1",
    "DELETE FROM run WHERE id = ?1",
    // Of a schedule the latest fire stays.
    "DELETE FROM schedule_fire WHERE (schedule_id, nominal_ms) IN (
        SELECT gone.schedule_id, gone.nominal_ms FROM schedule_fire AS own
        CROSS JOIN schedule_fire AS gone ON gone.schedule_id = own.schedule_id AND gone.nominal_ms <= own.nominal_ms
        WHERE own.run_id = ?1 AND NOT EXISTS (SELECT 1 FROM run WHERE id = gone.run_id) AND EXISTS (
            SELECT 1 FROM schedule_fire AS later
            WHERE later.schedule_id = gone.schedule_id AND later.nominal_ms > gone.nominal_ms
        )
    )",
];

/// What goes with an execution: the parameter is its id.
const DELETE_EXECUTION: &[&str] = &[
    "DELETE FROM attempt WHERE execution_id = ?1",
    "DELETE FROM mark WHERE execution_id = ?1",
    "DELETE FROM edge_group WHERE child = ?1",
    "DELETE FROM cancel_pending WHERE child = ?1",
    "DELETE FROM execution_pin WHERE execution_id = ?1",
    "DELETE FROM execution_input WHERE execution_id = ?1",
    "DELETE FROM execution_result WHERE execution_id = ?1",
    "DELETE FROM progress WHERE execution_id = ?1",
    "DELETE FROM tag WHERE owner = ?1",
    "DELETE FROM execution WHERE id = ?1",
];

const DELETE_EVENTS_BEFORE: &str = "DELETE FROM event WHERE at_ms < ?1";

/// Writes the commands of one transaction that loaded these rows.
pub(crate) fn write(session: &Session<'_>, commands: &[Command], before: &State) -> Result<()> {
    let mut before = Before::new(before);
    // Rows of different tables do not touch each other, so they are written table by table, each table's in its order. What removes
    // from many tables stays where it is between them.
    commands
        .split_inclusive(|command| place(command).is_none())
        .try_for_each(|segment| write_segment(session, segment, &mut before))
}

/// The table of a command that writes one row: its place among [`TABLES`].
fn place(command: &Command) -> Option<usize> {
    let table = match command {
        Command::Put(record) => record.table(),
        Command::Delete(key) => key.table(),
        Command::DeleteRun(_) | Command::DeleteExecution(_) | Command::ForgetEvents { .. } => return None,
    };
    WRITES.iter().position(|writes| writes.table == table.name)
}

fn write_segment(session: &Session<'_>, commands: &[Command], before: &mut Before<'_>) -> Result<()> {
    let mut rows: Vec<(usize, &Command)> = commands.iter().filter_map(|command| Some((place(command)?, command))).collect();
    rows.sort_by_key(|(place, _)| *place);
    let mut prepared = Prepared { session, last: None };
    for (place, command) in rows {
        match command {
            Command::Put(record) => prepared.put(&WRITES[place], record, before)?,
            Command::Delete(key) => {
                before.forget(key);
                prepared.run(&WRITES[place].delete, &key.values())?;
            }
            _ => {}
        }
    }
    drop(prepared);
    match commands.last() {
        Some(last) if place(last).is_none() => {
            before.forget_all();
            remove(session, last)
        }
        _ => Ok(()),
    }
}

/// The statement that was used last: rows that are written alike follow each other.
struct Prepared<'s, 'c> {
    session: &'s Session<'c>,
    last: Option<(&'static str, CachedStatement<'c>)>,
}

impl Prepared<'_, '_> {
    /// Writes a row: what changed of it if it was loaded, else all.
    fn put(&mut self, writes: &'static Writes, record: &Record, before: &mut Before<'_>) -> Result<()> {
        let values = record.values();
        let changed = if writes.is_insert_only { None } else { before.changed(&record.key(), &values) };
        if let Some(changed) = changed
            && (changed.is_empty() || self.run(changed.statement(record.table()), changed.values(record.table(), &values))? > 0)
        {
            return Ok(());
        }
        self.run(&writes.put, &values).map(drop)
    }

    /// Runs a statement; returns how many rows it wrote.
    fn run<'v>(&mut self, text: &'static str, values: impl IntoIterator<Item = &'v Value>) -> Result<usize> {
        let statement = match self.last.take().filter(|(last, _)| std::ptr::eq(*last, text)) {
            Some((_, statement)) => statement,
            None => self.session.statement(text)?,
        };
        let (_, statement) = self.last.insert((text, statement));
        codec::bind(statement, values)?;
        Ok(statement.raw_execute()?)
    }
}

fn remove(session: &Session<'_>, command: &Command) -> Result<()> {
    match command {
        Command::Put(_) | Command::Delete(_) => Ok(()),
        Command::DeleteRun(run) => DELETE_RUN.iter().try_for_each(|text| session.execute(text, [id(run.0)])),
        Command::DeleteExecution(execution) => {
            DELETE_EXECUTION.iter().try_for_each(|text| session.execute(text, [id(execution.0)]))
        }
        Command::ForgetEvents { before_ms, .. } => session.execute(DELETE_EVENTS_BEFORE, [before_ms]),
    }
}

fn writes(table: &'static Table) -> Writes {
    let name = table.name;
    let (key, rest) = table.columns.split_at(table.key);
    let on_conflict = if table.insert_only || rest.is_empty() {
        "NOTHING".to_owned()
    } else {
        format!("UPDATE SET {}", joined(rest, |column| format!("\"{column}\" = excluded.\"{column}\"")))
    };
    let columns = joined(table.columns, |column| format!("\"{column}\""));
    let marks = vec!["?"; table.columns.len()].join(", ");
    let conflict = joined(key, |column| format!("\"{column}\""));
    let same: Vec<_> = key.iter().map(|column| format!("\"{}\" = ?", column.name)).collect();
    Writes {
        table: name,
        put: format!("INSERT INTO \"{name}\" ({columns}) VALUES ({marks}) ON CONFLICT ({conflict}) DO {on_conflict}"),
        delete: format!("DELETE FROM \"{name}\" WHERE {}", same.join(" AND ")),
        is_insert_only: table.insert_only,
    }
}

fn joined(columns: &[Column], form: impl Fn(&str) -> String) -> String {
    columns.iter().map(|column| form(column.name)).collect::<Vec<_>>().join(", ")
}
