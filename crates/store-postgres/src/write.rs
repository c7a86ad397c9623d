//! Commands as statements: one for all rows of a transaction, whatever their number.
//!
//! A statement writes each touched table once, from arrays. Rows that nothing locks before they exist ([`GUARDED`]) are inserted and
//! not overwritten unless the slice showed them: two nodes that make the same one must not both succeed. A request key is not even
//! overwritten then, unless it still stands for what the slice showed: slices bring it without a lock. Events are new by their
//! number. Everything else is put over what is there. Not here: what commands mean (`levada_store::apply`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use levada_store::rows::{RequestKey, Row as _};
use levada_store::value::{Table, Value};
use levada_store::{Command, ExecutionId, Record, State, TABLES};
use uuid::Uuid;

use crate::param::Param;
use crate::statement::{Statement, sql_type};

/// Tables whose rows are made without holding a lock that says there is none.
const GUARDED: &[&str] = &["execution", "run", "request_key", "lane", "worker", "schedule"];

/// The table that has no key in the database: its rows are new by their number.
const EVENT: &str = "event";

/// A row's table, by its number, and its key.
type Place = (usize, Vec<Value>);

/// The guarded rows that a slice showed, its time, and the first number that only this transaction gives out.
#[derive(Debug, Default)]
pub struct Known {
    rows: BTreeSet<Place>,
    /// What its request keys stood for.
    targets: BTreeMap<(String, String), ExecutionId>,
    first: i64,
    now_ms: i64,
}

impl Known {
    pub fn of(state: &State) -> Self {
        let mut known = BTreeSet::new();
        let mut add = |table: &str, keys: &mut dyn Iterator<Item = Vec<Value>>| {
            let number = TABLES.iter().position(|known| known.name == table).unwrap_or(usize::MAX);
            known.extend(keys.map(|key| (number, key)));
        };
        add("execution", &mut state.executions.keys().map(|id| vec![Value::Id(id.0)]));
        add("run", &mut state.runs.keys().map(|id| vec![Value::Id(id.0)]));
        add(
            "request_key",
            &mut state.request_keys.keys().map(|(space, key)| vec![Value::Text(space.clone()), Value::Text(key.clone())]),
        );
        add("lane", &mut state.lanes.keys().map(|name| vec![Value::Text(name.clone())]));
        add("worker", &mut state.workers.keys().map(|instance| vec![Value::Text(instance.clone())]));
        add("schedule", &mut state.schedules.keys().map(|id| vec![Value::Id(id.0)]));
        let targets = state.request_keys.iter().map(|(key, row)| (key.clone(), row.target)).collect();
        Self { rows: known, targets, first: state.seq, now_ms: state.now_ms }
    }

    /// What a request key stood for, if the row gives it to something else.
    fn replaced(&self, row: &RequestKey) -> Option<ExecutionId> {
        self.targets.get(&row.key()).copied().filter(|target| *target != row.target)
    }

    /// Whether the slice says that a guarded row is not there.
    fn lacks(&self, table: &Table, place: &Place) -> bool {
        GUARDED.contains(&table.name) && !self.rows.contains(place)
    }

    /// Whether the key is a number that no transaction before had.
    fn numbers(&self, place: &Place) -> bool {
        matches!(place.1.first(), Some(Value::Int(number)) if *number >= self.first)
    }
}

/// What becomes of the rows of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// New, or the statement fails.
    Insert,
    /// New, or nothing happens.
    Keep,
    /// New or over what is there.
    Put,
    Delete,
}

/// How many numbers a transaction has for creation order and events: as many as its statement leaves free below the next one's.
pub const NUMBERS_MAX: i64 = 1 << 24;

/// Whether all numbers that are given out lie below the next transaction's.
pub fn numbers_fit(commands: &[Command], first: i64) -> bool {
    let end = first.saturating_add(NUMBERS_MAX);
    commands.iter().all(|command| match command {
        Command::Put(Record::Execution(row)) => row.seq < end,
        Command::Put(Record::Event(row)) => row.id < end,
        _ => true,
    })
}

/// The statements of a transaction's commands. With `blind`, guarded rows are put over what is there.
pub fn statements(commands: &[Command], known: &Known, blind: bool) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut rest = commands;
    while let Some(first) = rest.first() {
        let is_rows = is_row(first);
        let end = rest.iter().position(|command| is_row(command) != is_rows).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        if is_rows {
            statements.extend(forgotten_keys(part, known));
            statements.push(rows(part, known, blind));
        } else {
            statements.extend(removals(part, known.now_ms));
        }
        rest = after;
    }
    statements
}

fn is_row(command: &Command) -> bool {
    matches!(command, Command::Put(_) | Command::Delete(_))
}

/// Removes the request keys that the commands give to something else, as the slice showed them. Nothing locks them: if somebody else was
/// faster, the key is there again when it is inserted.
fn forgotten_keys(commands: &[Command], known: &Known) -> Option<Statement> {
    let keys: BTreeMap<_, _> = commands
        .iter()
        .filter_map(|command| match command {
            Command::Put(Record::RequestKey(row)) => known.replaced(row).map(|target| (row.key(), target.0)),
            _ => None,
        })
        .collect();
    let (names, targets): (Vec<_>, Vec<_>) = keys.into_iter().unzip();
    let (namespaces, keys) = names.into_iter().unzip();
    let sql = "DELETE FROM request_key t USING unnest($1::text[], $2::text[], $3::uuid[]) k(namespace, key, target) \
        WHERE t.namespace = k.namespace AND t.key = k.key AND t.target = k.target";
    let params = vec![Param::Texts(namespaces), Param::Texts(keys), Param::ids(targets.iter().copied())];
    (!targets.is_empty()).then(|| Statement { sql: Arc::from(sql), params })
}

/// What becomes of a row.
enum Fate {
    Gone,
    Row {
        values: Vec<Value>,
        /// What the slice showed in its place was removed before.
        replaces: bool,
        /// It was deleted before in the same transaction, so it is put over what is there even where rows are never changed.
        again: bool,
    },
}

/// What the commands leave behind, row by row.
fn folded(commands: &[Command], known: &Known) -> BTreeMap<Place, Fate> {
    let mut folded: BTreeMap<Place, Fate> = BTreeMap::new();
    for command in commands {
        match command {
            Command::Put(record) => {
                let (place, values) = place(record);
                let before = folded.get(&place);
                let again = matches!(before, Some(Fate::Gone | Fate::Row { again: true, .. }));
                let replaces = matches!(record, Record::RequestKey(row) if known.replaced(row).is_some());
                let is_kept = record.table().insert_only && matches!(before, Some(Fate::Row { .. }));
                if !is_kept {
                    folded.insert(place, Fate::Row { values, replaces, again });
                }
            }
            Command::Delete(key) => drop(folded.insert((number(key.table()), key.values()), Fate::Gone)),
            _ => {}
        }
    }
    folded
}

fn place(record: &Record) -> (Place, Vec<Value>) {
    let table = record.table();
    let values = record.values();
    ((number(table), values[..table.key].to_vec()), values)
}

fn number(table: &'static Table) -> usize {
    TABLES.iter().position(|known| std::ptr::eq(*known, table) || known.name == table.name).unwrap_or(usize::MAX)
}

/// One statement for rows that are put and deleted.
fn rows(commands: &[Command], known: &Known, blind: bool) -> Statement {
    let mut sets: BTreeMap<(usize, Way), Vec<Vec<Value>>> = BTreeMap::new();
    for (place, fate) in folded(commands, known) {
        let table = TABLES[place.0];
        let (way, values) = match fate {
            Fate::Gone => (Way::Delete, place.1),
            Fate::Row { values, again, .. } if table.name == EVENT => {
                if again {
                    sets.entry((place.0, Way::Delete)).or_default().push(place.1.clone());
                }
                (if again || known.numbers(&place) { Way::Insert } else { Way::Keep }, values)
            }
            Fate::Row { values, again: true, .. } => (Way::Put, values),
            Fate::Row { values, .. } if table.insert_only => (Way::Keep, values),
            Fate::Row { values, replaces: true, .. } => (Way::Insert, values),
            Fate::Row { values, .. } if known.lacks(table, &place) && !blind => (Way::Insert, values),
            Fate::Row { values, .. } => (Way::Put, values),
        };
        sets.entry((place.0, way)).or_default().push(values);
    }
    let mut parts = Vec::new();
    let mut params = Vec::new();
    for ((table, way), rows) in sets {
        let table = TABLES[table];
        parts.push(format!("w{} AS ({})", parts.len(), part(table, way, params.len())));
        params.extend(columns(table, way, rows));
    }
    Statement { sql: Arc::from(format!("WITH {} SELECT 1", parts.join(",\n"))), params }
}

/// The rows as columns: one array each.
fn columns(table: &Table, way: Way, rows: Vec<Vec<Value>>) -> Vec<Param> {
    let count = if way == Way::Delete { table.key } else { table.columns.len() };
    let mut columns: Vec<_> = table.columns[..count].iter().map(|column| Param::column(column.kind)).collect();
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    columns
}

/// The part of a statement that writes one table from arrays; `before` parameters come before its own.
fn part(table: &Table, way: Way, before: usize) -> String {
    let names = |columns: &[levada_store::value::Column]| {
        columns.iter().map(|column| format!("\"{}\"", column.name)).collect::<Vec<_>>()
    };
    let keys = names(&table.columns[..table.key]);
    let count = if way == Way::Delete { table.key } else { table.columns.len() };
    let arrays: Vec<_> = table.columns[..count]
        .iter()
        .zip(before + 1..)
        .map(|(column, number)| format!("${number}::{}[]", sql_type(column.kind)))
        .collect();
    let arrays = arrays.join(", ");
    let name = table.name;
    if way == Way::Delete {
        let same: Vec<_> = keys.iter().zip(0..).map(|(key, number)| format!("t.{key} = k.k{number}")).collect();
        let given: Vec<_> = (0..keys.len()).map(|number| format!("k{number}")).collect();
        return format!("DELETE FROM {name} t USING unnest({arrays}) k({}) WHERE {}", given.join(", "), same.join(" AND "));
    }
    let insert = format!("INSERT INTO {name} ({}) SELECT * FROM unnest({arrays})", names(table.columns).join(", "));
    let changed = names(&table.columns[table.key..]).into_iter().map(|column| format!("{column} = excluded.{column}"));
    match way {
        Way::Put => {
            format!("{insert} ON CONFLICT ({}) DO UPDATE SET {}", keys.join(", "), changed.collect::<Vec<_>>().join(", "))
        }
        Way::Keep if name == EVENT => {
            format!("{insert} n({}) WHERE NOT EXISTS (SELECT FROM {name} t WHERE t.id = n.id)", names(table.columns).join(", "))
        }
        Way::Keep => format!("{insert} ON CONFLICT ({}) DO NOTHING", keys.join(", ")),
        Way::Insert | Way::Delete => insert,
    }
}

/// One statement for whole runs and stand-alone executions that go, and one for old events.
fn removals(commands: &[Command], now_ms: i64) -> Vec<Statement> {
    let (mut runs, mut executions, mut events) = (Vec::new(), Vec::new(), None);
    for command in commands {
        match command {
            Command::DeleteRun(run) => runs.push(Uuid::from_u128(run.0)),
            Command::DeleteExecution(id) => executions.push(Uuid::from_u128(id.0)),
            Command::ForgetEvents { before_ms, span_ms } => events = events.max(Some((*before_ms, *span_ms))),
            Command::Put(_) | Command::Delete(_) => {}
        }
    }
    let mut statements = Vec::new();
    if !(runs.is_empty() && executions.is_empty()) {
        let params = vec![Param::Ids(runs), Param::Ids(executions)];
        statements.push(Statement { sql: Arc::from(include_str!("sql/remove.sql")), params });
    }
    if let Some((before_ms, span_ms)) = events {
        let params = vec![Param::Int(before_ms), Param::Int(span_ms.max(1)), Param::Int(now_ms)];
        statements
            .push(Statement { sql: Arc::from("SELECT 1 FROM forget_events($1::bigint, $2::bigint, $3::bigint)"), params });
    }
    statements
}

#[cfg(test)]
mod tests {
    use levada_store::conformance::random;

    use super::*;

    #[test]
    fn numbers_of_the_next_transaction_are_not_given_out() {
        let mut event = random::state(1, 0).events.into_values().next().unwrap();
        for (id, fits) in [(NUMBERS_MAX + 6, true), (NUMBERS_MAX + 7, false)] {
            event.id = id;
            assert_eq!(numbers_fit(&[Command::Put(event.clone().into())], 7), fits);
        }
    }

    #[test]
    fn the_last_word_on_a_row_is_written_and_a_kept_row_stays() {
        let state = random::state(1, 0);
        let mark = state.marks.into_values().next().unwrap();
        let later = levada_store::rows::Mark { made_ms: mark.made_ms + 1, ..mark.clone() };
        let statement = rows(&[Command::Put(mark.into()), Command::Put(later.clone().into())], &Known::default(), false);
        let Param::Big(made) = &statement.params[3] else { panic!("{:?}", statement.params) };
        assert_eq!(made, &[Some(later.made_ms)], "one row, the later one");
        let route = state.routes.into_values().next().unwrap();
        let other = levada_store::rows::Route { lane: "other".to_owned(), ..route.clone() };
        let statement = rows(&[Command::Put(route.clone().into()), Command::Put(other.into())], &Known::default(), false);
        let Param::Words(lanes) = &statement.params[2] else { panic!("{:?}", statement.params) };
        assert_eq!(lanes, &[Some(route.lane)]);
    }
}
