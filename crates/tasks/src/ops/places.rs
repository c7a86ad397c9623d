//! Lanes, and the registry of workers.

use levada_base::Error;
use levada_store::alphabets::WorkerState;
use levada_store::rows::{EngineNode, Lane, WorkerRow};
use levada_store::{Query, Scope, Store};

use super::Tasks;
use crate::rules::{Applied, ChangeLane, DrainWorker, HeartbeatWorker, LaneChange, MarkWorkerDead, RegisterWorker, Registered};

impl<S: Store> Tasks<S> {
    /// Changes a lane: create, pause, resume, drain, disable, or limit how many of its executions are active.
    ///
    /// # Errors
    /// `LV-T001`, `LV-T004`.
    pub async fn change_lane(&self, lane: &str, change: LaneChange, actor: &str) -> Result<Applied, Error> {
        self.engine.act("change_lane", ChangeLane { lane: lane.to_owned(), change, actor: actor.to_owned() }).await
    }

    /// The lanes that were ever changed; all others are open and without limit.
    ///
    /// # Errors
    /// What the store says.
    pub async fn lanes(&self) -> Result<Vec<Lane>, Error> {
        Ok(self.engine.read(Query::Lanes).await?.rows.lanes.into_values().collect())
    }

    /// Makes a worker instance known, or says again that it is there.
    ///
    /// # Errors
    /// `LV-T001`, `LV-T003`, `LV-T106`; `LV-T111` if another worker has this instance.
    pub async fn register_worker(&self, worker: RegisterWorker) -> Result<Registered, Error> {
        self.engine.act("register_worker", worker).await
    }

    /// Says that an instance lives; it learns whether it is to drain.
    ///
    /// # Errors
    /// `LV-T002` if it is not registered or was lost: register again.
    pub async fn heartbeat_worker(&self, instance: &str) -> Result<WorkerState, Error> {
        self.engine.act("heartbeat_worker", HeartbeatWorker { instance: instance.to_owned() }).await
    }

    /// Asks an instance to claim nothing more: it hears so with its next heartbeat; claims are not refused.
    ///
    /// # Errors
    /// `LV-T002`.
    pub async fn drain_worker(&self, instance: &str, actor: &str) -> Result<Applied, Error> {
        self.engine.act("drain_worker", DrainWorker { instance: instance.to_owned(), actor: actor.to_owned() }).await
    }

    /// Notes that an instance is gone. Its leases expire by themselves.
    ///
    /// # Errors
    /// `LV-T002`, `LV-T003`.
    pub async fn mark_worker_dead(&self, instance: &str, reason: &str, actor: &str) -> Result<Applied, Error> {
        let rule = MarkWorkerDead { instance: instance.to_owned(), reason: reason.to_owned(), actor: actor.to_owned() };
        self.engine.act("mark_worker_dead", rule).await
    }

    /// The engine nodes that said lately that they are alive; those that ended without a word included for a while.
    ///
    /// # Errors
    /// What the store says.
    pub async fn nodes(&self) -> Result<Vec<EngineNode>, Error> {
        Ok(self.engine.read(Query::Scope(Scope::EngineNodes)).await?.rows.engine_nodes.into_values().collect())
    }

    /// The registered instances, the dead ones of the last day included.
    ///
    /// # Errors
    /// What the store says.
    pub async fn workers(&self) -> Result<Vec<WorkerRow>, Error> {
        Ok(self.engine.read(Query::Workers).await?.rows.workers.into_values().collect())
    }
}
