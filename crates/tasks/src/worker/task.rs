//! A task in the hands of a handler.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use levada_base::Error;
use levada_store::{ExecutionId, RunId};
use tokio::sync::watch;

use super::Service;
use crate::rules::{Claimed, ClaimedInput};
use crate::spec::{Payload, ProgressNote};

/// Shared values by type.
pub(crate) type DataMap = BTreeMap<TypeId, Arc<dyn Any + Send + Sync>>;

/// What was claimed, with its inputs complete, and how to reach the engine about it.
#[derive(Clone)]
pub struct Task {
    pub(crate) input: Payload,
    pub(crate) inputs: Arc<BTreeMap<String, (ClaimedInput, Payload)>>,
    pub(crate) data: Arc<DataMap>,
    pub(crate) context: Context,
}

/// A handler's view of its own lease, and its way to talk about progress.
#[derive(Clone)]
pub struct Context {
    claimed: Arc<Claimed>,
    cancellation: Cancellation,
    at_risk: watch::Receiver<bool>,
    progress: Arc<ProgressCall>,
}

type ProgressCall = dyn Fn(ProgressNote) -> BoxFuture<'static, Result<(), Error>> + Send + Sync;

/// Fires when the lease is lost: what the handler does from then on counts for nothing.
#[derive(Debug, Clone)]
pub struct Cancellation(watch::Receiver<bool>);

impl Cancellation {
    /// One that fires when `true` is sent.
    pub(crate) fn new() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self(receiver))
    }

    /// Whether it fired.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Waits until it fires.
    pub async fn cancelled(&mut self) {
        // A worker that is gone keeps no lease either.
        let _ = self.0.wait_for(|fired| *fired).await;
    }
}

impl Context {
    pub(crate) fn new<S: Service>(
        claimed: Arc<Claimed>,
        service: S,
        cancellation: Cancellation,
        at_risk: watch::Receiver<bool>,
    ) -> Self {
        let progress = move |note: ProgressNote| -> BoxFuture<'static, Result<(), Error>> {
            let service = service.clone();
            Box::pin(async move { service.progress(vec![note]).await?.into_iter().next().unwrap_or(Ok(())) })
        };
        Self { claimed, cancellation, at_risk, progress: Arc::new(progress) }
    }

    /// The execution.
    #[must_use]
    pub fn execution(&self) -> ExecutionId {
        self.claimed.handle.execution
    }

    /// The run it belongs to, if any.
    #[must_use]
    pub fn run(&self) -> Option<RunId> {
        self.claimed.run
    }

    /// The node's name in its run.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.claimed.name
    }

    /// The number of this attempt, from 1.
    #[must_use]
    pub fn attempt_no(&self) -> i32 {
        self.claimed.handle.attempt_no
    }

    /// A key for outside effects: the same for every attempt of this generation.
    #[must_use]
    pub fn idempotency_key(&self) -> String {
        format!("{}/{}", self.execution(), self.claimed.generation)
    }

    /// Everything that came with the claim.
    #[must_use]
    pub fn claimed(&self) -> &Claimed {
        &self.claimed
    }

    /// Fires when the lease is lost.
    #[must_use]
    pub fn cancellation(&self) -> Cancellation {
        self.cancellation.clone()
    }

    /// Whether the lease could not be renewed for two thirds of its span: the store may be away.
    #[must_use]
    pub fn lease_at_risk(&self) -> bool {
        *self.at_risk.borrow()
    }

    /// Waits until [`Context::lease_at_risk`] is true.
    pub async fn at_risk(&mut self) {
        if self.at_risk.wait_for(|at_risk| *at_risk).await.is_err() {
            // The task is out of the worker's hands: nothing will be said any more.
            std::future::pending().await
        }
    }

    /// Says how far the work is; `permille` are thousandths.
    ///
    /// # Errors
    /// `LV-T101` … `LV-T104` if the lease is lost, `LV-T7xx` if the store is away.
    pub async fn progress(&self, permille: Option<i32>, note: &str) -> Result<(), Error> {
        (self.progress)(ProgressNote { handle: self.claimed.handle, permille, note: note.to_owned() }).await
    }
}
