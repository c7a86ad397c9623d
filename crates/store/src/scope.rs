//! Scopes: which rows a decision needs. A store loads and locks them, in the order run < groups by id < executions by id.
//!
//! What each scope brings is defined by [`crate::cut`] on full state; the SQL stores bring the same rows, which the conformance
//! suite checks.

use serde::{Deserialize, Serialize};

use crate::ids::{ExecutionId, RunId, ScheduleId, Token};

/// The rows that a decision needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// Several scopes at one moment.
    All(Vec<Scope>),
    /// Executions, locked, each with its last attempt, policy, route and run header. If its run is sealed and has at most
    /// [`crate::limits::INLINE_RUN_MAX`] members, the whole run, locked: see [`Scope::WholeRun`].
    Executions(Vec<ExecutionId>),
    /// Like `Executions`, and the attempts that were closed or parked through these fences.
    Handles(Vec<(ExecutionId, i64)>),
    /// Like `Handles`, but never a run's slice: nothing ends here.
    Leases(Vec<(ExecutionId, i64)>),
    /// A run's header, locked.
    Run(RunId),
    /// A run, locked, with all members (each with last attempt, policy, route), edges, groups, conditions, pins, marks, pending
    /// cancels and results without bytes.
    WholeRun(RunId),
    /// The whole run if it is sealed and small, as for `Executions`. Else its header, locked, and up to `limit` of its members that are not
    /// ended, in the order of their ids, locked, each with last attempt, policy, route and group; active ones and finalizers only if
    /// asked for.
    OpenMembers { run: RunId, active: bool, finalizers: bool, limit: u32 },
    /// For building: a run's header, locked, and what is named of its graph.
    Building(BuildingScope),
    /// For settling: the run's header, locked, and what up to [`crate::limits::SETTLE_MARKS_MAX`] marks of it touch.
    Marks(RunId),
    /// For cancelling siblings: one group, locked if nobody else holds it, the edges into it, and up to
    /// [`crate::limits::DISPATCH_CHUNK_MAX`] + 1 of the executions that are to be cancelled; how many are spared.
    Group(ExecutionId),
    /// Rows whose time has come, earliest first, locked if nobody else holds them; with request keys what they stand for, without
    /// locks.
    Due(DueKind, Wanted),
    /// A request key and what it stands for, without locks.
    Key(String, String),
    /// What a claim can take, locked if nobody else holds it, with inputs.
    Claim(ClaimScope),
    /// Lanes by name, locked.
    Lanes(Vec<String>),
    /// A condition of a run, locked after the run's header; the edges on it, their groups and children. If one of these groups is open:
    /// the fired groups of the run that spared siblings, with the edges into them.
    Condition(RunId, String),
    /// A schedule, locked, and its latest fire.
    Schedule(ScheduleId),
    /// A registered worker, locked.
    Worker(String),
    /// All engine nodes, locked.
    EngineNodes,
    /// Tags of a run or execution.
    Tags(ExecutionId),
}

/// What is named of a run's graph. Without its slice: nothing ends here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BuildingScope {
    pub run: RunId,
    /// Executions by id, locked, each with last attempt, policy, route, run header, group, the edges into it, its result of this
    /// generation without bytes, and the members of the run that have its name.
    pub executions: Vec<ExecutionId>,
    /// Members by name, locked, each with last attempt, policy, route and its result of this generation without bytes.
    pub names: Vec<String>,
    /// Conditions of the run by key.
    pub conditions: Vec<String>,
    /// Every edge of the run that can be reached downstream from this execution.
    pub reach: Option<ExecutionId>,
}

/// What a claim looks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimScope {
    pub lanes: Vec<String>,
    /// None: all.
    pub namespaces: Option<Vec<String>>,
    /// Offered, sorted.
    pub capabilities: Vec<String>,
    pub limit: u32,
    pub instance: String,
    /// If executions are still active under this token and instance, these are brought and no candidates.
    pub token: Token,
}

/// What rows say that belong to no namespace, as the request keys of fragments do.
const NO_NAMESPACE: &str = "";

/// Which rows a background worker wants of those that there are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Wanted {
    pub limit: u32,
    /// None: all. What has no namespace is everybody's.
    pub namespaces: Option<Vec<String>>,
    /// Left out for now: executions, runs, schedules. A run stands for its conditions, the target of a request key for the key.
    pub except: Vec<ExecutionId>,
}

impl Wanted {
    /// Whether a row is wanted.
    #[must_use]
    pub fn lets(&self, namespace: &str, id: u128) -> bool {
        self.names().is_none_or(|mut names| names.any(|name| name == namespace)) && !self.except.contains(&ExecutionId(id))
    }

    /// The namespaces of the rows that are wanted, among them the empty one, which is no namespace; none: all.
    #[must_use]
    pub fn names(&self) -> Option<impl Iterator<Item = &str>> {
        let names = self.namespaces.as_ref()?;
        Some(names.iter().map(String::as_str).chain([NO_NAMESPACE]))
    }
}

impl From<u32> for Wanted {
    /// So many, whatever they are.
    fn from(limit: u32) -> Self {
        Self { limit, ..Self::default() }
    }
}

/// The kinds of stored due times, one consumer each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DueKind {
    /// Leases that ended.
    Lease,
    AttemptDeadline,
    /// Deadlines of executions; of runs.
    Deadline,
    RunDeadline,
    /// Executions held until a time.
    Promote,
    /// Conditions with a timeout.
    Condition,
    /// Runs that were never sealed; stand-alone executions that stayed staged for [`crate::limits::BUILD_MS_MAX`].
    Building,
    Staged,
    /// mark_only cancels whose grace is over.
    CancelGrace,
    Schedule,
    RequestKey,
    Worker,
    /// Runs and stand-alone executions that need not be kept any longer.
    RetainRun,
    RetainExecution,
}

impl DueKind {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::Lease,
        Self::AttemptDeadline,
        Self::Deadline,
        Self::RunDeadline,
        Self::Promote,
        Self::Condition,
        Self::Building,
        Self::Staged,
        Self::CancelGrace,
        Self::Schedule,
        Self::RequestKey,
        Self::Worker,
        Self::RetainRun,
        Self::RetainExecution,
    ];
}

/// Calls that may share a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeClass {
    /// They go with calls of every class.
    Any,
    /// Claims and what workers say.
    Work,
    /// Runs that are made or marked as a whole.
    Runs,
}

impl MergeClass {
    /// The class of both together; none if they do not go together.
    #[must_use]
    pub fn with(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Any, class) | (class, Self::Any) => Some(class),
            (one, other) => (one == other).then_some(one),
        }
    }
}

impl Scope {
    /// Which calls may share a transaction with this one: those of the same class. None: none may. All of these lock rows by id or key
    /// only, and few of them.
    #[must_use]
    pub fn merge_class(&self) -> Option<MergeClass> {
        match self {
            Self::All(parts) => {
                let mut classes = parts.iter().map(Self::merge_class);
                let first = classes.next()??;
                classes.try_fold(first, |class, next| class.with(next?))
            }
            Self::Key(..) | Self::Lanes(_) | Self::Tags(_) | Self::Executions(_) => Some(MergeClass::Any),
            Self::Handles(_) | Self::Leases(_) | Self::Claim(_) => Some(MergeClass::Work),
            Self::Run(_) => Some(MergeClass::Runs),
            _ => None,
        }
    }

    /// The same, where rows are found by their time only those of some namespaces, and without some.
    #[must_use]
    pub fn narrowed(self, namespaces: Option<&[String]>, except: &[ExecutionId]) -> Self {
        match self {
            Self::All(parts) => Self::All(parts.into_iter().map(|part| part.narrowed(namespaces, except)).collect()),
            Self::Due(kind, wanted) => {
                let namespaces = namespaces.map(<[_]>::to_vec).or(wanted.namespaces);
                Self::Due(kind, Wanted { namespaces, except: [&wanted.except, except].concat(), ..wanted })
            }
            other => other,
        }
    }

    /// The words by which rows are looked for.
    #[must_use]
    pub fn words(&self) -> Vec<&str> {
        let words: Vec<&String> = match self {
            Self::All(parts) => return parts.iter().flat_map(Self::words).collect(),
            Self::Building(scope) => scope.names.iter().chain(&scope.conditions).collect(),
            Self::Due(_, wanted) => wanted.namespaces.iter().flatten().collect(),
            Self::Key(namespace, key) => vec![namespace, key],
            Self::Claim(scope) => {
                let words = scope.lanes.iter().chain(&scope.capabilities).chain(scope.namespaces.iter().flatten());
                words.chain([&scope.instance]).collect()
            }
            Self::Lanes(names) => names.iter().collect(),
            Self::Condition(_, word) | Self::Worker(word) => vec![word],
            _ => Vec::new(),
        };
        words.into_iter().map(String::as_str).collect()
    }

    /// The scope without nesting.
    #[must_use]
    pub fn parts(&self) -> Vec<&Self> {
        match self {
            Self::All(parts) => parts.iter().flat_map(Self::parts).collect(),
            part => vec![part],
        }
    }
}
