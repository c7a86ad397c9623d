//! The trait of every store, and the plan that runs inside its transactions.

use std::future::Future;

use levada_base::Error;

use crate::alphabets::EventKind;
use crate::fused::Fused;
use crate::ids::{ExecutionId, RunId};
use crate::query::{Page, Query};
use crate::rows::Event;
use crate::scope::{DueKind, Scope};
use crate::state::{Command, State};
use crate::wake::WakeReceiver;
use crate::work::Work;

/// A decision to be made inside a transaction. It may be called again if the transaction has to be repeated, each time with a fresh
/// slice; so it must not keep anything from one call to the next.
pub trait Plan<R>: Send {
    /// What to do about the slice, and what to tell the caller once it is committed.
    ///
    /// # Errors
    /// What the rules refuse; then nothing is written.
    fn plan(&mut self, state: &State) -> Result<(Vec<Command>, R), Error>;
}

impl<R, F: FnMut(&State) -> Result<(Vec<Command>, R), Error> + Send> Plan<R> for F {
    fn plan(&mut self, state: &State) -> Result<(Vec<Command>, R), Error> {
        self(state)
    }
}

/// A durable store of executions and runs.
///
/// Errors of all calls: `LV-T701` after contention, `LV-T702` if the store is unreachable, `LV-T703` if it cannot write, `LV-T704` if the
/// outcome of a commit is unknown and repeating did not tell, `LV-T710` for damaged rows, `LV-T901` for a command that breaks a rule.
pub trait Store: Send + Sync + 'static {
    /// Loads and locks the rows of `scope`, calls `plan`, and commits its commands: all of them or none. Calls that wait for a commit
    /// in flight may share the next transaction; each still has its own result.
    fn transact<R: Send + 'static>(
        &self,
        scope: Scope,
        plan: impl Plan<R> + 'static,
    ) -> impl Future<Output = Result<R, Error>> + Send;

    /// The same for a call whose usual effect is known beforehand. Where all of it fits, a store may do it in one statement and ask the
    /// plan only for the answer, on the rows as they were: what the plan writes is then what was done. Everything else, and every
    /// store that has no such statement, takes the ordinary way.
    fn transact_fused<R: Send + 'static>(
        &self,
        scope: Scope,
        _usual: Fused,
        plan: impl Plan<R> + 'static,
    ) -> impl Future<Output = Result<R, Error>> + Send {
        self.transact(scope, plan)
    }

    /// Reads without locks, at one moment.
    fn read(&self, query: Query) -> impl Future<Output = Result<Page, Error>> + Send;

    /// Events after a cursor, in an order in which none can appear before one that was already returned.
    fn events(&self, after: Cursor, filter: &Filter, limit: u32) -> impl Future<Output = Result<EventPage, Error>> + Send;

    /// The earliest stored time of a kind, in store time; none if nothing of the kind is stored.
    fn next_due(&self, kind: DueKind) -> impl Future<Output = Result<Option<i64>, Error>> + Send;

    /// Store time, UTC milliseconds.
    fn now(&self) -> impl Future<Output = Result<i64, Error>> + Send;

    /// Hints that something became due, ready or known. Those of a call are sent before it is answered. They may be lost or doubled;
    /// polling finds the same.
    fn wake(&self) -> WakeReceiver;

    /// All rows, in a form that is the same on every store for the same history: creation order and event ids are ranks.
    fn dump(&self) -> impl Future<Output = Result<State, Error>> + Send;

    /// What names this store: a handle of another one is refused.
    fn instance(&self) -> u128;

    /// What it did since it was opened. Nothing for a store that does not count.
    fn work(&self) -> Work {
        Work::default()
    }
}

/// Where a reader of events stands. Opaque; the default is the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Cursor {
    /// The transaction, where the store orders by it; else 0.
    pub transaction: i64,
    /// The last event that was read.
    pub event: i64,
}

/// Which events a reader wants; an empty filter lets all through.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    pub namespaces: Vec<String>,
    pub run: Option<RunId>,
    pub execution: Option<ExecutionId>,
    pub lanes: Vec<String>,
    pub kinds: Vec<EventKind>,
    /// Only events of runs and executions that carry this tag.
    pub tag: Option<(String, String)>,
}

/// Events and where to go on. `next` moves even if the filter let nothing through.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventPage {
    pub events: Vec<Event>,
    pub next: Cursor,
}
