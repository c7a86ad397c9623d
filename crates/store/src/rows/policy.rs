//! Policies: everything that is fixed when an execution is created, interned by digest.

use super::table;

table!(
    /// How an execution is tried, timed and kept.
    Policy in "policy" [insert_only]
    key { id: i64, }
    {
        /// None: without limit.
        retries_max: Option<i32>,
        /// A bit per [`crate::alphabets::FailureClass`] that is tried again.
        retry_on: i32,
        retry_initial_ms: i64,
        retry_factor_permille: i32,
        retry_max_ms: i64,
        retry_jitter_permille: i32,
        crashes_max: i32,
        crash_initial_ms: i64,
        crash_factor_permille: i32,
        crash_max_ms: i64,
        attempt_timeout_ms: Option<i64>,
        /// The span of a whole life; a replay starts it anew.
        deadline_ms: Option<i64>,
        retention_ms: i64,
        request_key_window_ms: i64,
        lease_ttl_max_ms: i64,
    }
);
