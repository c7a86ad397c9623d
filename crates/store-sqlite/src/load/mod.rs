//! What each scope brings, with statements: the same rows as `levada_store::cut` brings from full state.
//!
//! Nothing is locked row by row: the transaction is the only one that writes. What a run's lock means to the rules is kept.

mod building;
mod claim;
mod due;
mod group;
mod marks;
mod places;
mod reasons;
mod run;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use levada_store::alphabets::GroupState;
use levada_store::rows::{
    Attempt, Condition, EngineNode, Execution, Group, Lane, Policy, RequestKey, Route, Row, Run, Schedule, ScheduleFire, Tag,
    WorkerRow, condition_node,
};
use levada_store::{ExecutionId, Moment, Record, RunId, ScheduleId, Scope, State};
use rusqlite::Params;

use crate::codec::id;
use crate::errors::Result;
use crate::select::Select;
use crate::session::Session;

#[cfg(test)]
pub(crate) use claim::SEARCH;
pub(crate) use due::lists;
pub(crate) use places::Places;
pub(crate) use reasons::reasons;
use run::EDGES_FROM;

static EXECUTION: Select<Execution> = Select::new("WHERE id = ?1");
static ATTEMPT: Select<Attempt> = Select::new("WHERE execution_id = ?1 AND attempt_no = ?2");
static ATTEMPT_OF_FENCE: Select<Attempt> = Select::new("WHERE execution_id = ?1 AND last_fence = ?2");
static POLICY: Select<Policy> = Select::new("WHERE id = ?1");
static ROUTE: Select<Route> = Select::new("WHERE id = ?1");
static RUN: Select<Run> = Select::new("WHERE id = ?1");
static GROUP: Select<Group> = Select::new("WHERE child = ?1");
static REQUEST_KEY: Select<RequestKey> = Select::new("WHERE namespace = ?1 AND \"key\" = ?2");
static LANE: Select<Lane> = Select::new("WHERE name = ?1");
static CONDITION: Select<Condition> = Select::new("WHERE run_id = ?1 AND \"key\" = ?2");
static SCHEDULE: Select<Schedule> = Select::new("WHERE id = ?1");
static LATEST_FIRE: Select<ScheduleFire> = Select::new("WHERE schedule_id = ?1 ORDER BY nominal_ms DESC LIMIT 1");
static WORKER: Select<WorkerRow> = Select::new("WHERE instance = ?1");
static ENGINE_NODES: Select<EngineNode> = Select::new("");
static TAGS: Select<Tag> = Select::new("WHERE owner = ?1");

/// Whether the claims of a scope look at the rows alone or together: those of calls that share a transaction must not all find the
/// same ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claims {
    Alone,
    Together,
}

/// The slice of a scope, and the places it had to look up.
pub(crate) fn load(
    session: &Session<'_>,
    (scope, claims): (&Scope, Claims),
    moment: Moment,
    places: Option<Arc<Places>>,
) -> Result<(State, Option<Arc<Places>>)> {
    let state = State { now_ms: moment.now_ms, seq: moment.seq, ..State::default() };
    let offered = (claims == Claims::Together).then(BTreeMap::new);
    let mut slice = Slice { session, moment, state, loaded: BTreeSet::new(), offered, places };
    for part in scope.parts() {
        slice.part(part)?;
    }
    Ok((slice.state, slice.places))
}

/// A slice in the making.
struct Slice<'a> {
    session: &'a Session<'a>,
    moment: Moment,
    state: State,
    /// Executions that are here with what belongs to them.
    loaded: BTreeSet<ExecutionId>,
    /// How many of each route's first ready executions are here for claims of other calls.
    offered: Option<BTreeMap<i64, u32>>,
    /// Routes and lanes, if somebody asked for them already.
    places: Option<Arc<Places>>,
}

impl Slice<'_> {
    fn part(&mut self, scope: &Scope) -> Result<()> {
        match scope {
            Scope::All(parts) => parts.iter().try_for_each(|part| self.part(part)),
            Scope::Executions(ids) => ids.iter().try_for_each(|id| self.execution_or_its_run(*id)),
            Scope::Handles(handles) => handles.iter().try_for_each(|(id, fence)| self.handle(*id, *fence)),
            Scope::Leases(leases) => leases.iter().try_for_each(|(id, fence)| self.lease(*id, *fence)),
            Scope::Run(run) => self.lock_run(*run).map(drop),
            Scope::WholeRun(run) => self.whole_run(*run),
            Scope::OpenMembers { run, active, finalizers, limit } => self.open_members(*run, *active, *finalizers, *limit),
            Scope::Building(scope) => self.building(scope),
            Scope::Marks(run) => self.marks(*run),
            Scope::Group(child) => self.group(*child),
            Scope::Due(kind, wanted) => self.due(*kind, wanted),
            Scope::Key(namespace, key) => self.key(namespace, key),
            Scope::Claim(claim) => self.claim(claim),
            Scope::Lanes(names) => names.iter().try_for_each(|name| self.bring(&LANE, [name])),
            Scope::Condition(run, key) => self.condition(*run, key),
            Scope::Schedule(id) => self.schedule(*id),
            Scope::Worker(instance) => self.bring(&WORKER, [instance]),
            Scope::EngineNodes => self.bring(&ENGINE_NODES, []),
            Scope::Tags(owner) => self.bring(&TAGS, [id(owner.0)]),
        }
    }

    /// Puts the rows that a statement finds into the slice.
    fn bring<R: Row + Into<Record>>(&mut self, select: &'static Select<R>, params: impl Params) -> Result<()> {
        for row in self.session.all(select, params)? {
            self.state.put(row.into());
        }
        Ok(())
    }

    /// An execution, or the whole of its run if that is settled where it ends.
    fn execution_or_its_run(&mut self, execution: ExecutionId) -> Result<()> {
        self.execution(execution)?;
        let run = self.state.executions.get(&execution).and_then(|row| row.run_id);
        match run.and_then(|run| self.state.runs.get(&run)).filter(|run| self.moment.settles_inline(run)).map(|run| run.id) {
            Some(run) => self.whole_run(run),
            None => Ok(()),
        }
    }

    fn handle(&mut self, execution: ExecutionId, fence: i64) -> Result<()> {
        self.execution_or_its_run(execution)?;
        self.bring(&ATTEMPT_OF_FENCE, (id(execution.0), fence))
    }

    fn lease(&mut self, execution: ExecutionId, fence: i64) -> Result<()> {
        self.execution(execution)?;
        self.bring(&ATTEMPT_OF_FENCE, (id(execution.0), fence))
    }

    /// An execution with its last attempt, policy, route and run header.
    fn execution(&mut self, execution: ExecutionId) -> Result<()> {
        if !self.loaded.insert(execution) {
            return Ok(());
        }
        let Some(row) = self.session.one(&EXECUTION, [id(execution.0)])? else { return Ok(()) };
        self.with_belongings(row)
    }

    /// Puts an execution into the slice with its last attempt, policy, route and run header.
    fn with_belongings(&mut self, row: Execution) -> Result<()> {
        self.loaded.insert(row.id);
        self.bring(&ATTEMPT, (id(row.id.0), row.attempt_no))?;
        if !self.state.policies.contains_key(&row.policy_id) {
            self.bring(&POLICY, [row.policy_id])?;
        }
        if !self.state.routes.contains_key(&row.route_id) {
            self.bring(&ROUTE, [row.route_id])?;
        }
        if let Some(run) = row.run_id.filter(|run| !self.state.runs.contains_key(run)) {
            self.bring(&RUN, [id(run.0)])?;
        }
        self.state.executions.insert(row.id, row);
        Ok(())
    }

    /// A run's header, locked. Whether there is one.
    fn lock_run(&mut self, run: RunId) -> Result<bool> {
        if !self.state.runs.contains_key(&run) {
            self.bring(&RUN, [id(run.0)])?;
        }
        let found = self.state.runs.contains_key(&run);
        if found {
            self.state.locked_runs.insert(run);
        }
        Ok(found)
    }

    fn group_row(&mut self, child: ExecutionId) -> Result<()> {
        if self.state.groups.contains_key(&child) {
            return Ok(());
        }
        self.bring(&GROUP, [id(child.0)])
    }

    fn key(&mut self, namespace: &str, key: &str) -> Result<()> {
        self.session.one(&REQUEST_KEY, (namespace, key))?.map_or(Ok(()), |row| self.with_target(row))
    }

    /// A request key and what it stands for.
    fn with_target(&mut self, row: RequestKey) -> Result<()> {
        self.bring(&EXECUTION, [id(row.target.0)])?;
        self.bring(&RUN, [id(row.target.0)])?;
        self.state.put(row.into());
        Ok(())
    }

    fn condition(&mut self, run: RunId, key: &str) -> Result<()> {
        self.lock_run(run)?;
        self.bring(&CONDITION, (id(run.0), key))?;
        let mut left_open = false;
        for edge in self.session.all(&EDGES_FROM, [id(condition_node(run, key).0)])? {
            let child = edge.child;
            self.state.put(edge.into());
            self.fireable(run, child)?;
            left_open |= self.state.groups.get(&child).is_some_and(|group| group.state == GroupState::Open);
        }
        if left_open { self.sparing_groups(run) } else { Ok(()) }
    }

    fn schedule(&mut self, schedule: ScheduleId) -> Result<()> {
        self.bring(&SCHEDULE, [id(schedule.0)])?;
        self.bring(&LATEST_FIRE, [id(schedule.0)])
    }
}
