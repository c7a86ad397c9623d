//! Content digests, and the rows that many executions share.

use levada_store::rows::{Policy, Route};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::retry;
use crate::spec::{ExecutionPolicy, NewExecution};

/// The first eight bytes of the SHA-256 of the content as JSON. Maps are ordered, so equal content has equal digests.
pub(crate) fn digest(content: &impl Serialize) -> i64 {
    // Plain data under text keys: this cannot fail.
    of_bytes(&serde_json::to_vec(content).unwrap_or_default())
}

/// The first eight bytes of the SHA-256 of bytes.
pub(crate) fn of_bytes(bytes: &[u8]) -> i64 {
    let hash = Sha256::digest(bytes);
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    i64::from_be_bytes(first)
}

/// The row of a policy.
pub(crate) fn policy(spec: &ExecutionPolicy) -> Policy {
    Policy {
        id: digest(spec),
        retries_max: spec.retry.max_retries,
        retry_on: spec.retry.retry_on.iter().map(|class| retry::bit(*class)).sum(),
        retry_initial_ms: spec.retry.backoff.initial_ms,
        retry_factor_permille: spec.retry.backoff.factor_permille,
        retry_max_ms: spec.retry.backoff.max_ms,
        retry_jitter_permille: spec.retry.backoff.jitter_permille,
        crashes_max: spec.crash.crashes_max,
        crash_initial_ms: spec.crash.backoff.initial_ms,
        crash_factor_permille: spec.crash.backoff.factor_permille,
        crash_max_ms: spec.crash.backoff.max_ms,
        attempt_timeout_ms: spec.attempt_timeout_ms,
        deadline_ms: spec.deadline_ms,
        retention_ms: spec.retention_ms,
        request_key_window_ms: spec.request_key_window_ms,
        lease_ttl_max_ms: spec.lease_ttl_max_ms,
    }
}

/// The row of the route that an execution takes.
pub(crate) fn route(new: &NewExecution) -> Route {
    let capabilities = new.capabilities.iter().cloned().collect::<Vec<_>>().join(",");
    let id = digest(&(&new.namespace, &new.lane, &capabilities));
    Route { id, namespace: new.namespace.clone(), lane: new.lane.clone(), capabilities }
}
