//! A slow, obvious interpreter of the contract of the execution engine, §§1–3: the reference that the engine is compared with.
//!
//! It is written from the text alone and shares nothing with the rules but the words of the alphabets and the forms of requests. It
//! keeps plain lists, looks at everything each time, and draws consequences in one loop ([`Model::follow`]) until nothing changes.
//! Where the contract leaves a moment open (when the consequences of an end are drawn, when a cancelled run's members are ended, how
//! a delay is spread), it follows what was [`Seen`] and checks that it was allowed.

mod build;
mod cancel;
mod cancel_run;
mod claim;
mod end;
mod extend;
mod follow;
mod graph;
mod nodes;
mod open;
mod operator;
mod outcome;
mod replay;
mod seen;
mod steps;
mod sweep;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use levada_store::alphabets::{
    AttemptCause, AttemptState, Call, CancelPolicy, CancelState, Cause, ConditionState, EdgeState, EdgeWhen, EventKind,
    GroupState, Hold, LaneState, OnTimeout, Outcome, Phase, RunPhase,
};
use levada_store::rows::{Facts, Predicates};
use levada_store::{ExecutionId, RunId, Token};
use levada_tasks::spec::{ExecutionPolicy, GroupPolicy, RunOptions};

pub use cancel::{Dispatched, Reconciled};
pub use cancel_run::Cancelled;
pub use claim::Given;
pub use extend::Grown;
pub use outcome::is_failure;
pub use replay::{Again, Restarted};
pub use seen::Seen;
pub use work::Written;

/// The code of a refusal.
pub type Refused = &'static str;

/// Everything there is.
#[derive(Debug, Clone, Default)]
pub struct Model {
    pub now_ms: i64,
    pub executions: BTreeMap<ExecutionId, Execution>,
    pub runs: BTreeMap<RunId, Run>,
    /// Lanes that are not open, or limited.
    pub lanes: BTreeMap<String, Lane>,
    /// Engine nodes, and when each was heard of last.
    nodes: BTreeMap<u8, i64>,
    /// When the first node came back after the last outage (F-11).
    back_since_ms: Option<i64>,
    /// What happened, in order.
    pub log: Vec<Happened>,
    /// What the engine was seen to do in the step that is being interpreted.
    pub seen: Seen,
    /// Groups that this step opened: nobody was spared for them.
    fresh: BTreeSet<ExecutionId>,
    /// Numbers given to creations, ends and draws.
    numbers: u64,
}

/// Something that happened to an execution or a run in one of its generations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Happened {
    pub kind: EventKind,
    pub execution: Option<ExecutionId>,
    pub run: Option<RunId>,
    pub generation: i32,
}

/// A lane.
#[derive(Debug, Clone, Copy)]
pub struct Lane {
    pub state: LaneState,
    pub max_active: Option<i32>,
}

/// One unit of work.
#[derive(Debug, Clone)]
pub struct Execution {
    pub id: ExecutionId,
    pub name: String,
    pub run: Option<RunId>,
    pub lane: String,
    pub capabilities: BTreeSet<String>,
    pub priority: i32,
    /// Creation order.
    pub order: u64,
    pub essential: bool,
    pub finalizer: bool,
    pub policy: ExecutionPolicy,
    pub phase: Phase,
    pub hold: Hold,
    pub operator_hold: bool,
    pub created_ms: i64,
    pub due_ms: Option<i64>,
    pub deadline_ms: Option<i64>,
    pub attempt_deadline_ms: Option<i64>,
    pub fence: i64,
    pub generation: i32,
    pub retries: i32,
    pub crashes: i32,
    pub next_cause: AttemptCause,
    pub tries: Vec<Try>,
    pub lease: Option<Lease>,
    pub end: Option<End>,
    /// Since when, in the order of such moments, the consequences of its end are drawn.
    pub drawn: Option<u64>,
    /// Its failure was answered by its run's `on_failure`.
    pub answered: bool,
    /// Facts of results, by generation.
    pub results: BTreeMap<i32, Facts>,
    pub pins: BTreeMap<String, Pin>,
}

/// A worker's ownership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub instance: String,
    pub token: Token,
    pub until_ms: i64,
    /// The span that its holder asked for last.
    pub ttl_ms: i64,
}

/// One attempt.
#[derive(Debug, Clone)]
pub struct Try {
    /// None: closed, and the contract does not say under which word.
    pub state: Option<AttemptState>,
    pub cause: AttemptCause,
    pub generation: i32,
    /// The fence and the call that closed or parked it, and what that was told.
    pub last: Option<(i64, Call, Written)>,
    /// Until when it was to be delayed, if it was parked.
    pub until_ms: Option<i64>,
    /// Active time that is left while it is parked.
    pub left_ms: Option<i64>,
    pub failure_code: Option<String>,
}

/// How an execution ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    pub outcome: Outcome,
    pub cause: Cause,
    pub at_ms: i64,
    /// The order of ends.
    pub order: u64,
    /// The upstream that decided it.
    pub decided_by: Option<ExecutionId>,
    /// A cancel_run brought it.
    pub by_call: bool,
}

/// A pinned input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    pub upstream: ExecutionId,
    pub generation: i32,
    pub outcome: Outcome,
    pub failure_code: Option<String>,
}

/// A run.
#[derive(Debug, Clone)]
pub struct Run {
    pub id: RunId,
    pub phase: RunPhase,
    pub sealed: bool,
    pub paused: bool,
    pub generation: i32,
    pub revision: i64,
    /// What it was created with, for repetitions.
    pub made_of: String,
    pub options: RunOptions,
    pub outcome: Option<Outcome>,
    pub edges: Vec<Edge>,
    pub groups: BTreeMap<ExecutionId, Group>,
    pub conditions: BTreeMap<String, Condition>,
    /// What extended it, by key.
    pub fragments: BTreeMap<String, String>,
    pub cancel: Option<Cancel>,
    pub expired: bool,
    pub finalizers_released: bool,
    pub deadline_ms: Option<i64>,
    pub build_deadline_ms: Option<i64>,
}

/// An edge. Its upstream is an execution or the node of a condition.
#[derive(Debug, Clone)]
pub struct Edge {
    pub from: ExecutionId,
    pub condition: Option<String>,
    pub to: ExecutionId,
    pub asked: Asked,
    pub state: EdgeState,
}

/// What an edge says besides its ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub satisfied_by: EdgeWhen,
    pub predicates: Predicates,
    pub input: Option<String>,
}

/// All edges into one execution. Counts are counted, not kept.
#[derive(Debug, Clone)]
pub struct Group {
    pub policy: GroupPolicy,
    pub state: GroupState,
    pub cancel: CancelState,
    pub cancel_cause: Option<Cause>,
    pub kept: i32,
    /// Its row for the dispatcher: since when.
    pub pending_since_ms: Option<i64>,
}

/// An outside fact.
#[derive(Debug, Clone)]
pub struct Condition {
    pub state: ConditionState,
    pub facts: Facts,
    pub expires_ms: Option<i64>,
    pub on_timeout: OnTimeout,
    /// When, in the order of ends whose consequences are drawn.
    pub drawn: Option<u64>,
    pub timed_out: bool,
}

/// A cancel that is in force.
#[derive(Debug, Clone, Copy)]
pub struct Cancel {
    pub policy: CancelPolicy,
    /// By a call; else by `on_failure` or a deadline.
    pub explicit: bool,
    pub cause: Cause,
    pub finalizers_too: bool,
    /// mark_only: from when it is treated as cancel_pending.
    pub grace_ms: Option<i64>,
}

impl Model {
    /// Nothing, at a moment.
    #[must_use]
    pub fn new(now_ms: i64) -> Self {
        Self { now_ms, ..Self::default() }
    }

    /// A step begins of which the engine was seen to do this.
    pub fn begin(&mut self, now_ms: i64, seen: Seen) {
        self.now_ms = now_ms;
        self.seen = seen;
        self.fresh.clear();
    }

    /// An execution that is known to exist.
    #[must_use]
    pub fn execution(&self, id: ExecutionId) -> &Execution {
        &self.executions[&id]
    }

    fn execution_mut(&mut self, id: ExecutionId) -> &mut Execution {
        self.executions.get_mut(&id).expect("the execution exists")
    }

    fn run_mut(&mut self, id: RunId) -> &mut Run {
        self.runs.get_mut(&id).expect("the run exists")
    }

    /// The members of a run, in the order of their ids.
    pub fn members(&self, run: RunId) -> impl Iterator<Item = &Execution> + '_ {
        self.executions.values().filter(move |row| row.run == Some(run))
    }

    fn member_ids(&self, run: RunId) -> Vec<ExecutionId> {
        self.members(run).map(|row| row.id).collect()
    }

    /// All or nothing: what is refused changes nothing.
    fn atomically<T>(&mut self, change: impl FnOnce(&mut Self) -> Result<T, Refused>) -> Result<T, Refused> {
        let before = self.clone();
        let done = change(self);
        if done.is_err() {
            *self = before;
        }
        done
    }

    fn next_number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn say(&mut self, kind: EventKind, id: ExecutionId) {
        let row = self.execution(id);
        let happened = Happened { kind, execution: Some(id), run: row.run, generation: row.generation };
        self.log.push(happened);
    }

    fn say_run(&mut self, kind: EventKind, id: RunId) {
        let generation = self.runs[&id].generation;
        self.log.push(Happened { kind, execution: None, run: Some(id), generation });
    }
}
