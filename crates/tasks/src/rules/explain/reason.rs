//! One unmet reason.

use levada_store::alphabets::{CancelPolicy, EdgeWhen, LaneState, OnTimeout};
use levada_store::{ExecutionId, RunId};
use serde::{Deserialize, Serialize};

use super::{Operation, Owner, Trigger, Waiting};

/// Why something is not over, since when, who acts next, and the way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    #[serde(flatten)]
    pub why: Why,
    /// Since when, if the rows tell.
    pub since_ms: Option<i64>,
    pub owner: Owner,
    pub trigger: Trigger,
    /// When it is over by itself, if that is known.
    pub expected_ms: Option<i64>,
    /// The call that ends it now.
    pub unblock: Option<Operation>,
    /// The same as an SQL statement.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub statement: Option<String>,
}

/// The closed set of reasons. What the engine cannot hold back for has none: budgets, quotas, concurrency keys, waitpoints and
/// approvals are added with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
#[non_exhaustive]
pub enum Why {
    /// The graph is still being built. Without a run: staged, and added to no run yet.
    NotSealed {
        run: Option<RunId>,
    },
    /// An edge is open because its upstream has not ended, or its end is not settled. For a finalizer the upstream is its run: all members
    /// that are no finalizers.
    EdgeOpen {
        satisfied_by: EdgeWhen,
        upstream: Box<Waiting>,
    },
    /// An outside fact is not known.
    ConditionOpen {
        run: RunId,
        key: String,
        detail: ConditionDetail,
    },
    DueAt {
        at_ms: i64,
    },
    RunPaused {
        run: RunId,
    },
    OperatorHold,
    /// The lane lets nothing be claimed: it is paused or disabled.
    LanePaused {
        lane: String,
        state: LaneState,
    },
    LaneFull {
        lane: String,
        active: i64,
        max_active: i32,
    },
    /// No live registered worker of the lane offers everything. `missing` is what the nearest one does not offer; `workers` are the live
    /// ones of the lane.
    NoCapableWorker {
        lane: String,
        missing: Vec<String>,
        workers: u32,
    },
    /// Registered workers could take it and have not yet. `places` is how many executions they take at a time, `taken` how many they hold.
    WorkersBusy {
        lane: String,
        workers: u32,
        places: i64,
        taken: i64,
    },
    Leased {
        worker: String,
        instance: String,
        until_ms: i64,
    },
    /// Ends are written whose consequences are not drawn yet.
    Settling {
        marks: i64,
    },
    /// The run is being cancelled; so many members are not settled yet.
    Cancelling {
        run: RunId,
        policy: Option<CancelPolicy>,
        left: i64,
    },
    /// The store did not answer, so nothing else is known.
    StoreUnavailable {
        code: String,
        message: String,
    },
}

/// What resolves a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "awaits")]
pub enum ConditionDetail {
    /// A call; if it has a time, it is missed or its children fail then.
    Call {
        on_timeout: Option<OnTimeout>,
    },
    /// The end of another run, or of an execution of another run. `stored` says whether there is one.
    EndOfRun {
        run: RunId,
        stored: bool,
        ended: bool,
    },
    EndOfExecution {
        execution: ExecutionId,
        stored: bool,
        ended: bool,
    },
}

impl Reason {
    /// A reason since a time; nobody knows when it is over, and no call ends it.
    pub(super) fn new(why: Why, since_ms: Option<i64>, owner: Owner, trigger: Trigger) -> Self {
        Self { why, since_ms, owner, trigger, expected_ms: None, unblock: None, statement: None }
    }

    pub(super) fn expected(mut self, at_ms: Option<i64>) -> Self {
        self.expected_ms = at_ms;
        self
    }

    pub(super) fn ended_by(mut self, operation: Operation) -> Self {
        self.statement = operation.statement();
        self.unblock = Some(operation);
        self
    }

    /// Whether somebody's turn is known: false if an edge is open although its upstream is over and nothing will settle it.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        match &self.why {
            Why::EdgeOpen { upstream, .. } => upstream.is_answered(),
            _ => true,
        }
    }
}
