//! What changes of rows that a transaction loaded: only these columns are written.
//!
//! An update that names a column has all of the column's indexes written anew, whether its value is another one or not; most writes
//! change a few columns of a row that many indexes lead to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use levada_store::value::{Table, Value};
use levada_store::{RecordKey, State};
use parking_lot::Mutex;

/// The rows as they were loaded, but for those that this transaction has written since.
pub(crate) struct Before<'a> {
    rows: &'a State,
    written: BTreeSet<RecordKey>,
    /// Something was removed that these rows may be a part of.
    is_over: bool,
}

impl<'a> Before<'a> {
    pub(crate) fn new(rows: &'a State) -> Self {
        Self { rows, written: BTreeSet::new(), is_over: false }
    }

    /// What a row changes; none if it is not known how it is stored.
    pub(crate) fn changed(&mut self, key: &RecordKey, values: &[Value]) -> Option<Changed> {
        if self.is_over || !self.written.insert(key.clone()) {
            return None;
        }
        let before = self.rows.values_of(key)?;
        let differs = |(index, (before, now)): (usize, (&Value, &Value))| (before != now).then_some(1_u64 << index);
        Some(Changed(before.iter().zip(values).enumerate().filter_map(differs).sum()))
    }

    /// A row that is removed one by one.
    pub(crate) fn forget(&mut self, key: &RecordKey) {
        self.written.insert(key.clone());
    }

    pub(crate) fn forget_all(&mut self) {
        self.is_over = true;
    }
}

/// Columns of a table, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Changed(u64);

/// The statement for each set of columns of a table that was ever changed together. The rules change few of them.
static UPDATES: LazyLock<Mutex<BTreeMap<(&'static str, u64), &'static str>>> = LazyLock::new(Mutex::default);

impl Changed {
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn names(self, index: usize) -> bool {
        self.0 & (1 << index) != 0
    }

    /// Of the values of a row these, then its key's: the parameters of the statement.
    pub(crate) fn values<'v>(self, table: &Table, values: &'v [Value]) -> impl Iterator<Item = &'v Value> {
        let changed = values.iter().enumerate().filter(move |(index, _)| self.names(*index)).map(|(_, value)| value);
        changed.chain(&values[..table.key])
    }

    /// The update of these columns.
    pub(crate) fn statement(self, table: &'static Table) -> &'static str {
        UPDATES.lock().entry((table.name, self.0)).or_insert_with(|| {
            let set = table.columns.iter().enumerate().filter(|(index, _)| self.names(*index));
            let set: Vec<_> = set.map(|(_, column)| format!("\"{}\" = ?", column.name)).collect();
            let same: Vec<_> = table.columns[..table.key].iter().map(|column| format!("\"{}\" = ?", column.name)).collect();
            // Kept for as long as the program, as the other statements are.
            String::leak(format!("UPDATE \"{}\" SET {} WHERE {}", table.name, set.join(", "), same.join(" AND ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use levada_store::conformance::samples::ready;
    use levada_store::{ExecutionId, Record, TABLES};

    use super::*;

    #[test]
    fn every_column_has_a_bit() {
        assert!(TABLES.iter().all(|table| table.columns.len() <= 64));
    }

    #[test]
    fn a_row_is_compared_once_and_only_while_nothing_else_may_have_changed_it() {
        let mut rows = State::default();
        let before = ready(1, 1);
        rows.put(before.clone().into());
        let after = Record::Execution(levada_store::rows::Execution { priority: before.priority + 1, ..before });
        let (key, values) = (after.key(), after.values());
        let mut loaded = Before::new(&rows);
        let changed = loaded.changed(&key, &values).expect("it was loaded");
        assert_eq!(changed.statement(after.table()), "UPDATE \"execution\" SET \"priority\" = ? WHERE \"id\" = ?");
        assert_eq!(
            changed.values(after.table(), &values).collect::<Vec<_>>(),
            [&Value::Int(before_priority(&rows) + 1), &values[0]]
        );
        assert_eq!(loaded.changed(&key, &values), None, "a second write is on top of the first");
        assert_eq!(Before::new(&State::default()).changed(&key, &values), None);
        let mut removed = Before::new(&rows);
        removed.forget(&key);
        assert_eq!(removed.changed(&key, &values), None);
        let mut emptied = Before::new(&rows);
        emptied.forget_all();
        assert_eq!(emptied.changed(&key, &values), None);
    }

    fn before_priority(rows: &State) -> i64 {
        i64::from(rows.executions[&ExecutionId(1)].priority)
    }
}
