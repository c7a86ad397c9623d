//! The operations: one method of [`Tasks`] each. A method makes the event (with fresh ids and random words from the world), has it
//! decided and committed, and hands the answer back. No operation keeps anything between calls, so each may be dropped or repeated at
//! any moment.

mod bulk;
mod cancel_run;
mod claim;
mod events;
mod executions;
mod explain;
mod operator;
mod places;
mod plan;
mod reads;
mod runs;
mod schedules;
mod tags;
mod wait;
mod work;

pub use bulk::{BULK_EXECUTIONS_MAX, BULK_REFUSALS_MAX, BulkReport, BulkVerb, Selection};
pub use cancel_run::{CANCEL_WAIT_MS_MAX, CancelCounts, CancelProgress, CancelledRun, REMAINING_IDS_MAX};
pub use events::{CursorText, EventFeed};
pub use plan::Planned;
pub use reads::{EdgeView, ExecutionView, GraphView, Listed, PAGE_MAX, ResultView, RunView};
pub use work::Results;

use std::sync::Arc;
use std::time::Duration;

use levada_base::{Error, World, codes};
use levada_store::{Store, Token};

use crate::background::{self, BackgroundStatus, Report, Supervisor, Workers};
use crate::engine::Engine;
use crate::settings::Settings;
use crate::spec::Handle;

/// An engine node on a store: what applications, workers and servers call. Clones share it.
///
/// ```
/// # use levada_base::World;
/// # use levada_store::{MemoryStore, Token};
/// # use levada_tasks::spec::{ClaimRequest, NewExecution};
/// # use levada_tasks::{Settings, Tasks};
/// # async fn example() -> Result<(), levada_base::Error> {
/// let (world, _clock) = World::sim(1);
/// let tasks = Tasks::open(MemoryStore::new(world.clone()), Settings::without_background(), world).await?;
/// tasks.create_execution(NewExecution::of_kind("mail").with_input("hello")).await?;
/// let claimed = tasks.claim(ClaimRequest::of_lane("default", "worker-1", 1, Token(1))).await?;
/// assert_eq!(claimed.len(), 1);
/// # Ok(())
/// # }
/// ```
pub struct Tasks<S: Store> {
    pub(crate) engine: Arc<Engine<S>>,
    pub(crate) supervisor: Arc<Supervisor>,
    workers: Arc<Workers<S>>,
}

impl<S: Store> Clone for Tasks<S> {
    fn clone(&self) -> Self {
        Self { engine: Arc::clone(&self.engine), supervisor: Arc::clone(&self.supervisor), workers: Arc::clone(&self.workers) }
    }
}

impl<S: Store> Tasks<S> {
    /// Opens a node on a store. Background work, if the settings want it, runs on the present tokio runtime until
    /// [`Tasks::close`].
    ///
    /// # Errors
    /// `LV-T001`, `LV-T005` for settings; what the store says when it is asked for its time.
    pub async fn open(store: S, settings: Settings, world: World) -> Result<Self, Error> {
        settings.check(&background::names())?;
        let enabled = settings.background.enabled;
        let engine = Arc::new(Engine::open(store, settings, world).await?);
        let tasks = Self { engine, supervisor: Arc::default(), workers: Arc::new(background::registry()) };
        if enabled {
            tasks.supervisor.start(&tasks.engine, &tasks.workers)?;
        }
        Ok(tasks)
    }

    /// The store below.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.engine.store
    }

    /// Store time, UTC milliseconds.
    ///
    /// # Errors
    /// What the store says.
    pub async fn now(&self) -> Result<i64, Error> {
        self.engine.now().await
    }

    /// One step of a background worker, now, beside whatever its loop does. For tests and simulations, which have no loops.
    ///
    /// # Errors
    /// `LV-T002` if there is no such worker; what the step met.
    pub async fn tick(&self, worker: &str) -> Result<Report, Error> {
        self.engine.now().await?;
        background::tick(&self.engine, &self.workers, worker).await
    }

    /// One step of every background worker, in their order; the reports by name.
    ///
    /// # Errors
    /// The first error; the workers behind it are not asked.
    pub async fn tick_all(&self) -> Result<Vec<(&'static str, Report)>, Error> {
        self.engine.now().await?;
        let mut reports = Vec::new();
        for name in background::names() {
            reports.push((name, background::tick(&self.engine, &self.workers, name).await?));
        }
        Ok(reports)
    }

    /// How the background workers of this node fare, in their order; none if they are off.
    #[must_use]
    pub fn background(&self) -> Vec<BackgroundStatus> {
        self.supervisor.status()
    }

    /// Ends all background work of this node, for all clones: no new batch begins, running transactions end. Operations still work.
    ///
    /// # Errors
    /// `LV-T702` if something was still running after `within`; it was then cut off, which the store undoes.
    pub async fn close(self, within: Duration) -> Result<(), Error> {
        if self.supervisor.stop(within).await {
            return Ok(());
        }
        let message = format!("background work did not end within {} ms and was cut off", within.as_millis());
        Err(Error::new(codes::LV_T702, message)
            .with_hint("nothing is lost, its transaction is undone; give it more time, or look at the store"))
    }

    /// Refuses handles of other stores.
    pub(crate) fn own(&self, handle: &Handle) -> Result<(), Error> {
        if handle.store == self.engine.instance {
            return Ok(());
        }
        let message = format!("handle belongs to store {}, this is {}", handle.store, self.engine.instance);
        Err(Error::new(codes::LV_T110, message).with_hint("use it with the store that gave it"))
    }

    /// What names the store in handles.
    #[must_use]
    pub fn store_token(&self) -> Token {
        self.engine.instance
    }
}
