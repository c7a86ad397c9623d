//! What an explanation reads: the rows that say why an execution or a run is not over, at one moment and without locks. The reference,
//! written on full state; the SQL stores bring the same rows.
//!
//! Not what they mean (the engine's rules say that), and never all of a large run: every list has a limit, and what it leaves out can
//! be counted from what is brought.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::alphabets::{ConditionState, EdgeState, Phase, WorkerState};
use crate::cut::{Moment, cut};
use crate::ids::{ExecutionId, RunId};
use crate::limits::{REASONS_CONDITIONS_MAX, REASONS_DEPTH_MAX, REASONS_LISTED_MAX, REASONS_WIDTH_MAX};
use crate::query::{Count, Page};
use crate::rows::{Execution, Row};
use crate::scope::Scope;
use crate::state::State;
use crate::tables::Tables;

/// What is explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    Execution(ExecutionId),
    Run(RunId),
}

/// The executions that are looked at, each with last attempt, policy, route, run header, group and mark:
///
/// - of an execution: itself, then level by level the upstreams of its open edges, [`REASONS_DEPTH_MAX`] levels. Of each child the first
///   [`REASONS_LISTED_MAX`] open edges count, in the order of their upstreams; of each level the first [`REASONS_WIDTH_MAX`] executions.
/// - of a run: of each public state but the ends the first [`REASONS_LISTED_MAX`] members in the order of their ids, and one level of
///   upstreams.
///
/// Besides: these edges; their conditions, with the rows of the run or execution whose end resolves them; the lanes; workers that are
/// live; engine nodes; `active` executions of each lane with a limit, and `leases` of each instance. Of a run also its header, the oldest
/// mark, the first [`REASONS_CONDITIONS_MAX`] open conditions by key, and how many `members` of each such state, `marks` and open
/// `conditions` it has. Counts of 0 are left out.
pub(crate) fn reasons(tables: &Tables, subject: Subject, moment: Moment) -> Page {
    let mut looked = Looked { tables, rows: State::default(), counts: Vec::new() };
    match subject {
        Subject::Execution(id) => looked.at(BTreeSet::from([id]), REASONS_DEPTH_MAX, moment),
        Subject::Run(run) => {
            let members = looked.of_run(run);
            looked.at(members, 1, moment);
        }
    }
    looked.conditions();
    looked.places();
    looked.rows.now_ms = moment.now_ms;
    Page { rows: looked.rows, counts: looked.counts, ..Page::default() }
}

/// Members of a run that have not ended, by public state: how many, as a gauge `members` per state.
#[must_use]
pub fn open_members(rows: &State, run: RunId) -> Vec<Count> {
    let mut states: BTreeMap<_, i64> = BTreeMap::new();
    for row in rows.executions.values().filter(|row| row.run_id == Some(run) && row.phase != Phase::Ended) {
        *states.entry(row.public_state()).or_default() += 1;
    }
    states.into_iter().map(|(state, members)| count("members", Some(state.word()), members)).collect()
}

/// What was looked at so far.
struct Looked<'a> {
    tables: &'a Tables,
    rows: State,
    counts: Vec<Count>,
}

impl Looked<'_> {
    /// What says how a run is, and the members to begin with.
    fn of_run(&mut self, run: RunId) -> BTreeSet<ExecutionId> {
        let full = self.tables.state();
        self.rows.runs.extend(full.runs.get_key_value(&run).map(owned));
        let marks = || full.marks.values().filter(|mark| mark.run_id == run);
        let oldest = marks().min_by_key(|mark| (mark.made_ms, mark.execution_id));
        self.rows.marks.extend(oldest.map(|mark| (mark.execution_id, mark.clone())));
        let open: Vec<_> =
            full.conditions.values().filter(|row| row.run_id == run && row.state == ConditionState::Open).collect();
        self.rows.conditions.extend(open.iter().take(REASONS_CONDITIONS_MAX as usize).map(|row| (row.key(), (*row).clone())));
        self.counts.extend(open_members(full, run));
        self.counts.extend(some("marks", None, marks().count()));
        self.counts.extend(some("conditions", None, open.len()));
        let mut listed: BTreeMap<_, u32> = BTreeMap::new();
        let mut first = |row: &&Execution| {
            let place = listed.entry(row.public_state()).or_default();
            *place += 1;
            *place <= REASONS_LISTED_MAX
        };
        let members = self.tables.members(run).filter_map(|id| full.executions.get(&id));
        members.filter(|row| row.phase != Phase::Ended).filter(|row| first(row)).map(|row| row.id).collect()
    }

    /// Executions and so many levels of what they wait for.
    fn at(&mut self, first: BTreeSet<ExecutionId>, depth: usize, moment: Moment) {
        let mut all = first.clone();
        let mut level = first;
        for _ in 0..depth {
            let next: BTreeSet<_> = level.iter().flat_map(|child| self.open_edges(*child)).collect();
            level = next.into_iter().take(REASONS_WIDTH_MAX as usize).collect();
            all.extend(&level);
        }
        let full = self.tables.state();
        for id in &all {
            self.rows.groups.extend(full.groups.get_key_value(id).map(owned));
            self.rows.marks.extend(full.marks.get_key_value(id).map(owned));
        }
        let fences = all.into_iter().map(|id| (id, NO_FENCE)).collect();
        self.rows.merge(State { seq: 0, ..cut(self.tables, &Scope::Leases(fences), moment) });
    }

    /// The executions behind the first open edges into a child.
    fn open_edges(&mut self, child: ExecutionId) -> Vec<ExecutionId> {
        let Some(run) = self.tables.state().executions.get(&child).and_then(|row| row.run_id) else { return Vec::new() };
        let open = self.tables.edges_into(run, child).filter(|edge| edge.state == EdgeState::Open);
        let listed: Vec<_> = open.take(REASONS_LISTED_MAX as usize).cloned().collect();
        let upstreams = listed.iter().filter(|edge| edge.condition_key.is_none()).map(|edge| edge.upstream).collect();
        self.rows.edges.extend(listed.into_iter().map(|edge| (edge.key(), edge)));
        upstreams
    }

    /// The conditions of the edges, and whose end resolves them.
    fn conditions(&mut self) {
        let full = self.tables.state();
        let keys = self.rows.edges.values().filter_map(|edge| Some((edge.run_id, edge.condition_key.clone()?)));
        let found: Vec<_> = keys.filter_map(|key| full.conditions.get_key_value(&key).map(owned)).collect();
        self.rows.conditions.extend(found);
        for row in self.rows.conditions.values() {
            self.rows.runs.extend(row.upstream_run.and_then(|id| full.runs.get_key_value(&id)).map(owned));
            let execution = row.upstream_execution.and_then(|id| full.executions.get_key_value(&id));
            self.rows.executions.extend(execution.map(owned));
        }
    }

    /// Where the work waits and who could take it.
    fn places(&mut self) {
        let full = self.tables.state();
        for route in self.rows.routes.values() {
            self.rows.lanes.extend(full.lanes.get_key_value(&route.lane).map(owned));
        }
        let live = full.workers.iter().filter(|(_, worker)| worker.state == WorkerState::Live);
        self.rows.workers.extend(live.map(owned));
        self.rows.engine_nodes.clone_from(&full.engine_nodes);
        let mut lanes: BTreeMap<&str, usize> = BTreeMap::new();
        let mut instances: BTreeMap<&str, usize> = BTreeMap::new();
        for row in full.executions.values().filter(|row| row.phase == Phase::Active) {
            let lane = full.routes.get(&row.route_id).and_then(|route| self.rows.lanes.get(&route.lane));
            if let Some(lane) = lane.filter(|lane| lane.max_active.is_some()) {
                *lanes.entry(&lane.name).or_default() += 1;
            }
            *instances.entry(row.instance.as_deref().unwrap_or_default()).or_default() += 1;
        }
        self.counts.extend(lanes.into_iter().flat_map(|(lane, active)| some("active", Some(lane), active)));
        self.counts.extend(instances.into_iter().flat_map(|(instance, held)| some("leases", Some(instance), held)));
    }
}

/// A fence that nobody ever had.
const NO_FENCE: i64 = -1;

fn owned<K: Clone, V: Clone>((key, row): (&K, &V)) -> (K, V) {
    (key.clone(), row.clone())
}

fn some(gauge: &'static str, label: Option<&str>, value: usize) -> Option<Count> {
    (value > 0).then(|| count(gauge, label, i64::try_from(value).unwrap_or(i64::MAX)))
}

fn count(gauge: &'static str, label: Option<&str>, value: i64) -> Count {
    Count { gauge, labels: label.map(str::to_owned).into_iter().collect(), value }
}
