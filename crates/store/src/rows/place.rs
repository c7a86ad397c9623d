//! Where work waits and who takes it: lanes, routes, workers, engine nodes.

use super::table;
use crate::alphabets::{LaneState, WorkerState};
use crate::ids::Token;

table!(
    /// A named queue of executions. A lane without a row is open and unlimited.
    Lane in "lane"
    key { name: String, }
    {
        state: LaneState,
        max_active: Option<i32>,
        changed_ms: i64,
    }
);

table!(
    /// An interned (namespace, lane, required capabilities); its id is a digest of the three.
    Route in "route" [insert_only]
    key { id: i64, }
    {
        namespace: String,
        lane: String,
        /// Sorted, separated by commas; empty if every worker may take it.
        capabilities: String,
    }
);

table!(
    /// A worker that made itself known. Nothing but `explain` and people depend on it.
    WorkerRow in "worker"
    key { instance: String, }
    {
        worker: String,
        /// Separated by commas, like the capabilities.
        lanes: String,
        capabilities: String,
        max_concurrent: i32,
        ttl_ms: i64,
        expires_ms: Option<i64>,
        state: WorkerState,
        reason: Option<String>,
    }
);

table!(
    /// A process that runs the engine on this store.
    EngineNode in "engine_node"
    key { id: Token, }
    {
        name: String,
        started_ms: i64,
        alive_ms: i64,
        /// Until when lease expiry waits, because nobody was alive for too long before.
        grace_until_ms: Option<i64>,
    }
);
