//! Where a test looks into the writer's transactions, to end the process in the middle of one.
//!
//! Not for metrics: what the writer did is counted in `statistics`.

use std::sync::Arc;

/// Told of each statement of the writer's transactions before it runs, `BEGIN` and `COMMIT` included, and by [`COMMITTED`] of a commit
/// that is done and not yet answered. It runs inside of the transaction, so it must not call the store.
pub type Probe = Arc<dyn Fn(&'static str) + Send + Sync>;

/// What a probe is told between a commit and the answers of its calls.
pub const COMMITTED: &str = "-- committed";

/// What begins and ends the writer's transactions.
pub(crate) const BEGIN: &str = "BEGIN IMMEDIATE";
pub(crate) const COMMIT: &str = "COMMIT";
