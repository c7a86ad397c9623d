//! The registry of workers: who says that it is there.
//!
//! For people and for explanations only: claims, leases and every other decision are the same without it.

use std::collections::BTreeSet;

use levada_base::{Error, codes};
use levada_store::alphabets::{EventKind, WorkerState};
use levada_store::rows::{Event, WorkerRow};
use levada_store::{DueKind, Scope, limits};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Applied, Draft, Rule, errors, validate};

/// A worker instance makes itself known, or says so again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterWorker {
    pub worker: String,
    pub instance: String,
    pub lanes: BTreeSet<String>,
    pub capabilities: BTreeSet<String>,
    pub max_concurrent: i32,
    /// How long it is believed to live after it was last heard of.
    pub ttl_ms: i64,
}

/// Whether a registration was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registered {
    New,
    /// It was known and lives on. One that drains still drains.
    Refreshed(WorkerState),
}

/// A registered instance lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartbeatWorker {
    pub instance: String,
}

/// A registered instance shall claim nothing more. It learns so from its next heartbeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrainWorker {
    pub instance: String,
    pub actor: String,
}

/// A registered instance is known to be gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkWorkerDead {
    pub instance: String,
    pub reason: String,
    pub actor: String,
}

/// Handle the instances that were not heard of in time, and forget the ones that are long gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepWorkers {
    pub limit: u32,
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WorkersSwept {
    pub lost: u32,
    pub forgotten: u32,
}

/// How long a dead instance is still listed.
pub const DEAD_WORKER_KEPT_MS: i64 = 86_400_000;

const NOT_HEARD_OF: &str = "it was not heard of in time";

impl Rule for RegisterWorker {
    type Answer = Registered;

    fn scope(&self) -> Scope {
        Scope::Worker(self.instance.clone())
    }

    fn decide(&self, draft: &mut Draft) -> Result<Registered, Error> {
        self.validate()?;
        let known = draft.live_worker(&self.instance);
        if let Some(known) = known.filter(|known| known.worker != self.worker) {
            let message = format!("instance \"{}\" is registered to worker \"{}\"", self.instance, known.worker);
            return Err(Error::new(codes::LV_T111, message).with_hint("give every instance an id of its own"));
        }
        let state = known.map(|known| known.state);
        if state.is_none() && draft.state.workers.get(&self.instance).is_some_and(|lost| lost.state != WorkerState::Dead) {
            // Nobody has noticed yet.
            draft.lose_worker(&self.instance, None, NOT_HEARD_OF);
        }
        let row = WorkerRow {
            instance: self.instance.clone(),
            worker: self.worker.clone(),
            lanes: joined(&self.lanes),
            capabilities: joined(&self.capabilities),
            max_concurrent: self.max_concurrent,
            ttl_ms: self.ttl_ms,
            expires_ms: Some(draft.now().saturating_add(self.ttl_ms)),
            state: state.unwrap_or(WorkerState::Live),
            reason: None,
        };
        draft.state.workers.insert(self.instance.clone(), row);
        let Some(state) = state else {
            draft.worker_event(EventKind::WorkerRegistered, &self.instance, None, "");
            return Ok(Registered::New);
        };
        Ok(Registered::Refreshed(state))
    }
}

impl RegisterWorker {
    fn validate(&self) -> Result<(), Error> {
        validate::required("worker", &self.worker, validate::NAME)?;
        validate::required("instance", &self.instance, validate::NAME)?;
        validate::lanes(self.lanes.len(), &self.lanes)?;
        // Lanes are kept separated by commas.
        if let Some(lane) = self.lanes.iter().find(|lane| lane.contains(',')) {
            return Err(errors::invalid("lanes", lane, "a name without a comma"));
        }
        validate::capabilities(&self.capabilities)?;
        if self.max_concurrent < 1 {
            return Err(errors::invalid("max_concurrent", self.max_concurrent, "1 or more"));
        }
        validate::ttl(self.ttl_ms, limits::LEASE_TTL_MS_MAX)
    }
}

fn joined(words: &BTreeSet<String>) -> String {
    words.iter().cloned().collect::<Vec<_>>().join(",")
}

impl Rule for HeartbeatWorker {
    /// What it is told to be.
    type Answer = WorkerState;

    fn scope(&self) -> Scope {
        Scope::Worker(self.instance.clone())
    }

    fn decide(&self, draft: &mut Draft) -> Result<WorkerState, Error> {
        let now_ms = draft.now();
        let row = draft.live_worker_mut(&self.instance)?;
        row.expires_ms = Some(now_ms.saturating_add(row.ttl_ms));
        Ok(row.state)
    }
}

impl Rule for DrainWorker {
    type Answer = Applied;

    fn scope(&self) -> Scope {
        Scope::Worker(self.instance.clone())
    }

    fn decide(&self, draft: &mut Draft) -> Result<Applied, Error> {
        validate::actor(&self.actor)?;
        let row = draft.live_worker_mut(&self.instance)?;
        if row.state == WorkerState::Draining {
            return Ok(Applied::AlreadyApplied);
        }
        row.state = WorkerState::Draining;
        row.reason = Some(format!("drained by {}", self.actor));
        Ok(Applied::Applied)
    }
}

impl Rule for MarkWorkerDead {
    type Answer = Applied;

    fn scope(&self) -> Scope {
        Scope::Worker(self.instance.clone())
    }

    fn decide(&self, draft: &mut Draft) -> Result<Applied, Error> {
        validate::actor(&self.actor)?;
        validate::name("reason", &self.reason, validate::NOTE)?;
        let row = draft.state.workers.get(&self.instance).ok_or_else(|| errors::unknown("worker instance", &self.instance))?;
        if row.state == WorkerState::Dead {
            return Ok(Applied::AlreadyApplied);
        }
        draft.lose_worker(&self.instance, Some(&self.actor), &self.reason);
        Ok(Applied::Applied)
    }
}

impl Rule for SweepWorkers {
    type Answer = WorkersSwept;

    fn scope(&self) -> Scope {
        Scope::Due(DueKind::Worker, self.limit.into())
    }

    fn decide(&self, draft: &mut Draft) -> Result<WorkersSwept, Error> {
        let now_ms = draft.now();
        let due = draft.state.workers.values().filter(|row| row.expires_ms.is_some_and(|at| at <= now_ms));
        let due: Vec<_> = due.map(|row| (row.instance.clone(), row.state)).collect();
        let mut swept = WorkersSwept::default();
        for (instance, state) in due {
            if state == WorkerState::Dead {
                draft.state.workers.remove(&instance);
                swept.forgotten += 1;
            } else {
                draft.lose_worker(&instance, None, NOT_HEARD_OF);
                swept.lost += 1;
            }
        }
        Ok(swept)
    }
}

impl Draft<'_> {
    /// A registered instance that is not dead and was heard of in time.
    fn live_worker(&self, instance: &str) -> Option<&WorkerRow> {
        let now_ms = self.now();
        let known = self.state.workers.get(instance);
        known.filter(|row| row.state != WorkerState::Dead && row.expires_ms.is_some_and(|at| at > now_ms))
    }

    fn live_worker_mut(&mut self, instance: &str) -> Result<&mut WorkerRow, Error> {
        let is_live = self.live_worker(instance).is_some();
        let row = self.state.workers.get_mut(instance).filter(|_| is_live);
        row.ok_or_else(|| errors::unknown("worker instance", instance).with_hint("register it, again if it was lost"))
    }

    /// Its row stays for a while, to be listed.
    fn lose_worker(&mut self, instance: &str, actor: Option<&str>, reason: &str) {
        let kept_until_ms = self.now().saturating_add(DEAD_WORKER_KEPT_MS);
        if let Some(row) = self.state.workers.get_mut(instance) {
            row.state = WorkerState::Dead;
            row.reason = Some(reason.to_owned());
            row.expires_ms = Some(kept_until_ms);
        }
        self.worker_event(EventKind::WorkerLost, instance, actor, reason);
    }

    /// A worker belongs to no namespace: its events have an empty one.
    fn worker_event(&mut self, kind: EventKind, instance: &str, actor: Option<&str>, reason: &str) {
        let worker = self.state.workers.get(instance).map(|row| row.worker.clone());
        let detail = json!({ "worker": worker, "instance": instance, "reason": reason });
        self.write_event(Event {
            id: 0,
            at_ms: self.now(),
            kind,
            namespace: String::new(),
            run_id: None,
            execution_id: None,
            generation: None,
            attempt_no: None,
            lane: None,
            actor: actor.map(str::to_owned),
            detail: detail.to_string(),
        });
    }
}
