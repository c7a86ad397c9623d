//! How a store is opened: data only.

use std::time::Duration;

use levada_store::limits::INLINE_RUN_MAX;

/// Connections of one engine node.
pub const POOL_DEFAULT: usize = 10;
/// Transactions of one node at a time; calls that wait for one are merged.
pub const DRIVERS_DEFAULT: usize = 3;
/// The longest that a call tries.
pub const OPERATION_TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);
/// Hints sent to other nodes are merged for so long: at most 200 notifications a second.
pub const NOTIFY_EVERY_DEFAULT: Duration = Duration::from_millis(5);

/// Settings of a [`crate::PostgresStore`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `postgres://user:password@host:port/database`, or `key=value` pairs.
    pub url: String,
    /// The schema of the tables; made at the first start.
    pub schema: String,
    /// What the server shows as the name of this node's connections.
    pub node: String,
    pub pool: usize,
    pub drivers: usize,
    pub operation_timeout: Duration,
    /// Whether to listen for hints of other nodes. Without, a node finds other nodes' work by polling alone; so behind a pooler
    /// that gives connections away between transactions.
    pub listen: bool,
    pub notify_every: Duration,
    /// Runs with at most so many members are settled where they end. The same on all nodes.
    pub inline_run_max: i32,
}

impl Settings {
    /// The defaults for a database.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            schema: "levada".to_owned(),
            node: "levada".to_owned(),
            pool: POOL_DEFAULT,
            drivers: DRIVERS_DEFAULT,
            operation_timeout: OPERATION_TIMEOUT_DEFAULT,
            listen: true,
            notify_every: NOTIFY_EVERY_DEFAULT,
            inline_run_max: INLINE_RUN_MAX,
        }
    }
}
