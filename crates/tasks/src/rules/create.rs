//! Creating an execution.

use levada_base::Error;
use levada_store::alphabets::{AttemptCause, EventKind, Hold, KeyOf, LaneState, Phase, PublicState};
use levada_store::rows::{Execution, Input, RequestKey, Row, Tag};
use levada_store::{ExecutionId, RunId, Scope};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Draft, Rule, errors, intern, validate};
use crate::spec::{NewExecution, Payload};

/// Create an execution that belongs to no run yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateExecution {
    /// The caller's id, or one made for it.
    pub id: ExecutionId,
    pub new: NewExecution,
}

/// What a create or submit answers: the thing, made now or before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created<T> {
    Created(T),
    Existing(T),
}

impl<T> Created<T> {
    /// The thing, made now or before.
    pub fn into_inner(self) -> T {
        match self {
            Self::Created(thing) | Self::Existing(thing) => thing,
        }
    }
}

impl Rule for CreateExecution {
    type Answer = Created<(ExecutionId, PublicState)>;

    fn scope(&self) -> Scope {
        let mut parts = vec![Scope::Executions(vec![self.id]), Scope::Lanes(vec![self.new.lane.clone()])];
        parts.extend(self.new.request_key.iter().map(|key| Scope::Key(self.new.namespace.clone(), key.clone())));
        Scope::All(parts)
    }

    fn namespace(&self) -> Option<&str> {
        Some(&self.new.namespace)
    }

    fn decide(&self, draft: &mut Draft) -> Result<Self::Answer, Error> {
        validate::execution(&self.new)?;
        if self.new.finalizer && !self.new.staged {
            return Err(errors::not_here("finalizer", "only members of a run can be finalizers: stage it, or submit a run"));
        }
        let digest = intern::digest(&self.new);
        if let Some(id) = draft.existing_execution(self, digest)? {
            return Ok(Created::Existing((id, draft.execution(id)?.public_state())));
        }
        draft.lane_takes(&self.new.lane)?;
        draft.insert_execution(self.id, &self.new, digest, None);
        if !self.new.staged {
            draft.make_runnable(self.id);
        }
        if let Some(key) = &self.new.request_key {
            draft.put_request_key(
                (&self.new.namespace, key),
                (KeyOf::Execution, self.id),
                digest,
                self.new.policy.request_key_window_ms,
            );
        }
        Ok(Created::Created((self.id, draft.execution(self.id)?.public_state())))
    }
}

impl Draft<'_> {
    /// The execution that this create made before, by key or by id.
    fn existing_execution(&self, event: &CreateExecution, digest: i64) -> Result<Option<ExecutionId>, Error> {
        if let Some(key) = &event.new.request_key
            && let Some(target) = self.used_key((&event.new.namespace, key), KeyOf::Execution, digest)?
        {
            return Ok(Some(target));
        }
        match self.state.executions.get(&event.id) {
            Some(row) if row.content_digest == digest => Ok(Some(event.id)),
            Some(_) => Err(errors::used_otherwise(format!("execution id \"{}\"", event.id))),
            None => Ok(None),
        }
    }

    /// What a request key stands for, if it was used with the same content and is not forgotten.
    pub(crate) fn used_key(&self, key: (&str, &str), of: KeyOf, digest: i64) -> Result<Option<ExecutionId>, Error> {
        let Some(row) = self.state.request_keys.get(&(key.0.to_owned(), key.1.to_owned())) else { return Ok(None) };
        let stored = self.state.executions.contains_key(&row.target) || self.state.runs.contains_key(&RunId(row.target.0));
        if row.expires_ms <= self.now() && !stored {
            return Ok(None);
        }
        if row.of != of || row.digest != digest {
            return Err(errors::used_otherwise(format!("request key \"{}\"", key.1)));
        }
        Ok(Some(row.target))
    }

    /// Remembers what a request key stands for.
    pub(crate) fn put_request_key(&mut self, key: (&str, &str), target: (KeyOf, ExecutionId), digest: i64, window_ms: i64) {
        let expires_ms = self.now().saturating_add(window_ms);
        let (namespace, key) = (key.0.to_owned(), key.1.to_owned());
        let row = RequestKey { namespace, key, of: target.0, target: target.1, digest, expires_ms, look_ms: expires_ms };
        self.state.request_keys.insert(row.key(), row);
    }

    /// Whether a lane takes new executions.
    pub(crate) fn lane_takes(&self, lane: &str) -> Result<(), Error> {
        let state = self.state.lanes.get(lane).map_or(LaneState::Open, |row| row.state);
        match state {
            LaneState::Open | LaneState::Paused => Ok(()),
            LaneState::Draining | LaneState::Disabled => {
                Err(levada_base::Error::new(levada_base::codes::LV_T108, format!("lane \"{lane}\" is {state}"))
                    .with_hint("resume the lane, or choose another"))
            }
        }
    }

    /// The rows of a new execution, staged. `run` makes it a member; counting it is the caller's.
    pub(crate) fn insert_execution(&mut self, id: ExecutionId, new: &NewExecution, digest: i64, run: Option<RunId>) {
        let now_ms = self.now();
        let (policy, route) = (intern::policy(&new.policy), intern::route(new));
        let row = Execution {
            id,
            namespace: new.namespace.clone(),
            name: new.name.clone(),
            kind: new.kind.clone(),
            run_id: run,
            route_id: route.id,
            policy_id: policy.id,
            content_digest: digest,
            phase: Phase::Staged,
            hold: Hold::None,
            hold_ref: None,
            operator_hold: false,
            priority: new.priority,
            seq: self.next_seq(),
            due_ms: new.due_ms,
            recheck_ms: None,
            attempt_deadline_ms: None,
            deadline_ms: new.policy.deadline_ms.map(|span| now_ms.saturating_add(span)),
            fence: 0,
            generation: 0,
            attempt_no: 0,
            retry_used: 0,
            crash_used: 0,
            next_cause: AttemptCause::First,
            lease_id: None,
            worker: None,
            instance: None,
            lease_until_ms: None,
            lease_ttl_ms: None,
            claim_token: None,
            outcome: None,
            cause: None,
            cancelled_by_call: false,
            ended_ms: None,
            created_ms: now_ms,
            first_started_ms: None,
            since_ms: now_ms,
            essential: new.essential,
            finalizer: new.finalizer,
            decided_by: None,
            retain_until_ms: None,
        };
        self.state.executions.insert(id, row);
        self.state.policies.insert(policy.id, policy);
        self.state.routes.insert(route.id, route);
        // Nothing is what has no row: most executions of a schedule or a refresh have no input.
        if new.input != Payload::Void {
            let bytes = new.input.bytes().to_vec();
            let length = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
            self.state.inputs.insert(id, Input { execution_id: id, storage: new.input.storage(), length, bytes });
        }
        for (key, value) in &new.tags {
            let tag = Tag { owner: id, key: key.clone(), namespace: new.namespace.clone(), value: value.clone() };
            self.state.tags.insert(tag.key(), tag);
        }
        self.execution_event(EventKind::ExecutionCreated, id, None, &Value::Null);
    }
}
