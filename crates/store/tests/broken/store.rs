//! A store with a fault: everything goes to a sound one, and on the way there or back something is done wrong.

use std::any::Any;
use std::sync::Arc;

use levada_base::{Error, World, codes};
use levada_store::{
    Command, Cursor, DueKind, EventPage, ExecutionFilter, Filter, Page, Plan, Query, RunFilter, RunId, Scope, State, Store,
    Wake, WakeReceiver, Waker, check, wakes,
};
use parking_lot::Mutex;

use crate::commands::commands;
use crate::fault::Fault;
use crate::slices::{self, Memory};

pub struct Broken<S> {
    inner: S,
    world: World,
    fault: Fault,
    waker: Waker,
    memory: Arc<Mutex<Memory>>,
    /// Answers of calls that are about to return.
    answers: Mutex<Vec<Box<dyn Any + Send>>>,
    /// Wake-ups that are still to be sent.
    held: Mutex<Vec<Wake>>,
    refused: Mutex<bool>,
    names: Mutex<u128>,
}

impl<S: Store> Broken<S> {
    pub fn new(inner: S, world: World, fault: Fault) -> Self {
        Self {
            inner,
            world,
            fault,
            waker: Waker::default(),
            memory: Arc::default(),
            answers: Mutex::default(),
            held: Mutex::default(),
            refused: Mutex::default(),
            names: Mutex::default(),
        }
    }

    /// One transaction, with what became of it.
    async fn commit<R: Send + 'static>(
        &self,
        scope: Scope,
        mut plan: impl Plan<R> + 'static,
    ) -> Result<(Vec<Command>, R), Error> {
        let (fault, asked, memory) = (self.fault, scope.clone(), self.memory.clone());
        let refusal: Arc<Mutex<Option<Error>>> = Arc::default();
        let told = refusal.clone();
        let plan = move |state: &State| {
            let seen = slices::slice(fault, &asked, state, &memory);
            let (given, answer) = plan.plan(&seen)?;
            let broken = given.iter().any(|command| check(&seen, command).is_err());
            if broken && fault == Fault::CommitsUpToTheViolation {
                *told.lock() = Some(Error::new(codes::LV_T901, "rule violated").with_detail("rule", "V-1"));
            }
            let done = if broken && fault == Fault::SaysYesToViolations { Vec::new() } else { commands(fault, given, &seen) };
            Ok((done.clone(), (done, answer)))
        };
        let outcome = self.inner.transact(slices::scope(fault, &scope), plan).await?;
        let refused = refusal.lock().take();
        refused.map_or(Ok(outcome), Err)
    }

    /// A plan on rows that were read before, without locks.
    async fn commit_late<R: Send + 'static>(
        &self,
        scope: Scope,
        mut plan: impl Plan<R> + 'static,
    ) -> Result<(Vec<Command>, R), Error> {
        let seen = self.inner.transact(scope, |state: &State| Ok((Vec::new(), state.clone()))).await?;
        tokio::task::yield_now().await;
        let (given, answer) = plan.plan(&seen)?;
        let written = given.clone();
        self.inner.transact(Scope::All(Vec::new()), move |_: &State| Ok((written.clone(), ()))).await?;
        Ok((given, answer))
    }

    fn tell(&self, commands: &[Command]) {
        let mut due = wakes(commands);
        match self.fault {
            Fault::LosesWakes => due.clear(),
            Fault::LosesOneKindOfWake => due.retain(|wake| !matches!(wake, Wake::Dispatch(_))),
            Fault::WakesLate => {
                let late = std::mem::replace(&mut *self.held.lock(), due.into_iter().collect());
                due = late.into_iter().collect();
            }
            _ => {}
        }
        self.waker.send(due);
    }

    fn refusal(&self, error: Error) -> Error {
        *self.refused.lock() = true;
        if self.fault == Fault::WakesAfterRefusals {
            self.waker.send([Wake::Settle(RunId(0))]);
        }
        match self.fault {
            Fault::TellsAnotherCode => Error::new(codes::LV_T703, error.message()),
            Fault::ForgetsDetails => Error::new(error.code(), error.message()),
            _ => error,
        }
    }

    /// Of calls that are made at once, mixes up the answers.
    async fn swapped<R: Send + 'static>(&self, answer: R) -> Result<R, Error> {
        if self.fault != Fault::SwapsAnswers {
            return Ok(answer);
        }
        self.answers.lock().push(Box::new(answer));
        tokio::task::yield_now().await;
        let mut answers = self.answers.lock();
        let middle = answers.len() / 2;
        let other = answers.remove(middle).downcast::<R>();
        other.map(|other| *other).map_err(|_| Error::internal("an answer of another type"))
    }

    fn query(&self, query: Query) -> Query {
        match (self.fault, query) {
            (Fault::IgnoresFilters, Query::Executions(_, at, limit)) => {
                Query::Executions(ExecutionFilter::default(), at, limit)
            }
            (Fault::IgnoresFilters, Query::Runs(_, at, limit)) => Query::Runs(RunFilter::default(), at, limit),
            (Fault::BeginsPagesAgain, Query::Executions(filter, _, limit)) => Query::Executions(filter, None, limit),
            (_, query) => query,
        }
    }

    fn filter(&self, filter: &Filter) -> Filter {
        let mut filter = filter.clone();
        match self.fault {
            Fault::IgnoresEventNamespaces => filter.namespaces.clear(),
            Fault::IgnoresEventRun => filter.run = None,
            Fault::IgnoresEventExecution => filter.execution = None,
            Fault::IgnoresEventLanes => filter.lanes.clear(),
            Fault::IgnoresEventKinds => filter.kinds.clear(),
            Fault::IgnoresEventTag => filter.tag = None,
            _ => {}
        }
        filter
    }
}

impl<S: Store> Store for Broken<S> {
    async fn transact<R: Send + 'static>(&self, scope: Scope, plan: impl Plan<R> + 'static) -> Result<R, Error> {
        if self.fault == Fault::FailsWithItsNeighbour && std::mem::take(&mut *self.refused.lock()) {
            return Err(Error::new(codes::LV_T701, "the call before this one was refused"));
        }
        let outcome = match self.fault {
            Fault::ReadsBeforeItLocks => self.commit_late(scope, plan).await,
            _ => self.commit(scope, plan).await,
        };
        match outcome {
            Ok((commands, answer)) => {
                self.tell(&commands);
                self.swapped(answer).await
            }
            Err(error) => Err(self.refusal(error)),
        }
    }

    async fn read(&self, query: Query) -> Result<Page, Error> {
        let mut page = self.inner.read(self.query(query)).await?;
        match self.fault {
            Fault::EndsAfterTheFirstPage => page.next = None,
            Fault::NeverEnds => page.next = Some(page.next.unwrap_or(levada_store::PageCursor { created_ms: 0, id: 0 })),
            Fault::CountsNothing => page.counts.clear(),
            _ => {}
        }
        Ok(page)
    }

    async fn events(&self, after: Cursor, filter: &Filter, limit: u32) -> Result<EventPage, Error> {
        let asked = if self.fault == Fault::IgnoresEventLimit { limit + 1 } else { limit };
        let mut page = self.inner.events(after, &self.filter(filter), asked).await?;
        match self.fault {
            Fault::ReadsEventsTwice if page.events.len() > 1 => page.next.event -= 1,
            Fault::SkipsAnEvent if !page.events.is_empty() => page.next.event += 1,
            Fault::TurnsPagesAround => page.events.reverse(),
            Fault::StaysWhereNothingIsShown if page.events.is_empty() => page.next = after,
            _ => {}
        }
        Ok(page)
    }

    async fn next_due(&self, kind: DueKind) -> Result<Option<i64>, Error> {
        let due = self.inner.next_due(kind).await?;
        Ok(match self.fault {
            Fault::ForgetsDue(forgotten) if forgotten == kind => None,
            Fault::TellsDueLate(late) if late == kind => due.map(|at| at + 1),
            _ => due,
        })
    }

    async fn now(&self) -> Result<i64, Error> {
        let now_ms = self.inner.now().await?;
        Ok(match self.fault {
            Fault::FollowsTheClockBack => self.world.now().millis(),
            Fault::StopsTime => now_ms.min(1_767_225_600_000),
            _ => now_ms,
        })
    }

    fn wake(&self) -> WakeReceiver {
        self.waker.subscribe()
    }

    async fn dump(&self) -> Result<State, Error> {
        let mut dump = self.inner.dump().await?;
        if self.fault == Fault::NumbersItsDump {
            dump.executions.values_mut().for_each(|row| row.seq += 1);
        }
        Ok(dump)
    }

    fn instance(&self) -> u128 {
        let mut names = self.names.lock();
        *names += u128::from(self.fault == Fault::RenamesItself);
        self.inner.instance() + *names
    }
}
