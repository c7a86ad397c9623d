//! A service that is away, or answers late, while it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use levada_base::{Error, codes};
use levada_store::WakeReceiver;
use levada_tasks::rules::{Claimed, EndedAndClaimed, RegisterWorker, Registered, Renewed, Written};
use levada_tasks::spec::{ClaimRequest, Complete, Delay, Fail, Handle, Payload, ProgressNote, Renew, Skip};
use levada_tasks::worker::Service;
use tokio::sync::Notify;

use crate::setup::Engine;

#[derive(Clone)]
pub struct Shaky {
    tasks: Engine,
    pub away: Arc<AtomicBool>,
    /// Told whenever a call met it away.
    pub refused: Arc<Notify>,
    /// Where the answers of renewals, of results and of claims that call others back wait.
    pub renewals: Gate,
    pub completes: Gate,
    pub recalls: Gate,
}

/// Where answers wait while it is closed.
#[derive(Clone, Default)]
pub struct Gate(Arc<Bars>);

#[derive(Default)]
struct Bars {
    is_closed: AtomicBool,
    entered: Notify,
    opened: Notify,
}

impl Gate {
    pub fn close(&self) {
        self.0.is_closed.store(true, Ordering::Relaxed);
    }

    /// Lets the one that waits, and all later ones, pass.
    pub fn open(&self) {
        self.0.is_closed.store(false, Ordering::Relaxed);
        self.0.opened.notify_one();
    }

    /// Until one has come to it.
    pub async fn entered(&self) {
        self.0.entered.notified().await;
    }

    async fn pass(&self) {
        self.0.entered.notify_one();
        if self.0.is_closed.load(Ordering::Relaxed) {
            self.0.opened.notified().await;
        }
    }
}

impl Shaky {
    pub fn of(tasks: &Engine) -> Self {
        Self {
            tasks: tasks.clone(),
            away: Arc::default(),
            refused: Arc::default(),
            renewals: Gate::default(),
            completes: Gate::default(),
            recalls: Gate::default(),
        }
    }

    fn there(&self) -> Result<(), Error> {
        self.answers().inspect_err(|_| self.refused.notify_one())
    }

    /// The same for calls that nobody waits for.
    fn answers(&self) -> Result<(), Error> {
        let away = self.away.load(Ordering::Relaxed);
        if away { Err(Error::new(codes::LV_T702, "store unreachable: pulled out by the test")) } else { Ok(()) }
    }
}

impl Service for Shaky {
    async fn claim(&self, request: ClaimRequest) -> Result<Vec<Claimed>, Error> {
        self.there()?;
        let recalls = request.wait_ms == 0;
        let claimed = self.tasks.claim(request).await;
        if recalls {
            self.recalls.pass().await;
        }
        claimed
    }
    async fn renew(&self, items: Vec<Renew>) -> Result<Vec<Result<Renewed, Error>>, Error> {
        self.there()?;
        let answers = self.tasks.renew(items).await;
        self.renewals.pass().await;
        answers
    }
    async fn complete(&self, items: Vec<Complete>, next: Option<ClaimRequest>) -> Result<EndedAndClaimed, Error> {
        self.there()?;
        let answers = self.tasks.complete(items, next).await;
        self.completes.pass().await;
        answers
    }
    async fn fail(&self, items: Vec<Fail>) -> Result<Vec<Result<Written, Error>>, Error> {
        self.there()?;
        Ok(self.tasks.fail(items, None).await?.0)
    }
    async fn skip(&self, items: Vec<Skip>) -> Result<Vec<Result<Written, Error>>, Error> {
        self.there()?;
        self.tasks.skip(items).await
    }
    async fn delay(&self, items: Vec<Delay>) -> Result<Vec<Result<Written, Error>>, Error> {
        self.there()?;
        self.tasks.delay(items).await
    }
    async fn progress(&self, items: Vec<ProgressNote>) -> Result<Vec<Result<(), Error>>, Error> {
        self.there()?;
        self.tasks.progress(items).await
    }
    async fn give_back(&self, handle: Handle) -> Result<(), Error> {
        self.there()?;
        self.tasks.give_back(handle).await.map(drop)
    }
    async fn input(&self, handle: Handle, name: Option<String>) -> Result<Payload, Error> {
        self.there()?;
        Service::input(&self.tasks, handle, name).await
    }
    async fn register(&self, worker: RegisterWorker) -> Result<Registered, Error> {
        self.answers()?;
        self.tasks.register(worker).await
    }
    async fn unregister(&self, instance: &str) -> Result<(), Error> {
        self.answers()?;
        self.tasks.unregister(instance).await
    }
    async fn now(&self) -> Result<i64, Error> {
        self.there()?;
        self.tasks.now().await
    }
    fn lost(&self) -> Option<WakeReceiver> {
        self.tasks.lost()
    }
}
