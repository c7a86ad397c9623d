//! The items of a worker's calls.

use std::collections::BTreeSet;

use levada_store::alphabets::FailureClass;
use levada_store::rows::Facts;
use levada_store::{ExecutionId, Token, limits};
use serde::{Deserialize, Serialize};

use super::Payload;

/// Proof of ownership of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Handle {
    pub execution: ExecutionId,
    pub fence: i64,
    /// Reported, never decisive.
    pub attempt_no: i32,
    /// The store that gave it.
    pub store: Token,
}

/// What a worker instance asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimRequest {
    pub lanes: Vec<String>,
    /// None: all that this engine node serves.
    #[serde(default)]
    pub namespaces: Option<Vec<String>>,
    pub worker: String,
    pub instance: String,
    #[serde(default)]
    pub capabilities: BTreeSet<String>,
    pub limit: u32,
    pub ttl_ms: i64,
    /// Repeating a claim with its token gives what is still active under it, and nothing new.
    pub token: Token,
    /// How long to wait for something to do; at most 30 s.
    #[serde(default)]
    pub wait_ms: i64,
}

impl ClaimRequest {
    /// Up to `limit` executions of a lane, with the default lease, without waiting. The token is the caller's to make.
    #[must_use]
    pub fn of_lane(lane: &str, instance: &str, limit: u32, token: Token) -> Self {
        Self {
            lanes: vec![lane.to_owned()],
            namespaces: None,
            worker: instance.to_owned(),
            instance: instance.to_owned(),
            capabilities: BTreeSet::new(),
            limit,
            ttl_ms: limits::LEASE_TTL_MS_DEFAULT,
            token,
            wait_ms: 0,
        }
    }
}

/// Keep the lease for another `ttl_ms`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renew {
    pub handle: Handle,
    pub ttl_ms: i64,
}

/// It is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complete {
    pub handle: Handle,
    pub result: Payload,
    pub facts: Facts,
}

/// It failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fail {
    pub handle: Handle,
    pub failure: Failure,
}

/// How it failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub class: FailureClass,
    /// For programs, at most 64 bytes.
    pub code: String,
    /// For people.
    pub message: String,
}

/// It need not be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skip {
    pub handle: Handle,
    pub reason: String,
}

/// Give it back until a store time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delay {
    pub handle: Handle,
    pub until_ms: i64,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgressNote {
    pub handle: Handle,
    pub permille: Option<i32>,
    pub note: String,
}
