//! The state that rules decide on, and the commands that change it.
//!
//! A [`State`] is either everything (the in-memory store, a dump) or a slice: the rows that a [`crate::Scope`] names, locked. The
//! commands of one decision become one transaction; [`apply`] is what they mean.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::check::{RuleViolation, check};
use crate::ids::{ExecutionId, RunId};
use crate::row_map::RowMap;
use crate::rows::{
    Attempt, CancelPending, Condition, Edge, EngineNode, Event, Execution, Group, Input, Lane, Mark, Pin, Policy, Progress,
    RequestKey, ResultRow, Route, Row, Run, Schedule, ScheduleFire, Tag, WorkerRow,
};
use crate::value::{BadValue, Table, Value};

macro_rules! tables {
    ($($Row:ident $rows:ident,)*) => {
        /// Rows by key, table by table, and the moment at which they are looked at.
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct State {
            /// Store time, read after the locks are held.
            pub now_ms: i64,
            /// The next free number for creation order and events, at least 1; every later transaction's is greater.
            pub seq: i64,
            /// Runs whose row is locked: only these may be written.
            pub locked_runs: BTreeSet<RunId>,
            /// Runs of which every member, edge, group, condition, pin and mark is here.
            pub whole_runs: BTreeSet<RunId>,
            /// Executions that a claim may take: locked, runnable, without hold.
            pub candidates: BTreeSet<ExecutionId>,
            /// Executions that an earlier call of the same transaction wrote: what was not loaded with them is not known of them.
            pub in_turn: BTreeSet<ExecutionId>,
            /// Active executions per lane that has a limit.
            pub active_in_lane: BTreeMap<String, i64>,
            /// Per group that is looked at for cancelling: upstreams that live because another open group needs them.
            pub spared: BTreeMap<ExecutionId, i64>,
            $(pub $rows: RowMap<<$Row as Row>::Key, $Row>,)*
        }

        /// A row of any table.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Record { $($Row($Row),)* }

        /// The key of a row of any table.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum RecordKey { $($Row(<$Row as Row>::Key),)* }

        /// All tables, in the order in which a transaction writes them.
        pub const TABLES: &[&Table] = &[$($Row::TABLE),*];

        $(impl From<$Row> for Record {
            fn from(row: $Row) -> Self {
                Self::$Row(row)
            }
        })*

        impl Record {
            /// The table of the row.
            #[must_use]
            pub fn table(&self) -> &'static Table {
                match self { $(Self::$Row(_) => $Row::TABLE,)* }
            }

            /// The fields in the order of the table's columns.
            #[must_use]
            pub fn values(&self) -> Vec<Value> {
                match self { $(Self::$Row(row) => row.values(),)* }
            }

            /// The key of the row.
            #[must_use]
            pub fn key(&self) -> RecordKey {
                match self { $(Self::$Row(row) => RecordKey::$Row(row.key()),)* }
            }

            /// A row of the named table.
            ///
            /// # Errors
            /// The first column whose value the row cannot hold, or a table that is not one of [`TABLES`].
            pub fn read(table: &str, values: Vec<Value>) -> Result<Self, BadValue> {
                $(if table == $Row::TABLE.name {
                    return $Row::read(values).map(Self::$Row);
                })*
                Err(BadValue { column: "table", found: table.to_owned() })
            }
        }

        impl RecordKey {
            /// The table of the row.
            #[must_use]
            pub fn table(&self) -> &'static Table {
                match self { $(Self::$Row(_) => $Row::TABLE,)* }
            }

            /// The key's values in the order of the table's first columns.
            #[must_use]
            pub fn values(&self) -> Vec<Value> {
                match self { $(Self::$Row(key) => $Row::key_values(key),)* }
            }
        }

        impl State {
            /// Puts a row in, whatever was there.
            pub fn put(&mut self, record: Record) {
                match record { $(Record::$Row(row) => { self.$rows.insert(row.key(), row); })* }
            }

            /// Takes a row out.
            pub fn remove(&mut self, key: &RecordKey) {
                match key { $(RecordKey::$Row(key) => { self.$rows.remove(key); })* }
            }

            /// Whether a row of this key is there.
            #[must_use]
            pub fn has(&self, key: &RecordKey) -> bool {
                match key { $(RecordKey::$Row(key) => self.$rows.contains_key(key),)* }
            }

            /// The fields of the row of this key, in the order of the table's columns.
            #[must_use]
            pub fn values_of(&self, key: &RecordKey) -> Option<Vec<Value>> {
                match key { $(RecordKey::$Row(key) => self.$rows.get(key).map(Row::values),)* }
            }

            /// All rows, table by table, each in the order of its keys.
            pub fn records(&self) -> impl Iterator<Item = Record> + '_ {
                std::iter::empty()$(.chain(self.$rows.values().cloned().map(Record::$Row)))*
            }

            /// The commands that lead from `self` to `later`, table by table, removals last. Both must be of the same scope, and no row of an
            /// insert-only table may be in both in different forms.
            #[must_use]
            pub fn commands_to(&self, later: &Self) -> Vec<Command> {
                let mut commands = Vec::new();
                $(changes(&self.$rows, &later.$rows, &mut commands);)*
                $(commands.extend(removed(&self.$rows, &later.$rows).map(|key| Command::Delete(RecordKey::$Row(key))));)*
                commands
            }

            /// Adds the rows of another slice of the same moment.
            pub fn merge(&mut self, other: Self) {
                self.now_ms = self.now_ms.max(other.now_ms);
                self.seq = self.seq.max(other.seq);
                self.locked_runs.extend(other.locked_runs);
                self.whole_runs.extend(other.whole_runs);
                self.candidates.extend(other.candidates);
                self.in_turn.extend(other.in_turn);
                self.active_in_lane.extend(other.active_in_lane);
                self.spared.extend(other.spared);
                $(self.$rows.extend(other.$rows);)*
            }
        }
    };
}

tables! {
    Execution executions,
    Attempt attempts,
    Mark marks,
    CancelPending cancel_pending,
    Run runs,
    Edge edges,
    Group groups,
    Condition conditions,
    Pin pins,
    Input inputs,
    ResultRow results,
    Policy policies,
    Route routes,
    Tag tags,
    Progress progress,
    RequestKey request_keys,
    Lane lanes,
    WorkerRow workers,
    EngineNode engine_nodes,
    Schedule schedules,
    ScheduleFire schedule_fires,
    Event events,
}

/// One durable effect. A list of them is one transaction.
#[expect(clippy::large_enum_variant, reason = "nearly every command of a list is a row that is put")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// The row is as given from now on; new or changed.
    Put(Record),
    /// The row is gone.
    Delete(RecordKey),
    /// Everything about a run and its members is gone, but for events and request keys, which are remembered for their own time. If a
    /// schedule began it, the fires up to then whose runs are gone go with it, but for the schedule's latest: no nominal time begins
    /// a second run.
    DeleteRun(RunId),
    /// Everything about a stand-alone execution is gone, but for events and request keys.
    DeleteExecution(ExecutionId),
    /// Events before a moment are gone. A store that keeps events in parts by time makes the next parts so long, beginning at multiples
    /// of it, so that a multiple as the moment drops them whole.
    ForgetEvents { before_ms: i64, span_ms: i64 },
}

impl State {
    /// The slice as a node sees it that serves some namespaces only: runs and executions of others do not exist for it.
    #[must_use]
    pub fn of_namespaces(&self, names: &[String]) -> Self {
        let serves = |name: &String| names.contains(name);
        let mut own = self.clone();
        own.runs.retain(|_, run| serves(&run.namespace));
        own.executions.retain(|_, execution| serves(&execution.namespace));
        own.schedules.retain(|_, schedule| serves(&schedule.namespace));
        own.candidates.retain(|id| own.executions.contains_key(id));
        own.locked_runs.retain(|id| own.runs.contains_key(id));
        own.whole_runs.retain(|id| own.runs.contains_key(id));
        own
    }
}

fn changes<R: Row + Into<Record>>(before: &RowMap<R::Key, R>, after: &RowMap<R::Key, R>, commands: &mut Vec<Command>) {
    let changed = before.changes_to(after).filter_map(|(_, row)| row);
    commands.extend(changed.map(|row| Command::Put(row.clone().into())));
}

fn removed<'a, R: Row>(before: &'a RowMap<R::Key, R>, after: &'a RowMap<R::Key, R>) -> impl Iterator<Item = R::Key> + 'a {
    before.changes_to(after).filter(|(_, row)| row.is_none()).map(|(key, _)| key.clone())
}

/// What a command means. Pure; it is what the in-memory store runs.
///
/// # Errors
/// A row that breaks a rule every store enforces (V-1 … V-6), or a write to a run that is not locked. Then nothing is changed.
pub fn apply(state: &mut State, command: &Command) -> Result<(), RuleViolation> {
    check(state, command)?;
    match command {
        Command::Put(record) => {
            let insert_only = record.table().insert_only;
            if let Record::Event(event) = record {
                state.seq = state.seq.max(event.id + 1);
            }
            if let Record::Execution(execution) = record {
                state.seq = state.seq.max(execution.seq + 1);
            }
            if !(insert_only && state.has(&record_key(record))) {
                state.put(record.clone());
            }
        }
        Command::Delete(key) => state.remove(key),
        Command::DeleteRun(run) => delete_run(state, *run),
        Command::DeleteExecution(execution) => delete_execution(state, *execution),
        Command::ForgetEvents { before_ms, .. } => state.events.retain(|_, event| event.at_ms >= *before_ms),
    }
    Ok(())
}

/// The key of a row of an insert-only table; of the others it is never asked.
fn record_key(record: &Record) -> RecordKey {
    match record {
        Record::Input(row) => RecordKey::Input(row.key()),
        Record::ResultRow(row) => RecordKey::ResultRow(row.key()),
        Record::Policy(row) => RecordKey::Policy(row.key()),
        Record::Route(row) => RecordKey::Route(row.key()),
        Record::Event(row) => RecordKey::Event(row.key()),
        _ => RecordKey::Event(i64::MIN),
    }
}

fn delete_run(state: &mut State, run: RunId) {
    let members: Vec<_> = state.executions.values().filter(|row| row.run_id == Some(run)).map(|row| row.id).collect();
    for member in members {
        delete_execution(state, member);
    }
    state.edges.retain(|key, _| key.0 != run);
    state.conditions.retain(|key, _| key.0 != run);
    state.tags.retain(|key, _| key.0.0 != run.0);
    state.runs.remove(&run);
    delete_fires(state, run);
}

fn delete_fires(state: &mut State, run: RunId) {
    let fires = &state.schedule_fires;
    let own = fires.iter().filter(|(_, fire)| fire.run_id == run).map(|(key, _)| *key);
    let over = own.flat_map(|(schedule, nominal_ms)| {
        let latest = fires.last_in((schedule, i64::MIN)..=(schedule, i64::MAX)).map(|(key, _)| *key);
        fires.range((schedule, i64::MIN)..=(schedule, nominal_ms)).filter(move |(key, _)| Some(**key) != latest)
    });
    let gone: Vec<_> = over.filter(|(_, fire)| !state.runs.contains_key(&fire.run_id)).map(|(key, _)| *key).collect();
    for key in &gone {
        state.schedule_fires.remove(key);
    }
}

fn delete_execution(state: &mut State, execution: ExecutionId) {
    state.executions.remove(&execution);
    state.attempts.retain(|key, _| key.0 != execution);
    state.marks.remove(&execution);
    state.groups.remove(&execution);
    state.cancel_pending.remove(&execution);
    state.pins.retain(|key, _| key.0 != execution);
    state.inputs.remove(&execution);
    state.results.retain(|key, _| key.0 != execution);
    state.tags.retain(|key, _| key.0 != execution);
    state.progress.remove(&execution);
}
