//! Building a worker.

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use levada_base::{Error, World};
use levada_store::{Token, limits};

use super::handler::{BoxedHandler, boxed};
use super::running::{self, RunningWorker};
use super::task::DataMap;
use super::{DrainReport, Handler, Service};
use crate::rules::{check_claim, invalid_setting};
use crate::spec::ClaimRequest;

/// A worker that is ready to be started. While it works it is in the registry of workers, where people and explanations see it; one that is
/// drained there ([`crate::Tasks::drain_worker`]) hears so within ten seconds, finishes what it has and ends.
pub struct Worker<S> {
    pub(super) service: S,
    pub(super) world: World,
    pub(super) settings: WorkerSettings,
    pub(super) handlers: BTreeMap<String, BoxedHandler>,
    pub(super) data: Arc<DataMap>,
}

/// How a worker asks for work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WorkerSettings {
    pub lanes: Vec<String>,
    pub namespaces: Option<Vec<String>>,
    pub name: String,
    pub instance: String,
    pub capabilities: BTreeSet<String>,
    pub max_concurrent: usize,
    pub ttl: Duration,
    pub grace: Duration,
}

impl WorkerSettings {
    /// A claim of this worker.
    pub(super) fn request(&self, limit: usize, token: Token, wait_ms: i64) -> ClaimRequest {
        ClaimRequest {
            lanes: self.lanes.clone(),
            namespaces: self.namespaces.clone(),
            worker: self.name.clone(),
            instance: self.instance.clone(),
            capabilities: self.capabilities.clone(),
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            ttl_ms: i64::try_from(self.ttl.as_millis()).unwrap_or(i64::MAX),
            token,
            wait_ms,
        }
    }
}

/// A worker in the making.
pub struct WorkerBuilder<S> {
    worker: Worker<S>,
}

/// Tasks at a time, unless said otherwise.
const MAX_CONCURRENT: usize = 64;
/// How long handlers may go on when the worker is to end, unless said otherwise.
const GRACE: Duration = Duration::from_secs(30);

impl<S: Service> Worker<S> {
    /// A worker of this engine, with a fresh instance name.
    #[must_use]
    pub fn builder(service: S, world: World) -> WorkerBuilder<S> {
        let settings = WorkerSettings {
            lanes: Vec::new(),
            namespaces: None,
            name: "worker".to_owned(),
            instance: format!("worker-{:016x}", world.random()),
            capabilities: BTreeSet::new(),
            max_concurrent: MAX_CONCURRENT,
            ttl: Duration::from_millis(limits::LEASE_TTL_MS_DEFAULT.unsigned_abs()),
            grace: GRACE,
        };
        let worker = Self { service, world, settings, handlers: BTreeMap::new(), data: Arc::default() };
        WorkerBuilder { worker }
    }

    /// Starts it on the current tokio runtime.
    ///
    /// # Panics
    /// Outside of a tokio runtime with time enabled.
    #[must_use]
    pub fn start(self) -> RunningWorker {
        running::start(self)
    }

    /// Works until the process is asked to end (SIGINT or SIGTERM), or an operator drains it, then drains; a second signal ends it at once.
    ///
    /// # Panics
    /// See [`Worker::start`].
    pub async fn run(self) -> DrainReport {
        let grace = self.settings.grace;
        self.start().until_signal(grace).await
    }
}

impl<S: Service> WorkerBuilder<S> {
    /// Takes work from this lane too. Without any it is `default`.
    #[must_use]
    pub fn lane(mut self, lane: &str) -> Self {
        self.worker.settings.lanes.push(lane.to_owned());
        self
    }

    /// Takes work of this namespace; without any, of all.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.worker.settings.namespaces.get_or_insert_default().push(namespace.to_owned());
        self
    }

    /// The worker's name, as people know it.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.worker.settings.name);
        self
    }

    /// The name of this instance. Two that run at the same time must differ.
    #[must_use]
    pub fn instance(mut self, instance: &str) -> Self {
        instance.clone_into(&mut self.worker.settings.instance);
        self
    }

    /// Offers a capability.
    #[must_use]
    pub fn capability(mut self, word: &str) -> Self {
        self.worker.settings.capabilities.insert(word.to_owned());
        self
    }

    /// A value that handlers can take as [`super::Data`]; one per type.
    #[must_use]
    pub fn data<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        let mut data = DataMap::clone(&self.worker.data);
        data.insert(TypeId::of::<T>(), Arc::new(value));
        self.worker.data = Arc::new(data);
        self
    }

    /// Handles executions of this kind.
    #[must_use]
    pub fn on<A: 'static>(mut self, kind: &str, handler: impl Handler<A>) -> Self {
        self.worker.handlers.insert(kind.to_owned(), boxed(handler));
        self
    }

    /// How many tasks at a time.
    #[must_use]
    pub fn max_concurrent(mut self, tasks: usize) -> Self {
        self.worker.settings.max_concurrent = tasks;
        self
    }

    /// The span of a lease; it is renewed at a third of it.
    #[must_use]
    pub fn lease(mut self, ttl: Duration) -> Self {
        self.worker.settings.ttl = ttl;
        self
    }

    /// How long handlers may go on when the worker is to end.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.worker.settings.grace = grace;
        self
    }

    /// The worker, if everything fits.
    ///
    /// # Errors
    /// `LV-T001` for a worker without handlers or places, `LV-T106` for a lease outside of its bounds, and what else would have every
    /// claim of it refused.
    pub fn build(mut self) -> Result<Worker<S>, Error> {
        let settings = &mut self.worker.settings;
        if settings.lanes.is_empty() {
            settings.lanes.push("default".to_owned());
        }
        if self.worker.handlers.is_empty() {
            return Err(invalid_setting("handlers", 0, "at least one: call \"on\" with a kind and an async function"));
        }
        if settings.max_concurrent == 0 {
            return Err(invalid_setting("max_concurrent", 0, "at least 1"));
        }
        check_claim(&settings.request(1, Token(0), 0))?;
        Ok(self.worker)
    }
}
