//! New runs, edges and groups, and what can be asked of a run.

use std::collections::BTreeMap;
use std::time::Duration;

use levada_store::alphabets::{CancelPolicy, EdgeWhen, Need, OnFailure, OnFired, OnTimeout};
use levada_store::limits;
use levada_store::rows::{Facts, Predicates};
use levada_store::{ExecutionId, RunId};
use serde::{Deserialize, Serialize};

use super::NewExecution;

/// A run to be built step by step.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewRun {
    pub id: Option<RunId>,
    pub name: String,
    pub options: RunOptions,
    pub request_key: Option<String>,
}

/// What belongs to a run however it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunOptions {
    pub namespace: String,
    pub graph_version: Option<String>,
    pub on_failure: OnFailure,
    /// From sealing.
    pub deadline_ms: Option<i64>,
    pub retention_ms: i64,
    pub request_key_window_ms: i64,
    pub tags: BTreeMap<String, String>,
    /// The epoch at which its statements read.
    pub epoch: Option<i64>,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            namespace: "default".to_owned(),
            graph_version: None,
            on_failure: OnFailure::Continue,
            deadline_ms: None,
            retention_ms: limits::RETENTION_MS_DEFAULT,
            request_key_window_ms: limits::REQUEST_KEY_WINDOW_MS_DEFAULT,
            tags: BTreeMap::new(),
            epoch: None,
        }
    }
}

/// Where an edge comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Upstream {
    Execution(ExecutionId),
    /// An outside fact of the run.
    Condition(String),
}

/// A dependency to be staged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewEdge {
    pub upstream: Upstream,
    pub child: ExecutionId,
    #[serde(default = "success")]
    pub satisfied_by: EdgeWhen,
    #[serde(default)]
    pub predicates: Predicates,
    #[serde(default)]
    pub input: Option<String>,
    /// For a condition: until when it must be resolved, and what happens if it is not.
    #[serde(default)]
    pub condition: NewCondition,
}

/// The timeout of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewCondition {
    /// Store time, UTC milliseconds.
    pub expires_ms: Option<i64>,
    pub on_timeout: OnTimeout,
}

impl Default for NewCondition {
    fn default() -> Self {
        Self { expires_ms: None, on_timeout: OnTimeout::Miss }
    }
}

const fn success() -> EdgeWhen {
    EdgeWhen::Success
}

impl NewEdge {
    /// A child that waits for an execution's success.
    #[must_use]
    pub fn success(upstream: ExecutionId, child: ExecutionId) -> Self {
        Self {
            upstream: Upstream::Execution(upstream),
            child,
            satisfied_by: EdgeWhen::Success,
            predicates: Predicates::default(),
            input: None,
            condition: NewCondition::default(),
        }
    }
}

/// How many edges a child needs, and what becomes of the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupPolicy {
    pub need: Need,
    /// The k of a quorum; 0 for the others.
    #[serde(default)]
    pub quorum: i32,
    pub on_fired: OnFired,
}

impl GroupPolicy {
    /// Every edge; the rest may run.
    #[must_use]
    pub const fn all_of() -> Self {
        Self { need: Need::AllOf, quorum: 0, on_fired: OnFired::LetRun }
    }

    /// One edge; the rest is cancelled.
    #[must_use]
    pub const fn any_of() -> Self {
        Self { need: Need::AnyOf, quorum: 0, on_fired: OnFired::CancelRemaining }
    }

    /// k edges; the rest is cancelled.
    #[must_use]
    pub const fn quorum(k: i32) -> Self {
        Self { need: Need::Quorum, quorum: k, on_fired: OnFired::CancelRemaining }
    }

    /// The same with another fate of the rest.
    #[must_use]
    pub const fn with(mut self, on_fired: OnFired) -> Self {
        self.on_fired = on_fired;
        self
    }
}

impl Default for GroupPolicy {
    fn default() -> Self {
        Self::all_of()
    }
}

/// A whole run in one call: nodes by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunGraph {
    pub id: Option<RunId>,
    pub name: String,
    pub options: RunOptions,
    pub request_key: Option<String>,
    pub nodes: Vec<GraphNode>,
    pub edges: Vec<GraphEdge>,
}

/// A node of a graph: an execution, and its group's policy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GraphNode {
    pub execution: NewExecution,
    /// Absent: all of, let run.
    pub group: Option<GroupPolicy>,
}

/// An edge of a graph, by names of nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphEdge {
    /// A node, or a condition if `is_condition`.
    pub from: String,
    #[serde(default)]
    pub is_condition: bool,
    pub to: String,
    #[serde(default = "success")]
    pub satisfied_by: EdgeWhen,
    #[serde(default)]
    pub predicates: Predicates,
    #[serde(default)]
    pub input: Option<String>,
    #[serde(default)]
    pub condition: NewCondition,
}

impl GraphEdge {
    /// `to` waits for the success of `from`.
    #[must_use]
    pub fn success(from: &str, to: &str) -> Self {
        Self {
            from: from.to_owned(),
            is_condition: false,
            to: to.to_owned(),
            satisfied_by: EdgeWhen::Success,
            predicates: Predicates::default(),
            input: None,
            condition: NewCondition::default(),
        }
    }

    /// The same for another end of the upstream.
    #[must_use]
    pub fn when(mut self, satisfied_by: EdgeWhen) -> Self {
        self.satisfied_by = satisfied_by;
        self
    }

    /// The same with the upstream's result as a named input.
    #[must_use]
    pub fn as_input(mut self, name: &str) -> Self {
        self.input = Some(name.to_owned());
        self
    }
}

/// New executions and edges into them, for a run that is already running. Edges name nodes of the fragment or of the run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fragment {
    /// A repeated extension with this key adds nothing.
    pub key: String,
    pub nodes: Vec<GraphNode>,
    pub edges: Vec<GraphEdge>,
}

/// How an outside fact came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    Satisfied(Facts),
    Missed,
}

/// How a run is cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelRun {
    pub policy: CancelPolicy,
    pub wait: Wait,
    pub reason: String,
    pub actor: String,
    /// Finalizers are cancelled like the others instead of being run.
    pub include_finalizers: bool,
    /// mark_only: after this it is treated as cancel_pending.
    pub grace_ms: i64,
}

impl CancelRun {
    /// Everything, now, without waiting.
    #[must_use]
    pub fn all(reason: &str, actor: &str) -> Self {
        Self {
            policy: CancelPolicy::CancelAll,
            wait: Wait::No,
            reason: reason.to_owned(),
            actor: actor.to_owned(),
            include_finalizers: false,
            grace_ms: limits::CANCEL_GRACE_MS,
        }
    }
}

/// How long a cancel waits for its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    No,
    For(Duration),
    /// Up to a ceiling of 300 s.
    Indefinite,
}
