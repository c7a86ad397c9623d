//! Reads: what can be asked of a store without changing it, and what comes back.

use serde::{Deserialize, Serialize};

use crate::alphabets::{PublicState, RunPhase};
use crate::ids::{ExecutionId, RunId};
use crate::reasons::Subject;
use crate::rows::Condition;
use crate::scope::{DueKind, Scope, Wanted};
use crate::state::State;

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// The rows of a scope, as a transaction would see them, without locks.
    Scope(Scope),
    /// An execution's input and results of all generations, with bytes; its pins, and with bytes the results they point to.
    Payload(ExecutionId),
    /// All attempts of an execution, with the execution.
    Attempts(ExecutionId),
    /// Executions in the order of (creation time, id), with tags.
    Executions(ExecutionFilter, Option<PageCursor>, u32),
    /// Runs in the order of (creation time, id), with tags.
    Runs(RunFilter, Option<PageCursor>, u32),
    /// Edges of a run in the order of (child, upstream), behind one of them, with the groups that they lead to and the run's header.
    Edges {
        run: RunId,
        after: Option<(ExecutionId, ExecutionId)>,
        limit: u32,
    },
    /// Pending cancels that may be tried now, in the order of (enqueued, group): of namespaces, older than so many milliseconds.
    PendingCancels {
        namespaces: Option<Vec<String>>,
        older_than_ms: i64,
        limit: u32,
    },
    /// Headers of runs that have marks; of runs that have not ended and whose cancel has members left to end.
    MarkedRuns(Wanted),
    BacklogRuns(Wanted),
    /// The earliest stored times of a kind, passed or to come, and whose they are.
    Due(DueKind, Wanted),
    /// Open conditions that the end of a run or execution resolves, in the order of (run, key), with those upstreams of them that have
    /// ended; those whose upstream has ended come first.
    AwaitedEnds(Wanted, Awaiting),
    /// Routes of which something may be claimed now, in the order of their ids.
    ReadyRoutes(u32),
    /// Why an execution or a run is not over: what it waits for, and what that waits for. Counts: `members` that have not ended by public
    /// state, `marks` and open `conditions` of a run; `active` executions by lane with a limit; `leases` by instance.
    Reasons(Subject),
    Lanes,
    Workers,
    Schedules,
    /// The gauges: what is there and may change yet. Executions per lane and public state and runs per phase, without those that
    /// ended; leases, marks, pending cancels, runs with a backlog, workers per lane. What ended is counted where it ends.
    Counts,
    /// Bytes of each table with its indexes, as far as the store can tell: counts of the gauge `store_bytes`. It may read all of the
    /// store's pages.
    Bytes,
}

/// Which of the conditions that wait for an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Awaiting {
    All,
    /// Those that wait for one of these runs and executions, and those of these runs.
    Of {
        upstreams: Vec<u128>,
        runs: Vec<RunId>,
    },
}

impl Awaiting {
    /// Whether a condition is one of them.
    #[must_use]
    pub fn lets(&self, row: &Condition) -> bool {
        match self {
            Self::All => true,
            Self::Of { upstreams, runs } => {
                let upstream = row.upstream_run.map(|run| run.0).or(row.upstream_execution.map(|execution| execution.0));
                runs.contains(&row.run_id) || upstream.is_some_and(|id| upstreams.contains(&id))
            }
        }
    }
}

/// Which executions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExecutionFilter {
    pub namespace: Option<String>,
    /// Those that a node serves. None: all.
    pub namespaces: Option<Vec<String>>,
    pub run: Option<RunId>,
    pub lane: Option<String>,
    pub states: Vec<PublicState>,
    pub tag: Option<(String, String)>,
    /// Created at or after, and before.
    pub from_ms: Option<i64>,
    pub to_ms: Option<i64>,
}

/// Which runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunFilter {
    pub namespace: Option<String>,
    /// Those that a node serves. None: all.
    pub namespaces: Option<Vec<String>>,
    pub name: Option<String>,
    pub phases: Vec<RunPhase>,
    pub graph_version: Option<String>,
    pub tag: Option<(String, String)>,
    pub from_ms: Option<i64>,
    pub to_ms: Option<i64>,
}

impl Query {
    /// The words by which rows are looked for.
    #[must_use]
    pub fn words(&self) -> Vec<&str> {
        let words: Vec<&String> = match self {
            Self::Scope(scope) => return scope.words(),
            Self::Executions(filter, ..) => {
                let words = filter.namespace.iter().chain(filter.namespaces.iter().flatten()).chain(&filter.lane);
                words.chain(filter.tag.iter().flat_map(|(key, value)| [key, value])).collect()
            }
            Self::Runs(filter, ..) => {
                let words = filter.namespace.iter().chain(filter.namespaces.iter().flatten()).chain(&filter.name);
                words.chain(&filter.graph_version).chain(filter.tag.iter().flat_map(|(key, value)| [key, value])).collect()
            }
            _ => Vec::new(),
        };
        words.into_iter().map(String::as_str).collect()
    }
}

/// Where a page ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PageCursor {
    pub created_ms: i64,
    pub id: u128,
}

/// What came back: rows, and where the next page begins if there is one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    pub rows: State,
    pub next: Option<PageCursor>,
    pub counts: Vec<Count>,
    /// Times, each with the id of its execution, run, schedule or target; 0 if it has none.
    pub times: Vec<(i64, u128)>,
}

/// One gauge: a name, the values of its labels (none if it has none), and how many; of `oldest_ready` the store time since when.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count {
    pub gauge: &'static str,
    pub labels: Vec<String>,
    pub value: i64,
}
