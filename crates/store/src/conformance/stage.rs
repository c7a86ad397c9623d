//! A store under examination beside a model of what it must hold.
//!
//! The model is full state under [`crate::apply`]; it never asks the store what is right.

use std::time::Duration;

use levada_base::{Error, SimClock, World};

use super::Verdict;
use super::compare::{ensure, equal, same_rows, same_slice};
use crate::canonical::canonical;
use crate::cut::{Moment, cut};
use crate::scope::Scope;
use crate::state::{Command, Record, State, apply};
use crate::store::{Plan, Store};
use crate::tables::Tables;
use crate::wake::{Wake, WakeReceiver};

/// Runs of at most so many members are settled where they end, in every store under examination: random runs are of both kinds.
pub(super) const INLINE_RUN_MAX: i32 = 4;

/// A store, its world and its model.
pub(super) struct Stage<S> {
    pub(super) store: S,
    pub(super) world: World,
    /// The world's clock, if it is simulated.
    pub(super) clock: Option<SimClock>,
    pub(super) model: State,
}

impl<S: Store> Stage<S> {
    pub(super) fn new(store: S, world: World, clock: Option<SimClock>) -> Self {
        Self { store, world, clock, model: State::default() }
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.world.now().millis()
    }

    /// Moves simulated time; where time is real it has moved by itself.
    pub(super) fn advance(&self, by: Duration) {
        if let Some(clock) = &self.clock {
            clock.advance(by);
        }
    }

    /// Puts all rows of a state in, numbered as the store says.
    pub(super) async fn load(&mut self, state: State) -> Verdict {
        let rows = State { now_ms: 0, seq: 0, ..state };
        let loaded = self.store.transact(nothing(), move |slice: &State| {
            let commands: Vec<_> = numbered(&rows, slice.seq).into_iter().map(Command::Put).collect();
            Ok((commands.clone(), commands))
        });
        let commands = loaded.await.map_err(said)?;
        self.remember(&commands)
    }

    /// What commands do to the model.
    pub(super) fn remember(&mut self, commands: &[Command]) -> Verdict {
        self.model.locked_runs = self.model.runs.keys().copied().collect();
        commands.iter().try_for_each(|command| apply(&mut self.model, command)).map_err(|violation| violation.to_string())
    }

    /// Commits commands in one transaction, here and in the model.
    pub(super) async fn commit(&mut self, scope: Scope, commands: Vec<Command>) -> Verdict {
        let planned = commands.clone();
        self.transact(scope, move |_: &State| Ok((planned.clone(), ()))).await.map_err(said)?;
        self.remember(&commands)
    }

    pub(super) async fn transact<R: Send + 'static>(&self, scope: Scope, plan: impl Plan<R> + 'static) -> Result<R, Error> {
        self.store.transact(scope, plan).await
    }

    /// The slice that a plan sees.
    pub(super) async fn slice(&self, scope: &Scope) -> Result<State, String> {
        let seen = self.store.transact(scope.clone(), |state: &State| Ok((Vec::new(), state.clone())));
        seen.await.map_err(|error| format!("{scope:?}: {error}"))
    }

    /// The store's rows are those of the model.
    pub(super) async fn same_as_model(&self, what: &str) -> Verdict {
        let dump = self.store.dump().await.map_err(said)?;
        same_rows(what, &canonical(self.model.clone()), &dump)?;
        equal(&format!("{what}: a dump is rows alone"), &canonical(dump.clone()), &dump)
    }

    /// The slices that plans see are cut from the model at the moment that they tell; so are the rows that readers see.
    pub(super) async fn slices_as_cut(&self, scopes: &[Scope]) -> Verdict {
        let tables = Tables::from_state(self.model.clone());
        for scope in scopes {
            let found = self.slice(scope).await?;
            ensure(found.seq >= self.model.seq, || format!("{scope:?}: number {} is used already", found.seq))?;
            let expected = cut(&tables, scope, moment(&found));
            same_slice(&format!("slice of {scope:?}"), &expected, &found)?;
            let page = self.store.read(crate::Query::Scope(scope.clone())).await.map_err(said)?;
            let expected = cut(&tables, scope, moment(&page.rows));
            same_rows(&format!("reading {scope:?}"), &expected, &page.rows)?;
        }
        Ok(())
    }
}

/// The moment of a slice.
pub(super) fn moment(slice: &State) -> Moment {
    Moment { now_ms: slice.now_ms, seq: slice.seq, inline_run_max: INLINE_RUN_MAX }
}

/// A scope without rows.
pub(super) fn nothing() -> Scope {
    Scope::All(Vec::new())
}

/// An error as a case tells it.
pub(super) fn said(error: Error) -> String {
    error.to_string()
}

/// The rows of a state whose numbers count from `first`.
pub(super) fn numbered(state: &State, first: i64) -> Vec<Record> {
    let numbered = state.records().map(|mut record| {
        match &mut record {
            Record::Execution(row) => row.seq += first,
            Record::Event(row) => row.id += first,
            _ => {}
        }
        record
    });
    numbered.collect()
}

/// What a receiver was told so far.
pub(super) fn told(receiver: &mut WakeReceiver) -> Vec<Wake> {
    std::iter::from_fn(|| receiver.try_recv().ok()).collect()
}
