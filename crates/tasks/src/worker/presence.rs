//! Being known: a worker is in the registry while it works, and hears there that it is to drain.
//!
//! For people, explanations and gauges only. What cannot be said is said again with the next beat, and stops no work.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use levada_base::Error;
use levada_store::alphabets::WorkerState;
use tokio::sync::watch;

use super::Service;
use super::builder::WorkerSettings;
use super::status::{WorkerStatus, note};
use crate::rules::{RegisterWorker, Registered};
use crate::timer;

/// How long a worker that is not heard of is still taken for alive.
const TTL: Duration = Duration::from_secs(30);
/// How often it says that it lives: two of three words may be lost.
const BEAT: Duration = Duration::from_secs(10);

/// How long the end of a worker may wait for the registry.
const LAST_WORD: Duration = Duration::from_secs(1);

/// A worker's entry in the registry.
pub(super) struct Presence {
    word: RegisterWorker,
    call: Option<BoxFuture<'static, Result<Registered, Error>>>,
    due: BoxFuture<'static, ()>,
    /// Whether the entry is this worker's: another may have the name of its instance.
    is_known: bool,
    is_drained: bool,
    status: watch::Sender<WorkerStatus>,
}

impl Presence {
    pub(super) fn of(settings: &WorkerSettings, status: watch::Sender<WorkerStatus>) -> Self {
        let word = RegisterWorker {
            worker: settings.name.clone(),
            instance: settings.instance.clone(),
            lanes: settings.lanes.iter().cloned().collect::<BTreeSet<_>>(),
            capabilities: settings.capabilities.clone(),
            max_concurrent: i32::try_from(settings.max_concurrent).unwrap_or(i32::MAX),
            ttl_ms: i64::try_from(TTL.as_millis()).unwrap_or(i64::MAX),
        };
        Self { word, call: None, due: futures::future::ready(()).boxed(), is_known: false, is_drained: false, status }
    }

    /// Whether somebody asked this instance to claim nothing more.
    pub(super) fn is_drained(&self) -> bool {
        self.is_drained
    }

    /// Says that the worker lives, now and with every beat, until something new was heard.
    pub(super) async fn next<S: Service>(&mut self, service: &S) {
        loop {
            let answered = async {
                match &mut self.call {
                    Some(call) => call.await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                answer = answered => {
                    self.call = None;
                    self.is_known |= answer.is_ok();
                    note(&self.status, |status| &mut status.registry_error, &answer);
                    if !self.is_drained && matches!(answer, Ok(Registered::Refreshed(WorkerState::Draining))) {
                        self.is_drained = true;
                        return;
                    }
                }
                () = &mut self.due => {
                    self.due = timer::sleep(BEAT).boxed();
                    if self.call.is_none() {
                        let (service, word) = (service.clone(), self.word.clone());
                        self.call = Some(async move { service.register(word).await }.boxed());
                    }
                }
            }
        }
    }

    /// Says that the worker has ended, if it can be said soon: its entry is over after a while by itself.
    pub(super) async fn end<S: Service>(&mut self, service: &S) {
        let last_word = async {
            // A word on its way would make it known again.
            if let Some(call) = self.call.take() {
                self.is_known |= call.await.is_ok();
            }
            if self.is_known {
                let _ = service.unregister(&self.word.instance).await;
            }
        };
        let _ = timer::within(LAST_WORD, last_word).await;
    }
}
