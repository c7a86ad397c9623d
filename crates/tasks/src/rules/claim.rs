//! Claiming: ready executions become active under a lease.

use std::collections::BTreeMap;

use levada_base::Error;
use levada_store::alphabets::{AttemptCause, AttemptState, EventKind, Outcome, Phase, RunPhase};
use levada_store::rows::{Attempt, Row};
use levada_store::{ClaimScope, ExecutionId, Fused, RunId, Scope, Token, limits};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Draft, Rule, fused, validate};
use crate::spec::{ClaimRequest, Handle, Payload};

/// A worker instance asks for work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    pub request: ClaimRequest,
    /// Fresh lease ids, one per execution that may be given.
    pub leases: Vec<Token>,
    /// The store, for the handles.
    pub store: Token,
}

/// An execution that was given to a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    pub handle: Handle,
    pub namespace: String,
    pub name: String,
    pub kind: String,
    pub lane: String,
    pub run: Option<RunId>,
    pub generation: i32,
    pub cause: AttemptCause,
    pub priority: i32,
    /// None: it did not travel with the claim, because it is large or was made ready by the call that claimed it; read it.
    pub input: Option<Payload>,
    /// The results of upstreams, by the names that edges gave them.
    pub inputs: BTreeMap<String, ClaimedInput>,
    pub lease_until_ms: i64,
    /// The span of the lease: what was asked for, or the longest that the policy admits.
    pub ttl_ms: i64,
    pub attempt_deadline_ms: Option<i64>,
    pub deadline_ms: Option<i64>,
}

/// A named input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedInput {
    /// The upstream execution, or the node of a condition.
    pub upstream: ExecutionId,
    pub generation: i32,
    pub outcome: Outcome,
    pub failure_code: Option<String>,
    /// None: it did not travel with the claim; read it. Void if the upstream gave nothing.
    pub payload: Option<Payload>,
}

impl Rule for Claim {
    type Answer = Vec<Claimed>;

    fn scope(&self) -> Scope {
        let request = &self.request;
        Scope::Claim(ClaimScope {
            lanes: request.lanes.clone(),
            namespaces: request.namespaces.clone(),
            capabilities: request.capabilities.iter().cloned().collect(),
            limit: request.limit,
            instance: request.instance.clone(),
            token: request.token,
        })
    }

    fn usual(&self) -> Option<Fused> {
        fused::claim(self)
    }

    /// Ends of candidates whose run is being cancelled are settled where the slice holds their run, as that of an end and claim may.
    fn decide(&self, draft: &mut Draft) -> Result<Vec<Claimed>, Error> {
        let claimed = self.take(draft)?;
        draft.settle()?;
        Ok(claimed)
    }
}

impl Claim {
    fn take(&self, draft: &mut Draft) -> Result<Vec<Claimed>, Error> {
        validate::claim(&self.request)?;
        let repeated = self.repeated(draft);
        if !repeated.is_empty() {
            return Ok(repeated.into_iter().filter_map(|id| self.answer(draft, id)).collect());
        }
        let mut room = self.lane_room(draft);
        let mut bytes = 0;
        let mut given = Vec::new();
        for id in self.candidates(draft) {
            if given.len() >= self.request.limit as usize || given.len() >= self.leases.len() {
                break;
            }
            if !draft.run_lets_start(id) {
                continue;
            }
            let Ok(row) = draft.execution(id) else { continue };
            let lane = draft.lane_of(row);
            let left = room.get_mut(&lane);
            if left.as_deref().is_some_and(|left| *left <= 0) {
                continue;
            }
            bytes += draft.bytes_of(id);
            if bytes > limits::CLAIM_BYTES_MAX && !given.is_empty() {
                break;
            }
            left.into_iter().for_each(|left| *left -= 1);
            self.give(draft, id, self.leases[given.len()])?;
            given.push(id);
        }
        Ok(given.into_iter().filter_map(|id| self.answer(draft, id)).collect())
    }

    /// Begins or resumes an attempt under a lease.
    fn give(&self, draft: &mut Draft, id: ExecutionId, lease: Token) -> Result<(), Error> {
        let now_ms = draft.now();
        let policy = draft.policy(draft.execution(id)?)?;
        // Whoever asks for a longer lease than the policy admits gets the longest one that it does.
        let (timeout_ms, ttl_ms) = (policy.attempt_timeout_ms, self.request.ttl_ms.min(policy.lease_ttl_max_ms));
        let parked =
            draft.attempt_mut(id).filter(|attempt| attempt.state == AttemptState::Parked).map(|attempt| attempt.active_left_ms);
        let row = draft.execution_mut(id)?;
        row.fence += 1;
        row.phase = Phase::Active;
        row.since_ms = now_ms;
        row.lease_id = Some(lease);
        row.worker = Some(self.request.worker.clone());
        row.instance = Some(self.request.instance.clone());
        row.lease_until_ms = Some(now_ms.saturating_add(ttl_ms));
        row.lease_ttl_ms = Some(ttl_ms);
        row.claim_token = Some(self.request.token);
        row.first_started_ms.get_or_insert(now_ms);
        let active_ms = parked.unwrap_or(timeout_ms);
        row.attempt_deadline_ms = active_ms.map(|span| now_ms.saturating_add(span));
        let kind = match parked {
            Some(_) => {
                self.resume(draft, id);
                EventKind::Resumed
            }
            None => {
                self.begin(draft, id)?;
                EventKind::Claimed
            }
        };
        draft.execution_event(kind, id, Some(&self.request.instance), &Value::Null);
        Ok(())
    }

    fn begin(&self, draft: &mut Draft, id: ExecutionId) -> Result<(), Error> {
        let now_ms = draft.now();
        let row = draft.execution_mut(id)?;
        row.attempt_no += 1;
        let attempt = Attempt {
            execution_id: id,
            attempt_no: row.attempt_no,
            generation: row.generation,
            state: AttemptState::Running,
            cause: row.next_cause,
            worker: self.request.worker.clone(),
            instance: self.request.instance.clone(),
            fence: row.fence,
            started_ms: now_ms,
            ended_ms: None,
            last_fence: None,
            last_call: None,
            last_digest: None,
            next_due_ms: None,
            active_left_ms: None,
            failure_class: None,
            failure_code: None,
            failure_message: None,
        };
        draft.state.attempts.insert(attempt.key(), attempt);
        Ok(())
    }

    fn resume(&self, draft: &mut Draft, id: ExecutionId) {
        let fence = draft.execution(id).map_or(0, |row| row.fence);
        if let Some(attempt) = draft.attempt_mut(id) {
            attempt.state = AttemptState::Running;
            attempt.worker.clone_from(&self.request.worker);
            attempt.instance.clone_from(&self.request.instance);
            attempt.fence = fence;
            attempt.active_left_ms = None;
        }
    }

    fn answer(&self, draft: &Draft, id: ExecutionId) -> Option<Claimed> {
        let row = draft.state.executions.get(&id)?;
        let attempt = draft.state.attempts.get(&(id, row.attempt_no))?;
        Some(Claimed {
            handle: Handle { execution: id, fence: row.fence, attempt_no: row.attempt_no, store: self.store },
            namespace: row.namespace.clone(),
            name: row.name.clone(),
            kind: row.kind.clone(),
            lane: draft.lane_of(row),
            run: row.run_id,
            generation: row.generation,
            cause: attempt.cause,
            priority: row.priority,
            input: draft.input_of(id, |row| self.gave(row)),
            inputs: draft.pinned(id),
            lease_until_ms: row.lease_until_ms?,
            ttl_ms: row.lease_ttl_ms?,
            attempt_deadline_ms: row.attempt_deadline_ms,
            deadline_ms: row.deadline_ms,
        })
    }
}

impl Draft<'_> {
    /// Whether the run of a candidate lets it start. If not it leaves the claim index: a member of a cancelled run ends here and
    /// then, a member of a stopped one is held.
    fn run_lets_start(&mut self, id: ExecutionId) -> bool {
        let Some(run) = self.state.executions.get(&id).and_then(|row| self.run_of(row)) else { return true };
        if run.phase == RunPhase::Running && !run.paused {
            return true;
        }
        let is_finalizing = run.phase == RunPhase::Cancelling
            && run.finalizers_released
            && !run.cancel_finalizers
            && self.state.executions.get(&id).is_some_and(|row| row.finalizer);
        if is_finalizing {
            return true;
        }
        self.make_runnable_again(id);
        false
    }
}
