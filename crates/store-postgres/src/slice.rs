//! A slice as it comes from the server: rows of all tables in one result, and facts about them.
//!
//! Every row is `(number of the table, record)` and is decoded by the table's metadata; a negative number is a [`Fact`]. Not here:
//! which rows (see `load`).

use std::collections::BTreeSet;

use levada_base::{Error, codes};
use levada_store::alphabets::Phase;
use levada_store::value::Value;
use levada_store::{Count, ExecutionId, Record, RunId, State, TABLES};
use tokio_postgres::Row;

use crate::counts::counted;
use crate::record::{self, Raw};

/// What is said about a slice besides its rows; the number stands where a row's table would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum Fact {
    /// Store time and the first free number.
    Moment = -1,
    LockedRun = -2,
    WholeRun = -3,
    Candidate = -4,
    /// A lane and how many are active in it.
    Active = -5,
    LockedGroup = -6,
    LockedExecution = -7,
    /// An execution that is looked at without lock.
    Seen = -8,
    /// A group that is looked at for cancelling, and how many of its upstreams are spared.
    Spared = -9,
    /// How many rows a page would have with one more than its limit.
    Paged = -10,
    /// A call, by its number, that a statement did as a whole; an execution that it wrote.
    Done = -11,
    Wrote = -12,
    /// A gauge, its label if it has one, and how many.
    Counted = -13,
}

impl Fact {
    /// Every fact and its word in templates.
    pub const ALL: &[(Self, &'static str)] = &[
        (Self::Moment, "moment_at"),
        (Self::LockedRun, "locked_run"),
        (Self::WholeRun, "whole_run"),
        (Self::Candidate, "candidate"),
        (Self::Active, "active"),
        (Self::LockedGroup, "locked_group"),
        (Self::LockedExecution, "locked_execution"),
        (Self::Seen, "seen"),
        (Self::Spared, "spared"),
        (Self::Paged, "paged"),
        (Self::Done, "done"),
        (Self::Wrote, "wrote"),
        (Self::Counted, "counted"),
    ];
}

/// A slice in the making.
#[derive(Debug, Default)]
pub struct Slice {
    pub state: State,
    pub paged: i64,
    pub counts: Vec<Count>,
    /// Calls that the statement did, and executions that it wrote.
    pub done: BTreeSet<usize>,
    pub wrote: BTreeSet<ExecutionId>,
    locked_groups: BTreeSet<ExecutionId>,
    locked_executions: BTreeSet<ExecutionId>,
    seen: BTreeSet<ExecutionId>,
}

impl Slice {
    /// Takes in a row of a result.
    ///
    /// # Errors
    /// `LV-T710` for a value outside its alphabet.
    pub fn take(&mut self, row: &Row) -> Result<(), Error> {
        let number: i16 = row.try_get(0).map_err(undecodable)?;
        let raw: Raw<'_> = row.try_get(1).map_err(undecodable)?;
        let values = record::values(raw.0)?;
        match usize::try_from(number).ok().and_then(|number| TABLES.get(number)) {
            Some(table) => {
                let id = format_key(&values, table.key);
                let record = Record::read(table.name, values).map_err(|bad| damaged(table.name, &id, &bad))?;
                self.state.put(record);
            }
            None => self.fact(number, &values),
        }
        Ok(())
    }

    fn fact(&mut self, number: i16, values: &[Value]) {
        let fact = Fact::ALL.iter().map(|(fact, _)| *fact).find(|fact| *fact as i16 == number);
        match (fact, values) {
            (Some(Fact::Moment), [Value::Int(now_ms), Value::Int(seq)]) => {
                self.state.now_ms = self.state.now_ms.max(*now_ms);
                self.state.seq = self.state.seq.max(*seq);
            }
            (Some(Fact::LockedRun), [Value::Id(id)]) => drop(self.state.locked_runs.insert(RunId(*id))),
            (Some(Fact::WholeRun), [Value::Id(id)]) => drop(self.state.whole_runs.insert(RunId(*id))),
            (Some(Fact::Candidate), [Value::Id(id)]) => drop(self.state.candidates.insert(ExecutionId(*id))),
            (Some(Fact::LockedGroup), [Value::Id(id)]) => drop(self.locked_groups.insert(ExecutionId(*id))),
            (Some(Fact::LockedExecution), [Value::Id(id)]) => drop(self.locked_executions.insert(ExecutionId(*id))),
            (Some(Fact::Seen), [Value::Id(id)]) => drop(self.seen.insert(ExecutionId(*id))),
            (Some(Fact::Active), [Value::Text(lane), Value::Int(count)]) => {
                self.state.active_in_lane.insert(lane.clone(), *count);
            }
            (Some(Fact::Paged), [Value::Int(count)]) => self.paged = *count,
            (Some(Fact::Done), [Value::Int(call)]) => self.done.extend(usize::try_from(*call)),
            (Some(Fact::Wrote), [Value::Id(id)]) => drop(self.wrote.insert(ExecutionId(*id))),
            (Some(Fact::Counted), [Value::Text(gauge), label, Value::Int(value)]) => {
                self.counts.extend(counted(gauge, label, *value))
            }
            (Some(Fact::Spared), [Value::Id(group), Value::Int(count)]) => {
                self.state.spared.insert(ExecutionId(*group), *count);
            }
            _ => {}
        }
    }

    /// Whether the rows that were loaded are those that were locked just before. They are not if the graph changed in between:
    /// then the transaction is begun again. Groups count only where the scope locks all of them.
    pub fn is_held(&self, executions: bool, groups: bool) -> bool {
        let runs = self.state.whole_runs.is_subset(&self.state.locked_runs);
        let groups = !groups || self.state.groups.keys().all(|id| self.locked_groups.contains(id));
        let open = self.state.executions.values().filter(|row| row.phase != Phase::Ended);
        let is_held = |id| self.locked_executions.contains(&id) || self.seen.contains(&id);
        let executions = !executions || open.map(|row| row.id).all(is_held);
        runs && groups && executions
    }
}

fn format_key(values: &[Value], key: usize) -> String {
    values.iter().take(key).map(Value::to_string).collect::<Vec<_>>().join("/")
}

pub fn damaged(table: &str, id: &str, bad: &levada_store::value::BadValue) -> Error {
    Error::new(codes::LV_T710, format!("{table}.{} of {id} holds {}", bad.column, bad.found))
        .with_hint("restore the row from a backup, and report it: only a defect or another program writes such a value")
}

pub fn undecodable(cause: tokio_postgres::Error) -> Error {
    Error::internal("a result of the server has another shape than its statement").caused_by(cause)
}
