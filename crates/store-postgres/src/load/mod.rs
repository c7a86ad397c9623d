//! From a scope to the statements that lock and load it: one round trip, one statement to lock and one to load for everything that
//! is named by id.
//!
//! Locks are taken in the order runs < groups < executions, each by id, then lanes, workers and the like; what a claim or a sweep
//! takes is locked last and never waited for, and what decides on it is read after that. Every statement sees what was committed before it began, so a statement that loads
//! sees what the locks before it waited for. Not here: what the scopes mean (`levada_store::cut`).

mod claim;
mod due;
mod run;

use std::collections::BTreeSet;

use levada_store::{BuildingScope, ClaimScope, ExecutionId, RunId, Scope, State};

use crate::param::Param;
use crate::statement::{Fragment, Mode, Statement};

pub use claim::with_candidates;
pub use due::{first, stored, wanted};

/// What the statements depend on besides the scope.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings {
    /// Store time, if it is not the server's.
    pub now_ms: Option<i64>,
    pub inline_run_max: i32,
    pub mode: Mode,
    /// Whether the parts of the scope are calls that share a transaction.
    pub merged: bool,
}

/// The statements of a scope, in their order.
#[derive(Debug)]
pub struct Loading {
    pub statements: Vec<Statement>,
    /// Whether every execution in the slice must be locked; and every group.
    pub holds_executions: bool,
    pub holds_groups: bool,
}

/// Everything that the parts of a scope ask for.
#[derive(Default)]
struct Needs<'a> {
    ids: BTreeSet<ExecutionId>,
    /// Those of them that may end, which asks for their run if that is small.
    ending: BTreeSet<ExecutionId>,
    /// Runs that are asked for as a whole if they are small.
    small: BTreeSet<RunId>,
    handles: Vec<(ExecutionId, i64)>,
    runs: BTreeSet<RunId>,
    whole: BTreeSet<RunId>,
    lanes: BTreeSet<&'a str>,
    claims: Vec<&'a ClaimScope>,
    keys: Vec<(&'a str, &'a str)>,
    tags: Vec<ExecutionId>,
    schedules: Vec<u128>,
    workers: Vec<&'a str>,
    engine_nodes: bool,
    /// Scopes with statements of their own.
    others: Vec<&'a Scope>,
}

impl<'a> Needs<'a> {
    fn of(scope: &'a Scope) -> Self {
        let mut needs = Self::default();
        scope.parts().into_iter().for_each(|part| needs.add(part));
        needs
    }

    fn add(&mut self, part: &'a Scope) {
        match part {
            Scope::Executions(ids) => {
                self.ids.extend(ids);
                self.ending.extend(ids);
            }
            Scope::Handles(handles) => {
                self.ids.extend(handles.iter().map(|(id, _)| *id));
                self.ending.extend(handles.iter().map(|(id, _)| *id));
                self.handles.extend(handles);
            }
            Scope::Leases(leases) => {
                self.ids.extend(leases.iter().map(|(id, _)| *id));
                self.handles.extend(leases);
            }
            Scope::Run(run) => drop(self.runs.insert(*run)),
            Scope::WholeRun(run) => {
                self.runs.insert(*run);
                self.whole.insert(*run);
            }
            Scope::Lanes(names) => self.lanes.extend(names.iter().map(String::as_str)),
            Scope::Claim(claim) => self.claims.push(claim),
            Scope::Key(namespace, key) => self.keys.push((namespace, key)),
            Scope::Tags(owner) => self.tags.push(*owner),
            Scope::Schedule(id) => self.schedules.push(id.0),
            Scope::Worker(instance) => self.workers.push(instance),
            Scope::EngineNodes => self.engine_nodes = true,
            Scope::OpenMembers { run, .. } => {
                self.runs.insert(*run);
                self.small.insert(*run);
                self.others.push(part);
            }
            Scope::Building(BuildingScope { run, .. }) | Scope::Marks(run) | Scope::Condition(run, _) => {
                self.runs.insert(*run);
                self.others.push(part);
            }
            Scope::Group(_) | Scope::Due(..) => self.others.push(part),
            Scope::All(parts) => parts.iter().for_each(|part| self.add(part)),
        }
    }
}

/// The statements that lock and load a scope.
pub fn statements(scope: &Scope, around: Surroundings) -> Loading {
    let needs = Needs::of(scope);
    let mut locks = Vec::new();
    let mut loads = Vec::new();
    named(&needs, around, &mut locks, &mut loads);
    for part in &needs.others {
        run::load(part, around.inline_run_max, &mut locks, &mut loads);
    }
    places(&needs, &mut locks, &mut loads);
    loads.extend(claim::claims(&needs.claims, around.merged));
    loads.extend(needs.others.iter().filter_map(|part| match part {
        Scope::Due(kind, wanted) => Some(due::due(*kind, wanted, around.now_ms)),
        _ => None,
    }));
    add_arms(&needs, around, &mut loads);
    let is_dispatch = |part: &&Scope| matches!(part, Scope::Group(_));
    Loading {
        statements: locks.into_iter().chain(loads).map(|fragment| fragment.statement(around.mode)).collect(),
        holds_executions: around.mode == Mode::Write,
        holds_groups: around.mode == Mode::Write && !needs.others.iter().any(is_dispatch),
    }
}

/// What is still to be asked under the locks of the first statements: of a claim that met lanes with a limit, and of a sweep that took
/// members of runs.
pub fn under_locks(scope: &Scope, state: &State, around: Surroundings) -> Vec<Statement> {
    let needs = Needs::of(scope);
    let mut statements = claim::limits(&needs.claims, state, around.mode);
    let sweeps = needs.others.iter().any(|part| matches!(part, Scope::Due(kind, _) if stored(*kind).table == "execution"));
    statements.extend((sweeps && around.mode == Mode::Write).then(|| due::headers(state, around.mode)).flatten());
    statements
}

/// What is named by id: executions with the runs that are settled where they end, whole runs, headers.
fn named(needs: &Needs<'_>, around: Surroundings, locks: &mut Vec<Fragment>, loads: &mut Vec<Fragment>) {
    if needs.ids.is_empty() && needs.runs.is_empty() {
        return;
    }
    let mut params = vec![
        ("ids", Param::ids(needs.ids.iter().map(|id| id.0))),
        ("ending", Param::ids(needs.ending.iter().map(|id| id.0))),
        ("small", Param::ids(needs.small.iter().map(|id| id.0))),
        ("runs", Param::ids(needs.runs.iter().map(|id| id.0))),
        ("whole", Param::ids(needs.whole.iter().map(|id| id.0))),
        ("inline", Param::Int(around.inline_run_max.into())),
    ];
    locks.push(Fragment::new(include_str!("../sql/load/executions.lock.sql"), params.clone()));
    params.push(("handles", Param::ids(needs.handles.iter().map(|(id, _)| id.0))));
    params.push(("fences", Param::Ints(needs.handles.iter().map(|(_, fence)| *fence).collect())));
    loads.push(Fragment::new(include_str!("../sql/load/executions.load.sql"), params));
}

/// Rows by key that are no part of a graph. They are locked and read in one: nothing else depends on them.
fn places(needs: &Needs<'_>, locks: &mut Vec<Fragment>, loads: &mut Vec<Fragment>) {
    let texts = |names: &mut dyn Iterator<Item = &str>| Param::Texts(names.map(str::to_owned).collect());
    if !needs.lanes.is_empty() {
        let params = vec![("lanes", texts(&mut needs.lanes.iter().copied()))];
        locks.push(Fragment::new(include_str!("../sql/load/lanes.sql"), params));
    }
    if !needs.workers.is_empty() {
        let params = vec![("instances", texts(&mut needs.workers.iter().copied()))];
        locks.push(Fragment::new(include_str!("../sql/load/workers.sql"), params));
    }
    if needs.engine_nodes {
        locks.push(Fragment::new(include_str!("../sql/load/engine_nodes.sql"), Vec::new()));
    }
    if !needs.schedules.is_empty() {
        let params = vec![("schedules", Param::ids(needs.schedules.iter().copied()))];
        locks.push(Fragment::new(include_str!("../sql/load/schedules.lock.sql"), params.clone()));
        loads.push(Fragment::new(include_str!("../sql/load/schedules.load.sql"), params));
    }
}

/// What is read without locks, and the moment: arms of the last statement that loads, or a statement of their own.
fn add_arms(needs: &Needs<'_>, around: Surroundings, loads: &mut Vec<Fragment>) {
    let mut last = loads.pop().unwrap_or_default();
    if !needs.keys.is_empty() {
        let (namespaces, keys) = needs.keys.iter().map(|(namespace, key)| ((*namespace).to_owned(), (*key).to_owned())).unzip();
        let params = vec![("key_namespaces", Param::Texts(namespaces)), ("key_names", Param::Texts(keys))];
        last.union(Fragment::new(include_str!("../sql/load/keys.sql"), params));
    }
    if !needs.tags.is_empty() {
        let params = vec![("owners", Param::ids(needs.tags.iter().map(|id| id.0)))];
        last.union(Fragment::new(include_str!("../sql/load/tags.sql"), params));
    }
    last.union(Fragment::new("SELECT {moment}", vec![("now", Param::Time(around.now_ms))]));
    loads.push(last);
}
