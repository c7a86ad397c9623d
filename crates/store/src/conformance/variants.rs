//! Rows of every table that use every word of every alphabet, nulls, long texts and large numbers; and rows that changed.

use super::Dice;
use super::compare::key_values;
use super::random::TEXTS;
use crate::check::check;
use crate::state::{Command, Record, State};
use crate::value::{Column, Kind, Value};

/// More words than the widest alphabet has.
const WORDS_MAX: i64 = 64;
/// Times far beyond 32 bits, but not so far that adding a span to one overflows.
const LATE_MS: i64 = (1 << 53) + 1;

/// Rows like `record`, each under a key of its own, with one column set to each value that it must be able to hold. What V-1 … V-6
/// refuse is left out.
pub(super) fn variants(record: &Record, dice: &mut Dice) -> Vec<Record> {
    let table = record.table();
    let mut found = Vec::new();
    for (at, column) in table.columns.iter().enumerate().skip(table.key) {
        for value in candidates(table.name, column) {
            let mut values = record.values();
            values[at] = value;
            renamed(record, &mut values, dice);
            let Ok(variant) = Record::read(table.name, values) else { continue };
            if check(&State::default(), &Command::Put(variant.clone())).is_ok() {
                found.push(variant);
            }
        }
    }
    found
}

/// Gives a row a key that no other row has, and a name where names are unique.
fn renamed(record: &Record, values: &mut [Value], dice: &mut Dice) {
    let table = record.table();
    for (at, column) in table.columns.iter().enumerate() {
        let is_key = at < table.key && column.kind != Kind::Small;
        match (&record, column.name, column.kind) {
            // Numbered by the transaction.
            (Record::Event(_), "id", _) => {}
            (Record::Execution(_) | Record::Schedule(_), "name", _) => values[at] = unique_text(dice),
            (_, _, Kind::Id) if is_key => values[at] = Value::Id(dice.id()),
            (_, _, Kind::Int) if is_key => values[at] = Value::Int(dice.below(1 << 30)),
            (_, _, Kind::Text) if is_key => values[at] = unique_text(dice),
            _ => {}
        }
    }
}

fn unique_text(dice: &mut Dice) -> Value {
    Value::Text(format!("{} {:x}", dice.pick(TEXTS), dice.bits()))
}

/// What a column must be able to hold, as far as its own type goes.
fn candidates(table: &str, column: &Column) -> Vec<Value> {
    let mut values = match column.kind {
        Kind::Small => (0..WORDS_MAX).map(Value::Int).collect(),
        Kind::Int if (table, column.name) == ("event", "at_ms") => Vec::new(),
        Kind::Int if column.name.ends_with("_ms") => vec![Value::Int(0), Value::Int(LATE_MS)],
        Kind::Int if column.name.ends_with("_id") || column.name.ends_with("digest") => {
            vec![Value::Int(i64::MIN), Value::Int(-1), Value::Int(i64::MAX)]
        }
        // Columns with a range of their own; the numbers of a row are compared with each other by V-5.
        Kind::Int if matches!(column.name, "priority" | "permille" | "seq") => {
            vec![Value::Int(0), Value::Int(1), Value::Int(1_000)]
        }
        Kind::Int => vec![Value::Int(0), Value::Int(1), Value::Int(i64::from(i32::MAX))],
        Kind::Id => vec![Value::Id(0), Value::Id(1), Value::Id(u128::MAX)],
        Kind::Text => {
            TEXTS.iter().map(|text| Value::Text((*text).to_owned())).chain([Value::Text("ß".repeat(3_000))]).collect()
        }
        Kind::Bytes => vec![Value::Bytes(Vec::new()), Value::Bytes((0..=255).collect()), Value::Bytes(vec![0xA5; 1 << 20])],
    };
    if column.nullable {
        values.push(Value::Null);
    }
    values
}

/// The row of `record`'s key with the fields of `donor`, another row of the same table; what never changes or never falls is kept.
pub(super) fn changed(record: &Record, donor: &Record) -> Record {
    let kept: &[&str] = match record {
        Record::Attempt(_) => &["state"],
        _ => &["run_id", "name", "seq", "condition_key"],
    };
    let table = record.table();
    let mut values = key_values(record);
    for (at, column) in table.columns.iter().enumerate().skip(table.key) {
        let from = if kept.contains(&column.name) { record } else { donor };
        values.push(from.values()[at].clone());
    }
    match (record, Record::read(table.name, values)) {
        (Record::Execution(before), Ok(Record::Execution(mut row))) => {
            row.fence = row.fence.max(before.fence);
            row.generation = row.generation.max(before.generation);
            Record::Execution(row)
        }
        (_, Ok(row)) => row,
        // Every column came from a row of the same table.
        (_, Err(_)) => record.clone(),
    }
}

/// A state like `state` in which many rows changed: the fields of one row moved to another.
#[must_use]
pub fn mutated(state: &State, seed: u64) -> State {
    let mut dice = Dice::new(seed);
    let records: Vec<_> = state.records().filter(|record| !record.table().insert_only).collect();
    let mut later = state.clone();
    for record in &records {
        let same: Vec<_> = records.iter().filter(|other| other.table() == record.table()).cloned().collect();
        if dice.chance(40) {
            later.put(changed(record, dice.pick(&same)));
        }
    }
    later
}
