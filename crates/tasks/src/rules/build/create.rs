//! Creating an empty run, to be built step by step.

use levada_base::Error;
use levada_store::alphabets::{EventKind, KeyOf, RunPhase};
use levada_store::limits::BUILD_MS_MAX;
use levada_store::rows::{Row, Run, Tag};
use levada_store::{ExecutionId, RunId, Scope};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::{Created, Draft, Rule, errors, intern};
use super::{RunState, request};
use crate::spec::{NewRun, RunOptions};

/// Create a run without members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateRun {
    /// The caller's id, or one made for it.
    pub id: RunId,
    pub new: NewRun,
}

impl Rule for CreateRun {
    type Answer = Created<RunState>;

    fn scope(&self) -> Scope {
        let key = self.new.request_key.iter().map(|key| Scope::Key(self.new.options.namespace.clone(), key.clone()));
        Scope::All(std::iter::once(Scope::Run(self.id)).chain(key).collect())
    }

    fn namespace(&self) -> Option<&str> {
        Some(&self.new.options.namespace)
    }

    fn decide(&self, draft: &mut Draft) -> Result<Created<RunState>, Error> {
        request::run(&self.new.name, &self.new.options, self.new.request_key.as_ref())?;
        let digest = intern::digest(&self.new);
        let key = self.new.request_key.as_deref();
        if let Some(run) = draft.existing_run(self.id, &self.new.options.namespace, key, digest)? {
            return Ok(Created::Existing(run));
        }
        draft.insert_run(self.id, &self.new.name, &self.new.options, digest);
        draft.put_run_key(self.id, &self.new.options, key, digest);
        Ok(Created::Created(draft.run(self.id)?.into()))
    }
}

impl Draft<'_> {
    /// The run that this create or submit made before, by key or by id.
    pub(super) fn existing_run(
        &self,
        id: RunId,
        namespace: &str,
        key: Option<&str>,
        digest: i64,
    ) -> Result<Option<RunState>, Error> {
        if let Some(key) = key
            && let Some(target) = self.used_key((namespace, key), KeyOf::Run, digest)?
        {
            return Ok(Some(self.run(RunId(target.0))?.into()));
        }
        match self.state.runs.get(&id) {
            Some(row) if row.content_digest == digest => Ok(Some(row.into())),
            Some(_) => Err(errors::used_otherwise(format!("run id \"{id}\""))),
            None => Ok(None),
        }
    }

    /// Remembers what a run's request key stands for.
    pub(super) fn put_run_key(&mut self, id: RunId, options: &RunOptions, key: Option<&str>, digest: i64) {
        if let Some(key) = key {
            let target = (KeyOf::Run, ExecutionId(id.0));
            self.put_request_key((&options.namespace, key), target, digest, options.request_key_window_ms);
        }
    }

    /// The rows of a new run that is being built.
    pub(super) fn insert_run(&mut self, id: RunId, name: &str, options: &RunOptions, digest: i64) {
        let now_ms = self.now();
        let row = Run {
            id,
            namespace: options.namespace.clone(),
            name: name.to_owned(),
            graph_version: options.graph_version.clone(),
            content_digest: digest,
            revision: 0,
            generation: 0,
            phase: RunPhase::Building,
            paused: false,
            outcome: None,
            cause: None,
            on_failure: options.on_failure,
            members: 0,
            edges: 0,
            finalizers: 0,
            finalizers_settled: 0,
            finalizers_released: false,
            settled_succeeded: 0,
            settled_failed: 0,
            settled_cancelled: 0,
            settled_expired: 0,
            settled_skipped: 0,
            epoch: options.epoch,
            cancel_policy: None,
            cancel_reason: None,
            cancel_actor: None,
            cancel_finalizers: false,
            cancel_grace_ms: None,
            cancel_ended_any: false,
            cancel_backlog: false,
            expired: false,
            build_deadline_ms: Some(now_ms.saturating_add(BUILD_MS_MAX)),
            deadline_ms: None,
            deadline_span_ms: options.deadline_ms,
            retention_ms: options.retention_ms,
            retain_until_ms: None,
            created_ms: now_ms,
            sealed_ms: None,
            ended_ms: None,
        };
        self.state.runs.insert(id, row);
        let owner = ExecutionId(id.0);
        for (key, value) in &options.tags {
            let tag = Tag { owner, key: key.clone(), namespace: options.namespace.clone(), value: value.clone() };
            self.state.tags.insert(tag.key(), tag);
        }
        self.run_event(EventKind::RunCreated, id, None, &json!({ "name": name }));
    }
}
