//! Calls whose usual effect is known beforehand, each kind in one statement of its own transaction: nothing is held across a round
//! trip.
//!
//! A statement does a call as a whole or leaves it alone, and gives the rows as they were; the plans of the calls that were done
//! are asked on these rows for their answers. What was left, and everything after a failure, takes the ordinary way
//! (`transaction`), where a call that had been done after all is recognised by its token or fence. Not here: what fits (the statements
//! in `sql/fused`) and what the effects are (`levada_store::Fused`, `levada_tasks`).

mod statement;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use levada_base::Error;
use levada_store::{Batch, Command, ExecutionId, Record, wakes};
use tokio::time::timeout;

use crate::connections::attempt_limit;
use crate::errors::{Failure, late, panicked, unlike_its_plan};
use crate::presence::Presence;
use crate::shared::Shared;
use crate::slice::Slice;
use crate::statement::{Mode, Statement};
use crate::statistics::Counters;
use crate::transaction::take_all;

/// What is left of a batch.
pub struct Left {
    pub batch: Option<Batch>,
    /// It may have been done, or be done yet: the connection that was lost after the statement was sent.
    pub unknown: Option<Presence>,
}

impl Shared {
    /// Does what fits of a batch in one statement and answers these calls; gives back the others.
    pub async fn fuse(&self, batch: Batch) -> Left {
        let Some(fused) = batch.fused() else { return Left { batch: Some(batch), unknown: None } };
        let fragment =
            statement::fused(&fused, self.clock.told(&self.world), self.clock.highest(), self.settings.inline_run_max);
        let limit = attempt_limit(self.settings.operation_timeout);
        let mut sent = None;
        let done = timeout(limit, self.fuse_once(fragment.statement(Mode::Write), &mut sent)).await;
        match done.unwrap_or_else(|_| Err(late(limit))) {
            Ok(slice) => self.answer_fused(batch, slice),
            Err(failure) => {
                let unknown = sent.filter(|_| matches!(failure, Failure::Lost(_)));
                failure.sqlstate().into_iter().for_each(|state| self.counters.retried(state));
                Counters::add(&self.counters.unknown_commits, usize::from(unknown.is_some()));
                Left { batch: Some(batch), unknown }
            }
        }
    }

    async fn fuse_once(&self, statement: Statement, sent: &mut Option<Presence>) -> Result<Slice, Failure> {
        let mut session = self.connections.session().await?;
        *sent = Some(session.presence());
        Counters::add(&self.counters.statements, 1);
        match session.send(None, &[statement], None).await {
            Ok(results) => {
                session.done();
                let mut slice = Slice::default();
                take_all(&mut slice, results)?;
                Ok(slice)
            }
            Err(failure) => {
                session.roll_back().await;
                Err(failure)
            }
        }
    }

    fn answer_fused(&self, batch: Batch, slice: Slice) -> Left {
        self.clock.rise(slice.state.now_ms);
        self.shortcuts.learn(&slice.state, self.settings.inline_run_max);
        let (done, left) = batch.parted(&slice.done);
        if let Some(mut batch) = done {
            Counters::add(&self.counters.transactions, 1);
            Counters::add(&self.counters.calls, batch.len());
            Counters::add(&self.counters.fused, batch.len());
            let planned = catch_unwind(AssertUnwindSafe(|| batch.plan(slice.state)));
            match planned.map_err(|_| panicked()).and_then(|commands| as_done(commands, &slice.wrote)) {
                Ok(commands) => {
                    self.wake(wakes(&commands));
                    batch.finish(None);
                }
                Err(error) => batch.finish(Some(&|| crate::errors::copied(&error))),
            }
        }
        Left { batch: left, unknown: None }
    }
}

/// The commands, if they write the executions that the statement wrote.
fn as_done(commands: Vec<Command>, wrote: &BTreeSet<ExecutionId>) -> Result<Vec<Command>, Error> {
    let planned = commands.iter().filter_map(|command| match command {
        Command::Put(Record::Execution(row)) => Some(row.id),
        _ => None,
    });
    if planned.collect::<BTreeSet<_>>() == *wrote { Ok(commands) } else { Err(unlike_its_plan()) }
}
