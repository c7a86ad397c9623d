//! The one that writes: a batch of calls becomes one transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use levada_store::{Batch, Command, Moment, Record, State, StoreTime, Waker, wakes};
use rusqlite::Connection;

use crate::checkpoint::Log;
use crate::errors::{Failure, Result};
use crate::heartbeats::Heartbeats;
use crate::load::{Claims, Places, load};
use crate::owner::Owner;
use crate::probe::{BEGIN, COMMIT, COMMITTED, Probe};
use crate::session::Session;
use crate::statistics::Counters;
use crate::write::write;

const KEEP_MOMENT: &str = "UPDATE store SET now_ms = max(now_ms, ?1), seq = max(seq, ?2) WHERE id = 1";

/// The connection that writes, and what it knows between transactions.
pub(crate) struct Writer {
    pub(crate) connection: Connection,
    /// The file is given up when the connection was closed: fields end in their order.
    pub(crate) _owner: Option<Owner>,
    pub(crate) time: Arc<StoreTime>,
    pub(crate) waker: Waker,
    pub(crate) counters: Arc<Counters>,
    pub(crate) inline_run_max: i32,
    pub(crate) log: Log,
    pub(crate) probe: Option<Probe>,
    /// The first free number for creation order and events.
    pub(crate) seq: i64,
    /// Routes and lanes as they are stored; none if they have to be read again.
    pub(crate) places: Option<Arc<Places>>,
    pub(crate) heartbeats: Arc<Heartbeats>,
}

impl Writer {
    /// Serves the calls of a batch in one transaction and answers them.
    pub(crate) fn serve(&mut self, mut batch: Batch) {
        match self.transact(&mut batch) {
            Ok(commands) => {
                self.waker.send(wakes(&commands));
                batch.finish(None);
                self.log.grew(commands.len(), &self.connection);
            }
            // What the database refused was written by one of them: the others must not suffer.
            Err(failure) if failure.is_violation() && batch.len() > 1 => {
                self.counters.retried(batch.len());
                batch.apart().for_each(|call| self.serve(call));
            }
            Err(failure) => batch.fail(&|| failure.error()),
        }
    }

    /// One transaction; on an error nothing of it is left.
    fn transact(&mut self, batch: &mut Batch) -> Result<Vec<Command>> {
        self.tell(BEGIN);
        self.connection.prepare_cached(BEGIN)?.execute([])?;
        let done = self.run(batch);
        let written = done.as_ref().is_ok_and(|commands| !commands.is_empty());
        let ended = done.and_then(|commands| {
            let end = if written { COMMIT } else { "ROLLBACK" };
            self.tell(end);
            self.connection.prepare_cached(end)?.execute([])?;
            if written {
                self.heartbeats.forget();
                self.tell(COMMITTED);
            }
            Ok(commands)
        });
        if ended.is_err() && !self.connection.is_autocommit() {
            // If even this fails the connection is still inside: the next BEGIN says so, and nothing was committed.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        if let Ok(commands) = &ended {
            self.seq = self.seq.max(next_seq(commands));
            if commands.iter().any(Places::changed_by) {
                self.places = None;
            }
        }
        ended
    }

    /// Writes what is only in memory; the store is being closed.
    pub(crate) fn finish(&self) -> Result<()> {
        if self.heartbeats.is_empty() {
            return Ok(());
        }
        self.connection.execute_batch(BEGIN)?;
        let session = Session::new(&self.connection);
        self.heartbeats.write(&session)?;
        session.execute(KEEP_MOMENT, (self.time.now_ms(), self.seq))?;
        Ok(self.connection.execute_batch(COMMIT)?)
    }

    fn tell(&self, statement: &'static str) {
        if let Some(probe) = &self.probe {
            probe(statement);
        }
    }

    /// Loads, plans and writes inside the transaction.
    fn run(&mut self, batch: &mut Batch) -> Result<Vec<Command>> {
        // The transaction holds the only lock there is, so this is the time after the locks.
        let now_ms = self.time.now_ms();
        let moment = Moment { now_ms, seq: self.seq, inline_run_max: self.inline_run_max };
        let session = Session::new(&self.connection).probed(self.probe.as_ref());
        let claims = if batch.len() > 1 { Claims::Together } else { Claims::Alone };
        let (mut state, places) = load(&session, (&batch.scope(), claims), moment, self.places.take())?;
        self.places = places;
        self.heartbeats.show(&mut state);
        let before = state.clone();
        let mut commands = plan(batch, state)?;
        if self.heartbeats.keep(&session, &commands, &before)? {
            commands.clear();
        }
        if !commands.is_empty() {
            self.heartbeats.write(&session)?;
            write(&session, &commands, &before)?;
            session.execute(KEEP_MOMENT, (now_ms, self.seq.max(next_seq(&commands))))?;
        }
        self.counters.transaction(batch.len(), session.statements(), !commands.is_empty());
        Ok(commands)
    }
}

/// A plan that panics must not end the thread that serves everybody.
fn plan(batch: &mut Batch, state: State) -> Result<Vec<Command>> {
    catch_unwind(AssertUnwindSafe(|| batch.plan(state))).map_err(|_| Failure::panicked())
}

/// The first number that is free after the commands.
fn next_seq(commands: &[Command]) -> i64 {
    let used = commands.iter().filter_map(|command| match command {
        Command::Put(Record::Execution(row)) => Some(row.seq),
        Command::Put(Record::Event(row)) => Some(row.id),
        _ => None,
    });
    used.max().map_or(0, |last| last.saturating_add(1))
}
