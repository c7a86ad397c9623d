//! One transaction: begin, lock and load in one round trip, plan, write and commit in another; and what is done when it fails.

use std::panic::{AssertUnwindSafe, catch_unwind};

use levada_base::Error;
use levada_store::{Backoff, Batch, Command, Scope, State};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_postgres::Row;

use crate::connections::attempt_limit;
use crate::errors::{Failure, final_error, late, panicked, too_many_rows};
use crate::load::{self, Loading, Surroundings};
use crate::presence::Presence;
use crate::session::{BEGIN, COMMIT, Session};
use crate::shared::Shared;
use crate::slice::Slice;
use crate::statement::{Mode, Statement};
use crate::statistics::Counters;
use crate::write::{self, Known};

/// What is remembered from one attempt to the next.
struct Attempts {
    made: u32,
    backoff: Backoff,
    /// The commit of an earlier attempt was sent and not answered, over these connections.
    unknown: Vec<Presence>,
    /// The row that stood in the way of the last attempt.
    taken: Option<String>,
    /// The same row stood in the way twice, so the slice never shows it: the plan writes without looking.
    blind: bool,
    deadline: Instant,
}

impl Attempts {
    fn new(deadline: Instant, unknown: Option<Presence>) -> Self {
        let unknown = unknown.into_iter().collect();
        Self { made: 0, backoff: Backoff::default(), unknown, taken: None, blind: false, deadline }
    }

    /// Remembers a failure and waits until the next attempt.
    ///
    /// # Errors
    /// The failure, if there is no next attempt.
    async fn after(&mut self, failure: Failure, random: u64) -> Result<(), Error> {
        self.made += 1;
        let mut keeps_trying = false;
        match &failure {
            Failure::Refused(_) => return Err(final_error(failure, self.made, self.is_unknown())),
            Failure::Taken { row } => {
                self.blind = self.taken.as_ref() == Some(row);
                self.taken = Some(row.clone());
            }
            Failure::Unknown | Failure::Lost(_) => keeps_trying = true,
            Failure::Contention { .. } | Failure::Stale => {}
        }
        let wait = match self.backoff.next(random) {
            None if keeps_trying => {
                self.backoff = Backoff::default();
                self.backoff.next(random)
            }
            wait => wait,
        };
        let next = wait.map(|wait| Instant::now() + wait).filter(|next| *next < self.deadline);
        match next {
            Some(next) => {
                sleep_until(next).await;
                Ok(())
            }
            None => Err(final_error(failure, self.made, self.is_unknown())),
        }
    }

    fn is_unknown(&self) -> bool {
        !self.unknown.is_empty()
    }

    /// What has to be over before the scope is loaded again. Only a claim would not wait for the locks of an attempt that goes on.
    fn before(&self, scope: &Scope) -> Vec<Statement> {
        let claims = scope.parts().iter().any(|part| matches!(part, Scope::Claim(_)));
        self.unknown.iter().filter(|_| claims).flat_map(|presence| presence.ended()).collect()
    }
}

impl Shared {
    /// Plans and commits a batch, again if that may help; gives what was committed. `unknown` is a connection over which it may have been
    /// committed before, or may be yet.
    ///
    /// # Errors
    /// What all calls of the batch are told that were not refused by their own plan.
    pub async fn commit(&self, batch: &mut Batch, unknown: Option<Presence>) -> Result<Vec<Command>, Error> {
        let mut attempts = Attempts::new(Instant::now() + self.settings.operation_timeout, unknown);
        loop {
            match self.attempt_in_time(batch, &mut attempts).await {
                Ok(commands) => return Ok(commands),
                Err(failure) => {
                    failure.sqlstate().into_iter().for_each(|state| self.counters.retried(state));
                    if matches!(failure, Failure::Unknown) {
                        Counters::add(&self.counters.unknown_commits, 1);
                    }
                    attempts.after(failure, self.world.random()).await?;
                }
            }
        }
    }

    async fn attempt_in_time(&self, batch: &mut Batch, attempts: &mut Attempts) -> Result<Vec<Command>, Failure> {
        let limit = attempt_limit(self.settings.operation_timeout);
        let committing = Mutex::new(None);
        let result = timeout(limit, self.attempt(batch, attempts, &committing)).await.unwrap_or_else(|_| Err(late(limit)));
        match (result, committing.into_inner()) {
            (Err(Failure::Lost(_)), Some(presence)) => {
                attempts.unknown.push(presence);
                Err(Failure::Unknown)
            }
            (result, _) => result,
        }
    }

    async fn attempt(
        &self,
        batch: &mut Batch,
        attempts: &Attempts,
        committing: &Mutex<Option<Presence>>,
    ) -> Result<Vec<Command>, Failure> {
        let mut session = self.connections.session().await?;
        let scope = batch.scope();
        let state = match self.load(&mut session, attempts.before(&scope), scope, batch.len() > 1).await {
            Ok(state) => state,
            Err(failure) => {
                session.roll_back().await;
                return Err(failure);
            }
        };
        let known = Known::of(&state);
        self.shortcuts.learn(&state, self.settings.inline_run_max);
        let first = state.seq;
        let planned = catch_unwind(AssertUnwindSafe(|| batch.plan(state)));
        let Ok(commands) = planned else {
            session.roll_back().await;
            return Err(panicked().into());
        };
        if commands.is_empty() {
            session.roll_back().await;
            return Ok(commands);
        }
        if !write::numbers_fit(&commands, first) {
            session.roll_back().await;
            return Err(too_many_rows().into());
        }
        let statements = write::statements(&commands, &known, attempts.blind);
        Counters::add(&self.counters.statements, statements.len());
        *committing.lock() = Some(session.presence());
        match session.send(None, &statements, Some(COMMIT)).await {
            Ok(_) => {
                session.done();
                Ok(commands)
            }
            Err(failure @ Failure::Lost(_)) => Err(failure),
            Err(failure) => {
                // The server answered, so nothing was committed.
                committing.lock().take();
                session.roll_back().await;
                Err(failure)
            }
        }
    }

    /// Begins a transaction and loads a scope under its locks, after statements that give no rows.
    async fn load(&self, session: &mut Session, first: Vec<Statement>, scope: Scope, merged: bool) -> Result<State, Failure> {
        let around = Surroundings { merged, ..self.surroundings(Mode::Write) };
        let mut loading = load::statements(&scope, around);
        loading.statements.splice(..0, first);
        let mut slice = self.send(session, Some(BEGIN), &loading).await?;
        let more = load::under_locks(&scope, &slice.state, around);
        if !more.is_empty() {
            Counters::add(&self.counters.statements, more.len());
            take_all(&mut slice, session.send(None, &more, None).await?)?;
        }
        if !slice.is_held(loading.holds_executions, loading.holds_groups) {
            return Err(Failure::Stale);
        }
        slice.state.now_ms = self.clock.rise(slice.state.now_ms);
        Ok(slice.state)
    }

    /// Sends statements that give slices.
    pub async fn send(&self, session: &mut Session, before: Option<&str>, loading: &Loading) -> Result<Slice, Failure> {
        Counters::add(&self.counters.statements, loading.statements.len());
        let mut slice = Slice::default();
        take_all(&mut slice, session.send(before, &loading.statements, None).await?)?;
        Ok(slice)
    }

    pub fn surroundings(&self, mode: Mode) -> Surroundings {
        let now_ms = self.clock.told(&self.world);
        Surroundings { now_ms, inline_run_max: self.settings.inline_run_max, mode, merged: false }
    }
}

/// Takes in the rows of all results.
pub fn take_all(slice: &mut Slice, results: Vec<Vec<Row>>) -> Result<(), Error> {
    results.iter().flatten().try_for_each(|row| slice.take(row))
}
