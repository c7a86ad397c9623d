//! The graph of a run: edges, their groups, outside conditions, pinned inputs, and the siblings that are still to be cancelled.

use sha2::{Digest, Sha256};

use super::{Facts, Predicates, table};
use crate::alphabets::{
    CancelState, Cause, ConditionState, EdgeState, EdgeWhen, GroupState, Need, OnFired, OnTimeout, Outcome,
};
use crate::ids::{ExecutionId, RunId};

table!(
    /// A dependency of `child` on `upstream`, which is an execution of the same run or the node of a condition.
    Edge in "edge"
    key { run_id: RunId, child: ExecutionId, upstream: ExecutionId, }
    {
        /// The condition's key if the upstream is an outside fact; then `upstream` is [`condition_node`] of it.
        condition_key: Option<String>,
        satisfied_by: EdgeWhen,
        predicates: Predicates,
        /// The name under which the child sees the upstream's result.
        input: Option<String>,
        state: EdgeState,
        resolved_ms: Option<i64>,
    }
);

table!(
    /// All edges into one execution.
    Group in "edge_group"
    key { child: ExecutionId, }
    {
        run_id: RunId,
        need: Need,
        /// The k of a quorum; 1 for any of; n for all of is not kept here, because n still grows.
        quorum: i32,
        on_fired: OnFired,
        n: i32,
        satisfied: i32,
        missed: i32,
        state: GroupState,
        fired_ms: Option<i64>,
        cancel_state: CancelState,
        cancel_cause: Option<Cause>,
        /// Siblings that were spared because another open group needs them.
        kept: i32,
    }
);

impl Group {
    /// How many satisfied edges it needs.
    #[must_use]
    pub fn need_count(&self) -> i32 {
        match self.need {
            Need::AllOf => self.n,
            Need::AnyOf => 1,
            Need::Quorum => self.quorum,
        }
    }
}

table!(
    /// A fired group whose siblings are to be cancelled.
    CancelPending in "cancel_pending"
    key { child: ExecutionId, }
    {
        run_id: RunId,
        namespace: String,
        enqueued_ms: i64,
        not_before_ms: i64,
        tries: i32,
    }
);

table!(
    /// An outside fact that edges of a run wait for.
    Condition in "condition"
    key { run_id: RunId, key: String, }
    {
        namespace: String,
        state: ConditionState,
        facts: Facts,
        expires_ms: Option<i64>,
        on_timeout: OnTimeout,
        /// The run, or the execution, whose end resolves it.
        upstream_run: Option<RunId>,
        upstream_execution: Option<ExecutionId>,
        resolved_ms: Option<i64>,
    }
);

table!(
    /// An input of an execution, fixed when its group was satisfied.
    Pin in "execution_pin"
    key { execution_id: ExecutionId, name: String, }
    {
        upstream: ExecutionId,
        condition_key: Option<String>,
        generation: i32,
        outcome: Outcome,
        failure_code: Option<String>,
    }
);

/// The node that stands for a condition in the edges of a run. Derived, so that no table is needed to find it.
#[must_use]
pub fn condition_node(run: RunId, key: &str) -> ExecutionId {
    let digest = Sha256::new().chain_update(run.0.to_be_bytes()).chain_update(key.as_bytes()).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    ExecutionId(u128::from_be_bytes(bytes))
}
