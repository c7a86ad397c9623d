//! A statement: SQL with named parameters, made from a template.
//!
//! Templates name rows and parameters; what they become is written here once, from the tables' own metadata, so that a new column
//! needs no change in any statement. Between braces stand
//!
//! - a table and an alias: the row, after the number of its table (`{run r}`); `{bare t a}` without bytes, `{small t a}` with bytes
//!   up to [`levada_store::SLICE_BYTES_MAX`];
//! - a fact about the slice and its values (`{locked_run r.id}`), see [`Fact`];
//! - `{known x}`: the executions of `x` with last attempt, policy, route and run;
//! - `{each t a condition}`: of every row before, the rows of a table that fit it, found one row after the other; `{maybe …}` keeps
//!   rows for which there is none. A plan is made once and stays: left to itself the server may well read a whole index in place of
//!   looking up some keys, if the table was small when the plan was made;
//! - `{sound t a}`: whether the row's small integers are words of their alphabets, so that it can be read;
//! - `{lock}`, `{skip}`: locking clauses, which are empty for reads without locks; `{now}`: store time; `{moment}`: the slice's time.
//!
//! `$name` is a parameter. Not here: what the statements mean, and who runs them.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use levada_store::value::Kind;
use levada_store::{SLICE_BYTES_MAX, TABLES};
use parking_lot::Mutex;

use crate::param::Param;
use crate::slice::Fact;

/// Whether rows are locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Write,
    Read,
}

/// SQL and the values of its parameters, `$1` first.
#[derive(Debug)]
pub struct Statement {
    pub sql: Arc<str>,
    pub params: Vec<Param>,
}

/// SQL by whether it locks and by its template.
type Expanded = HashMap<(bool, String), Arc<str>>;

/// A template and the values that it names.
#[derive(Debug, Clone, Default)]
pub struct Fragment {
    pub template: String,
    pub params: Vec<(&'static str, Param)>,
}

impl Fragment {
    pub fn new(template: impl Into<String>, params: Vec<(&'static str, Param)>) -> Self {
        Self { template: template.into(), params }
    }

    /// The same with another arm; a parameter that both name is the same one.
    pub fn union(&mut self, arm: Self) {
        if self.template.is_empty() {
            self.template = arm.template;
        } else {
            let _ = write!(self.template, "\nUNION ALL\n{}", arm.template);
        }
        for (name, param) in arm.params {
            if self.params.iter().all(|(known, _)| *known != name) {
                self.params.push((name, param));
            }
        }
    }

    pub fn statement(self, mode: Mode) -> Statement {
        static EXPANDED: LazyLock<Mutex<Expanded>> = LazyLock::new(Mutex::default);
        let key = (mode == Mode::Write, self.template);
        let known = EXPANDED.lock().get(&key).cloned();
        let sql = known.unwrap_or_else(|| {
            let sql: Arc<str> = numbered(&expanded(&key.1, mode), &self.params).into();
            EXPANDED.lock().insert(key, Arc::clone(&sql));
            sql
        });
        Statement { sql, params: self.params.into_iter().map(|(_, param)| param).collect() }
    }
}

/// The words in braces replaced. Replacements may hold braces themselves.
fn expanded(template: &str, mode: Mode) -> String {
    let mut out = String::with_capacity(template.len() * 4);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (word, after) = after.split_once('}').unwrap_or((after, ""));
        let replaced = replacement(word, mode);
        if replaced.contains('{') {
            out.push_str(&expanded(&replaced, mode));
        } else {
            out.push_str(&replaced);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn replacement(word: &str, mode: Mode) -> String {
    let (first, rest) = word.split_once(char::is_whitespace).unwrap_or((word, ""));
    let write = mode == Mode::Write;
    match (first, rest) {
        ("lock", _) => if write { "FOR UPDATE" } else { "" }.to_owned(),
        ("skip", _) => if write { "FOR UPDATE SKIP LOCKED" } else { "" }.to_owned(),
        ("now", _) => "coalesce($now, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)".to_owned(),
        // A transaction takes a number, which a read must not.
        ("moment", _) if write => {
            "{moment_at {now}, nextval('transaction_number') << 24}".replace("{now}", &replacement("now", mode))
        }
        ("moment", _) => "{moment_at {now}, (SELECT (last_value + 1) << 24 FROM transaction_number)}"
            .replace("{now}", &replacement("now", mode)),
        ("known", x) => KNOWN.replace("{x}", x),
        ("each", looked_up) => format!("CROSS JOIN LATERAL {}", lookup(looked_up)),
        ("maybe", looked_up) => format!("LEFT JOIN LATERAL {} ON true", lookup(looked_up)),
        ("sound", rest) => sound(rest),
        ("bare", rest) => row(rest, |column| (column == "bytes").then(|| "''::bytea".to_owned())),
        ("small", rest) => {
            let alias = rest.rsplit(' ').next().unwrap_or_default();
            let small = format!("CASE WHEN {alias}.length <= {SLICE_BYTES_MAX} THEN {alias}.bytes ELSE ''::bytea END");
            row(rest, |column| (column == "bytes").then(|| small.clone()))
        }
        (name, values) => match Fact::ALL.iter().find(|(_, known)| *known == name) {
            Some((fact, _)) => format!("({})::int2, ROW({values})", *fact as i16),
            None => row(word, |_| None),
        },
    }
}

const KNOWN: &str = "SELECT {execution {x}} FROM {x}
UNION ALL SELECT {attempt a} FROM {x} {each attempt a execution_id = {x}.id AND attempt_no = {x}.attempt_no}
UNION ALL SELECT {policy p} FROM (SELECT DISTINCT policy_id AS id FROM {x}) u {each policy p id = u.id}
UNION ALL SELECT {route r} FROM (SELECT DISTINCT route_id AS id FROM {x}) u {each route r id = u.id}
UNION ALL SELECT {run r} FROM (SELECT DISTINCT run_id AS id FROM {x}) u {each run r id = u.id}";

/// The rows of a table that fit a condition. The offset keeps the server from joining them in another order.
fn lookup(table_alias_condition: &str) -> String {
    let mut words = table_alias_condition.splitn(3, ' ');
    let (table, alias, condition) = (words.next(), words.next(), words.next());
    let [table, alias, condition] = [table, alias, condition].map(Option::unwrap_or_default);
    format!("(SELECT * FROM {table} WHERE {condition} OFFSET 0) {alias}")
}

fn sound(table_and_alias: &str) -> String {
    let (name, alias) = table_and_alias.split_once(' ').unwrap_or((table_and_alias, table_and_alias));
    let columns = TABLES.iter().filter(|table| table.name == name).flat_map(|table| table.columns);
    let words = columns.filter(|column| column.words > 0);
    let known: Vec<_> =
        words.map(|column| format!("{alias}.\"{}\" BETWEEN 0 AND {}", column.name, column.words.saturating_sub(1))).collect();
    // Of a column that is null nothing is known, which is not false.
    format!("(({}) IS NOT FALSE)", known.join(" AND "))
}

/// `table alias` as the number of the table and the row's columns in their order.
fn row(table_and_alias: &str, instead: impl Fn(&str) -> Option<String>) -> String {
    let (name, alias) = table_and_alias.split_once(' ').unwrap_or((table_and_alias, table_and_alias));
    let Some((number, table)) = (0_i16..).zip(TABLES).find(|(_, table)| table.name == name) else {
        return format!("unknown_table_{name}");
    };
    let column = |column: &str| instead(column).unwrap_or_else(|| format!("{alias}.\"{column}\""));
    let columns: Vec<_> = table.columns.iter().map(|known| column(known.name)).collect();
    format!("({number})::int2, ROW({})", columns.join(", "))
}

/// Named parameters as numbers with their types.
fn numbered(sql: &str, params: &[(&'static str, Param)]) -> String {
    let mut out = String::with_capacity(sql.len() + 16 * params.len());
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let end = after.find(|symbol: char| !symbol.is_ascii_alphanumeric() && symbol != '_').unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        match (1..).zip(params).find(|(_, (known, _))| *known == name) {
            Some((number, (_, param))) => drop(write!(out, "${number}::{}", param.type_name())),
            None => drop(write!(out, "${name}")),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// A column's type as a parameter.
pub fn sql_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Small => "smallint",
        Kind::Int => "bigint",
        Kind::Id => "uuid",
        Kind::Text => "text",
        Kind::Bytes => "bytea",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_becomes_sql() {
        let mut fragment =
            Fragment::new("SELECT {mark m} FROM mark m WHERE m.run_id = ANY($ids)", vec![("ids", Param::Ids(vec![]))]);
        fragment.union(Fragment::new(
            "SELECT {locked_run r.id} FROM run r WHERE r.id = ANY($ids) {lock}",
            vec![("ids", Param::Ids(vec![]))],
        ));
        let sql = fragment.statement(Mode::Write).sql;
        let mark = TABLES.iter().position(|table| table.name == "mark").unwrap();
        assert_eq!(
            &*sql,
            format!(
                "SELECT ({mark})::int2, ROW(m.\"execution_id\", m.\"run_id\", m.\"generation\", m.\"made_ms\", m.\"seq\") FROM mark m \
                 WHERE m.run_id = ANY($1::uuid[])\nUNION ALL\nSELECT ({})::int2, ROW(r.id) FROM run r WHERE r.id = ANY($1::uuid[]) \
                 FOR UPDATE",
                Fact::LockedRun as i16
            )
        );
    }

    #[test]
    fn a_read_neither_locks_nor_counts() {
        let fragment = Fragment::new("SELECT {moment} FROM run {skip}", vec![("now", Param::Time(None))]);
        let sql = fragment.statement(Mode::Read).sql;
        assert!(!sql.contains("UPDATE") && !sql.contains("nextval") && !sql.contains('{'), "{sql}");
    }
}
