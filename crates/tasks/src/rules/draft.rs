//! A working copy of a slice: decisions change it, and the difference at the end is the list of commands.

use std::cell::OnceCell;
use std::collections::{BTreeMap, VecDeque};

use levada_base::Error;
use levada_store::alphabets::{EventKind, Hold, Phase};
use levada_store::rows::{Attempt, Edge, Event, Execution, Group, Policy, Row, Run};
use levada_store::{Command, ExecutionId, RunId, State};
use serde_json::Value;

use super::errors;
use super::group::spared_some;

/// The slice as it will be. Rows that are changed here are written; rows that are not here do not exist for the decision.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    before: &'a State,
    pub(crate) state: State,
    /// Most decisions ask for no edge, so it is made when one does.
    by_upstream: OnceCell<ByUpstream>,
    /// Ends of members of whole runs whose consequences are not drawn yet.
    pub(crate) unsettled: VecDeque<ExecutionId>,
    /// What no difference of rows says: removals of more than the slice holds.
    removals: Vec<Command>,
}

pub(crate) type EdgeKey = (RunId, ExecutionId, ExecutionId);

/// The slice's edges by where they come from.
#[derive(Debug, Clone, Default)]
struct ByUpstream {
    edges: BTreeMap<ExecutionId, Vec<EdgeKey>>,
    /// The groups that had spared the upstream, or another of its siblings, for the sake of an open group.
    sparing: BTreeMap<ExecutionId, Vec<ExecutionId>>,
}

impl<'a> Draft<'a> {
    /// A copy of the slice.
    #[must_use]
    pub fn new(before: &'a State) -> Self {
        Self { before, state: before.clone(), by_upstream: OnceCell::new(), unsettled: VecDeque::new(), removals: Vec::new() }
    }

    fn by_upstream(&self) -> &ByUpstream {
        self.by_upstream.get_or_init(|| {
            let mut found = ByUpstream::default();
            for edge in self.state.edges.values() {
                found.edges.entry(edge.upstream).or_default().push(edge.key());
            }
            let sparing = |edge: &&Edge| self.before.groups.get(&edge.child).is_some_and(spared_some);
            for edge in self.before.edges.values().filter(sparing) {
                found.sparing.entry(edge.upstream).or_default().push(edge.child);
            }
            found
        })
    }

    /// What leads from the slice as it was to the slice as it is now.
    #[must_use]
    pub fn commands(&self) -> Vec<Command> {
        let mut commands = self.before.commands_to(&self.state);
        commands.extend(self.removals.iter().cloned());
        commands
    }

    /// Removes more than the slice holds, after everything else. Returns how many commands that takes.
    pub(crate) fn remove_all(&mut self, removals: Vec<Command>) -> u32 {
        let count = u32::try_from(removals.len()).unwrap_or(u32::MAX);
        self.removals.extend(removals);
        count
    }

    /// Store time.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.state.now_ms
    }

    /// The next number of creation order and events.
    pub(crate) fn next_seq(&mut self) -> i64 {
        let seq = self.state.seq;
        self.state.seq += 1;
        seq
    }

    /// Puts an edge in.
    pub(crate) fn put_edge(&mut self, edge: Edge) {
        let key = edge.key();
        let is_new = self.state.edges.insert(key, edge).is_none();
        if let Some(known) = self.by_upstream.get_mut().filter(|_| is_new) {
            known.edges.entry(key.2).or_default().push(key);
        }
    }

    /// The groups of the slice that had spared an upstream of theirs, if this one is among these.
    pub(crate) fn sparing(&self, upstream: ExecutionId) -> &[ExecutionId] {
        self.by_upstream().sparing.get(&upstream).map_or(&[], Vec::as_slice)
    }

    /// The edges of the slice out of an upstream.
    pub(crate) fn edges_from(&self, upstream: ExecutionId) -> Vec<EdgeKey> {
        self.by_upstream().edges.get(&upstream).cloned().unwrap_or_default()
    }

    /// The edges of the slice into a child.
    pub(crate) fn edges_into(&self, run: RunId, child: ExecutionId) -> impl Iterator<Item = &Edge> + '_ {
        let range = (run, child, ExecutionId(0))..=(run, child, ExecutionId(u128::MAX));
        self.state.edges.range(range).map(|(_, edge)| edge)
    }

    pub(crate) fn execution(&self, id: ExecutionId) -> Result<&Execution, Error> {
        self.state.executions.get(&id).ok_or_else(|| errors::unknown("execution", id))
    }

    pub(crate) fn execution_mut(&mut self, id: ExecutionId) -> Result<&mut Execution, Error> {
        self.state.executions.get_mut(&id).ok_or_else(|| errors::unknown("execution", id))
    }

    pub(crate) fn run(&self, id: RunId) -> Result<&Run, Error> {
        self.state.runs.get(&id).ok_or_else(|| errors::unknown("run", id))
    }

    pub(crate) fn run_mut(&mut self, id: RunId) -> Result<&mut Run, Error> {
        self.state.runs.get_mut(&id).ok_or_else(|| errors::unknown("run", id))
    }

    /// The run of an execution, if it is a member of one.
    pub(crate) fn run_of(&self, execution: &Execution) -> Option<&Run> {
        execution.run_id.and_then(|run| self.state.runs.get(&run))
    }

    pub(crate) fn group(&self, child: ExecutionId) -> Option<&Group> {
        self.state.groups.get(&child)
    }

    /// The policy of an execution: every slice brings it along.
    pub(crate) fn policy(&self, execution: &Execution) -> Result<&Policy, Error> {
        let found = self.state.policies.get(&execution.policy_id);
        found.ok_or_else(|| errors::violated("ST-2", format!("policy of execution {} is not in the slice", execution.id)))
    }

    /// The current or last attempt of an execution.
    pub(crate) fn attempt_mut(&mut self, id: ExecutionId) -> Option<&mut Attempt> {
        let number = self.state.executions.get(&id)?.attempt_no;
        self.state.attempts.get_mut(&(id, number))
    }

    /// The lane of an execution; empty if its route is not in the slice.
    pub(crate) fn lane_of(&self, execution: &Execution) -> String {
        self.lane_name_of(execution).to_owned()
    }

    fn lane_name_of(&self, execution: &Execution) -> &str {
        self.state.routes.get(&execution.route_id).map_or("", |route| &route.lane)
    }

    /// The slice as it was.
    pub(crate) fn before(&self) -> &State {
        self.before
    }

    /// Executions that this event made claimable.
    pub(crate) fn came_ready(&self) -> impl Iterator<Item = &Execution> + '_ {
        let is_ready = |row: &Execution| (row.phase, row.hold) == (Phase::Runnable, Hold::None);
        let now = self.state.executions.values().filter(move |row| is_ready(row));
        now.filter(move |row| !self.before.executions.get(&row.id).is_some_and(is_ready))
    }

    /// How many executions of a lane were active before this event and are not any longer.
    pub(crate) fn given_back_in(&self, lane: &str) -> i64 {
        let is_active = |row: &Execution| row.phase == Phase::Active;
        let were = self.before.executions.values().filter(|row| is_active(row) && self.lane_name_of(row) == lane);
        let given_back = were.filter(|row| !self.state.executions.get(&row.id).is_some_and(is_active)).count();
        i64::try_from(given_back).unwrap_or(i64::MAX)
    }

    /// Writes an event about an execution. `detail` is an object, or null for none.
    pub(crate) fn execution_event(&mut self, kind: EventKind, id: ExecutionId, actor: Option<&str>, detail: &Value) {
        let Some(row) = self.state.executions.get(&id) else { return };
        let event = Event {
            id: 0,
            at_ms: self.state.now_ms,
            kind,
            namespace: row.namespace.clone(),
            run_id: row.run_id,
            execution_id: Some(id),
            generation: Some(row.generation),
            attempt_no: Some(row.attempt_no),
            lane: Some(self.lane_of(row)),
            actor: actor.map(str::to_owned),
            detail: text_of(detail),
        };
        self.write_event(event);
    }

    /// Writes an event about a run.
    pub(crate) fn run_event(&mut self, kind: EventKind, id: RunId, actor: Option<&str>, detail: &Value) {
        let Some(row) = self.state.runs.get(&id) else { return };
        let event = Event {
            id: 0,
            at_ms: self.state.now_ms,
            kind,
            namespace: row.namespace.clone(),
            run_id: Some(id),
            execution_id: None,
            generation: Some(row.generation),
            attempt_no: None,
            lane: None,
            actor: actor.map(str::to_owned),
            detail: text_of(detail),
        };
        self.write_event(event);
    }

    /// Writes an event; its number is given here.
    pub(crate) fn write_event(&mut self, mut event: Event) {
        event.id = self.next_seq();
        self.state.events.insert(event.id, event);
    }
}

fn text_of(detail: &Value) -> String {
    if detail.is_null() { String::new() } else { detail.to_string() }
}
