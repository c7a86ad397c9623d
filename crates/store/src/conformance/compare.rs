//! What two states differ in, said so that one can act on it.

use std::collections::BTreeMap;

use super::Verdict;
use crate::state::{Record, State};
use crate::value::Value;

/// Differences that are listed; the rest is counted.
const LISTED_MAX: usize = 4;

/// Fails with `what` unless the condition holds.
pub(super) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(what()) }
}

/// Fails unless both are equal.
pub(super) fn equal<T: PartialEq + std::fmt::Debug>(what: &str, expected: &T, found: &T) -> Verdict {
    ensure(expected == found, || format!("{what}: expected {expected:?}, found {found:?}"))
}

/// Fails unless both hold the same rows.
pub(super) fn same_rows(what: &str, expected: &State, found: &State) -> Verdict {
    let (expected, found) = (by_key(expected), by_key(found));
    let missing =
        expected.iter().filter(|(key, _)| !found.contains_key(*key)).map(|(_, row)| format!("missing: {}", shown(row)));
    let extra =
        found.iter().filter(|(key, _)| !expected.contains_key(*key)).map(|(_, row)| format!("not expected: {}", shown(row)));
    let other = expected.iter().filter_map(|(key, row)| changed(row, found.get(key)?));
    let all: Vec<_> = missing.chain(extra).chain(other).collect();
    ensure(all.is_empty(), || {
        let listed = all.iter().take(LISTED_MAX).cloned().collect::<Vec<_>>().join("\n  ");
        format!("{what}: {} rows differ\n  {listed}", all.len())
    })
}

/// Fails unless both are the same slice: rows, locks, whole runs, candidates, active executions per lane.
pub(super) fn same_slice(what: &str, expected: &State, found: &State) -> Verdict {
    same_rows(what, expected, found)?;
    equal(&format!("{what}: locked runs"), &expected.locked_runs, &found.locked_runs)?;
    equal(&format!("{what}: whole runs"), &expected.whole_runs, &found.whole_runs)?;
    equal(&format!("{what}: candidates"), &expected.candidates, &found.candidates)?;
    equal(&format!("{what}: active in lanes"), &expected.active_in_lane, &found.active_in_lane)?;
    equal(&format!("{what}: spared siblings"), &expected.spared, &found.spared)
}

fn by_key(state: &State) -> BTreeMap<(&'static str, Vec<Value>), Record> {
    state.records().map(|record| ((record.table().name, key_values(&record)), record)).collect()
}

/// The values of a record's key.
pub(super) fn key_values(record: &Record) -> Vec<Value> {
    let mut values = record.values();
    values.truncate(record.table().key);
    values
}

fn shown(record: &Record) -> String {
    format!("{} {:?}", record.table().name, key_values(record))
}

/// The columns in which two rows of one key differ.
fn changed(expected: &Record, found: &Record) -> Option<String> {
    let columns = expected.table().columns.iter().map(|column| column.name);
    let values = expected.values().into_iter().zip(found.values());
    let differing = columns.zip(values).filter(|(_, (expected, found))| expected != found);
    let said: Vec<_> =
        differing.map(|(name, (expected, found))| format!("{name} {} for {}", brief(&found), brief(&expected))).collect();
    (!said.is_empty()).then(|| format!("{}: {}", shown(expected), said.join(", ")))
}

fn brief(value: &Value) -> String {
    match value {
        Value::Bytes(bytes) if bytes.len() > 40 => format!("{} bytes", bytes.len()),
        other => format!("{other:?}"),
    }
}
