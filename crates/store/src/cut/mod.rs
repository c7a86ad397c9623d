//! What each scope brings: the reference, written on full state.
//!
//! The in-memory store loads its slices with it; the SQL stores do the same with statements, and the conformance suite compares. A
//! rule that looks at more than its scope brings would work on one store and fail on another, which is why even the in-memory
//! store cuts.

mod building;
mod claim;
mod due;
mod group;
mod marks;

use std::collections::BTreeSet;

use crate::alphabets::{GroupState, Phase, RunPhase};
use crate::ids::{ExecutionId, RunId};
use crate::rows::{Execution, Input, ResultRow, Row, Run};
use crate::scope::Scope;
use crate::state::State;
use crate::tables::Tables;

pub use marks::{Resolutions, may_end};

/// A moment of a store and its settings: what a slice depends on besides rows.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    pub now_ms: i64,
    /// The first free number for creation order and events.
    pub seq: i64,
    /// Runs with at most so many members are settled where they end; usually [`crate::limits::INLINE_RUN_MAX`].
    pub inline_run_max: i32,
}

impl Moment {
    /// Whether a run is settled where its members end, so that their slices bring all of it.
    #[must_use]
    pub fn settles_inline(&self, run: &Run) -> bool {
        run.members <= self.inline_run_max && run.phase != RunPhase::Building
    }
}

/// The slice of a scope.
#[must_use]
pub fn cut(tables: &Tables, scope: &Scope, moment: Moment) -> State {
    let mut slice = Slice { tables, moment, state: State { now_ms: moment.now_ms, seq: moment.seq, ..State::default() } };
    for part in scope.parts() {
        slice.part(part);
    }
    slice.state
}

/// A slice in the making.
struct Slice<'a> {
    tables: &'a Tables,
    moment: Moment,
    state: State,
}

impl Slice<'_> {
    fn part(&mut self, scope: &Scope) {
        match scope {
            Scope::All(parts) => parts.iter().for_each(|part| self.part(part)),
            Scope::Executions(ids) => ids.iter().for_each(|id| self.execution_or_its_run(*id)),
            Scope::Handles(handles) => handles.iter().for_each(|(id, fence)| self.handle(*id, *fence)),
            Scope::Leases(leases) => leases.iter().for_each(|(id, fence)| self.lease(*id, *fence)),
            Scope::Run(run) => self.lock_run(*run),
            Scope::WholeRun(run) => self.whole_run(*run),
            Scope::OpenMembers { run, active, finalizers, limit } => self.open_members(*run, *active, *finalizers, *limit),
            Scope::Building(scope) => self.building(scope),
            Scope::Marks(run) => self.marks(*run),
            Scope::Group(child) => self.group(*child),
            Scope::Due(kind, wanted) => self.due(*kind, wanted),
            Scope::Key(namespace, key) => self.key(namespace, key),
            Scope::Claim(claim) => self.claim(claim),
            Scope::Lanes(names) => names.iter().for_each(|name| self.lane(name)),
            Scope::Condition(run, key) => self.condition(*run, key),
            Scope::Schedule(id) => self.schedule(*id),
            Scope::Worker(instance) => {
                self.state.workers.extend(self.tables.state().workers.get_key_value(instance).map(owned));
            }
            Scope::EngineNodes => self.state.engine_nodes.clone_from(&self.tables.state().engine_nodes),
            Scope::Tags(owner) => self.tags(*owner),
        }
    }

    /// An execution, or the whole of its run if that is settled where it ends.
    fn execution_or_its_run(&mut self, id: ExecutionId) {
        let run = self.tables.state().executions.get(&id).and_then(|row| row.run_id);
        let run = run.and_then(|run| self.tables.state().runs.get(&run));
        match run {
            Some(run) if self.moment.settles_inline(run) => self.whole_run(run.id),
            _ => self.execution(id),
        }
    }

    fn handle(&mut self, id: ExecutionId, fence: i64) {
        self.execution_or_its_run(id);
        self.closed_through(id, fence);
    }

    fn lease(&mut self, id: ExecutionId, fence: i64) {
        self.execution(id);
        self.closed_through(id, fence);
    }

    fn closed_through(&mut self, id: ExecutionId, fence: i64) {
        let attempts = self.tables.state().attempts.range((id, 0)..=(id, i32::MAX));
        self.state.attempts.extend(attempts.filter(|(_, row)| row.last_fence == Some(fence)).map(owned));
    }

    /// An execution with its last attempt, policy, route and run header.
    fn execution(&mut self, id: ExecutionId) {
        let full = self.tables.state();
        let Some(row) = full.executions.get(&id) else { return };
        self.state.executions.insert(id, row.clone());
        self.state.attempts.extend(full.attempts.get_key_value(&(id, row.attempt_no)).map(owned));
        self.state.policies.extend(full.policies.get_key_value(&row.policy_id).map(owned));
        self.state.routes.extend(full.routes.get_key_value(&row.route_id).map(owned));
        if let Some(run) = row.run_id {
            self.state.runs.extend(full.runs.get_key_value(&run).map(owned));
        }
    }

    fn lock_run(&mut self, run: RunId) {
        if let Some(row) = self.tables.state().runs.get(&run) {
            self.state.runs.insert(run, row.clone());
            self.state.locked_runs.insert(run);
        }
    }

    fn whole_run(&mut self, run: RunId) {
        if !self.tables.state().runs.contains_key(&run) || !self.state.whole_runs.insert(run) {
            return;
        }
        self.lock_run(run);
        let full = self.tables.state();
        let members: BTreeSet<_> = self.tables.members(run).collect();
        for member in &members {
            self.execution(*member);
            self.state.groups.extend(full.groups.get_key_value(member).map(owned));
            self.state.marks.extend(full.marks.get_key_value(member).map(owned));
            self.state.cancel_pending.extend(full.cancel_pending.get_key_value(member).map(owned));
            let pins = full.pins.range((*member, String::new())..).take_while(|(key, _)| key.0 == *member);
            self.state.pins.extend(pins.map(owned));
            let results = full.results.range((*member, 0)..=(*member, i32::MAX));
            self.state.results.extend(results.map(|(key, row)| (*key, without_bytes(row))));
        }
        let edges = full.edges.range((run, ExecutionId(0), ExecutionId(0))..).take_while(|(key, _)| key.0 == run);
        self.state.edges.extend(edges.map(owned));
        let conditions = full.conditions.range((run, String::new())..).take_while(|(key, _)| key.0 == run);
        self.state.conditions.extend(conditions.map(owned));
    }

    fn open_members(&mut self, run: RunId, active: bool, finalizers: bool, limit: u32) {
        let full = self.tables.state();
        if full.runs.get(&run).is_some_and(|row| self.moment.settles_inline(row)) {
            return self.whole_run(run);
        }
        self.lock_run(run);
        let wanted = |row: &Execution| {
            row.phase != Phase::Ended && (active || row.phase != Phase::Active) && (finalizers || !row.finalizer)
        };
        let open = self.tables.members(run).filter(|id| full.executions.get(id).is_some_and(wanted));
        for member in open.take(limit as usize).collect::<Vec<_>>() {
            self.execution(member);
            self.state.groups.extend(full.groups.get_key_value(&member).map(owned));
        }
    }

    fn group_row(&mut self, child: ExecutionId) {
        self.state.groups.extend(self.tables.state().groups.get_key_value(&child).map(owned));
    }

    fn key(&mut self, namespace: &str, key: &str) {
        let full = self.tables.state();
        let Some((name, row)) = full.request_keys.get_key_value(&(namespace.to_owned(), key.to_owned())) else { return };
        self.state.request_keys.insert(name.clone(), row.clone());
        self.state.executions.extend(full.executions.get_key_value(&row.target).map(owned));
        self.state.runs.extend(full.runs.get_key_value(&RunId(row.target.0)).map(owned));
    }

    fn lane(&mut self, name: &str) {
        self.state.lanes.extend(self.tables.state().lanes.get_key_value(name).map(owned));
    }

    fn condition(&mut self, run: RunId, key: &str) {
        self.lock_run(run);
        let full = self.tables.state();
        self.state.conditions.extend(full.conditions.get_key_value(&(run, key.to_owned())).map(owned));
        let node = crate::rows::condition_node(run, key);
        for edge in self.tables.edges_from(node).collect::<Vec<_>>() {
            self.state.edges.insert(edge.key(), edge.clone());
            self.fireable(run, edge.child);
        }
        let children = self.tables.edges_from(node).filter_map(|edge| full.groups.get(&edge.child));
        if children.into_iter().any(|group| group.state == GroupState::Open) {
            self.sparing_groups(run);
        }
    }

    fn schedule(&mut self, id: crate::ids::ScheduleId) {
        let full = self.tables.state();
        self.state.schedules.extend(full.schedules.get_key_value(&id).map(owned));
        let fires = full.schedule_fires.range((id, i64::MIN)..=(id, i64::MAX));
        self.state.schedule_fires.extend(fires.last().map(owned));
    }

    fn tags(&mut self, owner: ExecutionId) {
        let tags = self.tables.state().tags.range((owner, String::new())..).take_while(|(key, _)| key.0 == owner);
        self.state.tags.extend(tags.map(owned));
    }
}

fn owned<K: Clone, V: Clone>((key, row): (&K, &V)) -> (K, V) {
    (key.clone(), row.clone())
}

/// A result as slices carry it.
pub(crate) fn without_bytes(row: &ResultRow) -> ResultRow {
    ResultRow { bytes: Vec::new(), ..row.clone() }
}

/// Bytes up to this length travel with a claim's slice; longer ones are read afterwards.
pub const SLICE_BYTES_MAX: i64 = 64 << 10;

/// An input as a claim's slice carries it.
pub(crate) fn input_in_claim(row: &Input) -> Input {
    if row.length <= SLICE_BYTES_MAX { row.clone() } else { Input { bytes: Vec::new(), ..row.clone() } }
}
