//! How an execution is tried, timed and kept: fixed when it is created.

use std::collections::BTreeSet;

use levada_store::alphabets::FailureClass;
use levada_store::limits;
use serde::{Deserialize, Serialize};

/// All fields of a policy. Times are milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExecutionPolicy {
    pub retry: RetryPolicy,
    pub crash: CrashPolicy,
    /// Active time of one attempt; time in which it is parked does not count.
    pub attempt_timeout_ms: Option<i64>,
    /// The whole life, from creation or replay.
    pub deadline_ms: Option<i64>,
    /// How long it is kept after its end, if it belongs to no run.
    pub retention_ms: i64,
    pub request_key_window_ms: i64,
    pub lease_ttl_max_ms: i64,
}

/// When a failed attempt is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetryPolicy {
    /// None: without limit.
    pub max_retries: Option<i32>,
    pub retry_on: BTreeSet<FailureClass>,
    pub backoff: Backoff,
}

/// When an attempt whose lease expired is tried again. The first time it is at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CrashPolicy {
    pub crashes_max: i32,
    pub backoff: CrashBackoff,
}

/// `min(initial × factorᵛ, max)`, never spread: crashes come one by one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CrashBackoff {
    pub initial_ms: i64,
    /// Thousandths: 2000 doubles.
    pub factor_permille: i32,
    pub max_ms: i64,
}

/// `min(initial × factorᵛ, max)`, spread by ± jitter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Backoff {
    pub initial_ms: i64,
    /// Thousandths: 2000 doubles.
    pub factor_permille: i32,
    pub max_ms: i64,
    /// Thousandths of the delay.
    pub jitter_permille: i32,
}

impl Default for ExecutionPolicy {
    fn default() -> Self {
        Self {
            retry: RetryPolicy::default(),
            crash: CrashPolicy::default(),
            attempt_timeout_ms: None,
            deadline_ms: None,
            retention_ms: limits::RETENTION_MS_DEFAULT,
            request_key_window_ms: limits::REQUEST_KEY_WINDOW_MS_DEFAULT,
            lease_ttl_max_ms: limits::LEASE_TTL_MS_MAX,
        }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_retries: Some(limits::RETRIES_DEFAULT),
            retry_on: BTreeSet::from([FailureClass::Transient, FailureClass::Timeout, FailureClass::Resource]),
            backoff: Backoff::default(),
        }
    }
}

impl Default for CrashPolicy {
    fn default() -> Self {
        Self { crashes_max: limits::CRASHES_MAX_DEFAULT, backoff: CrashBackoff::default() }
    }
}

impl Default for CrashBackoff {
    fn default() -> Self {
        let Backoff { initial_ms, factor_permille, max_ms, jitter_permille: _ } = Backoff::default();
        Self { initial_ms, factor_permille, max_ms }
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self { initial_ms: 1_000, factor_permille: 2_000, max_ms: 60_000, jitter_permille: 200 }
    }
}
