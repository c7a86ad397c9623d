//! What an explanation reads: the same rows as `levada_store`'s reference, level by level with statements that look up one execution each.

use std::collections::BTreeSet;

use levada_store::alphabets::PublicState;
use levada_store::limits::{REASONS_CONDITIONS_MAX, REASONS_DEPTH_MAX, REASONS_LISTED_MAX, REASONS_WIDTH_MAX};
use levada_store::rows::{Condition, Edge, Execution, Mark, WorkerRow};
use levada_store::{Count, ExecutionId, Moment, Page, RunId, State, Subject};

use super::claim::ACTIVE_OF_ROUTE;
use super::{CONDITION, ENGINE_NODES, EXECUTION, Places, RUN, Slice};
use crate::codec::id;
use crate::counts::word;
use crate::errors::Result;
use crate::select::Select;
use crate::session::Session;

static OPEN_EDGES: Select<Edge> = Select::new("WHERE run_id = ?1 AND child = ?2 AND state = 1 ORDER BY upstream LIMIT ?3");
static MARK: Select<Mark> = Select::new("WHERE execution_id = ?1");
static OLDEST_MARK: Select<Mark> = Select::new("WHERE run_id = ?1 ORDER BY made_ms, execution_id LIMIT 1");
static OPEN_CONDITIONS: Select<Condition> = Select::new("WHERE run_id = ?1 AND state = 0 ORDER BY \"key\" LIMIT ?2");
static LIVE_WORKERS: Select<WorkerRow> = Select::new("WHERE state = 0");
static FIRST_OF_STATES: Select<Execution> = Select::new(
    "WHERE id IN (
        SELECT id FROM (
            SELECT id, row_number() OVER (PARTITION BY public_state ORDER BY id) AS place
            FROM execution WHERE run_id = ?1 AND phase <> 4
        ) WHERE place <= ?2
    )",
);
const MARKS: &str = "SELECT count(*) FROM mark WHERE run_id = ?1";
const CONDITIONS: &str = "SELECT count(*) FROM condition WHERE run_id = ?1 AND state = 0";
const MEMBERS: &str = "SELECT public_state, count(*) FROM execution WHERE run_id = ?1 AND phase <> 4 GROUP BY 1";
const LEASES: &str = "SELECT instance, count(*) FROM execution WHERE phase = 2 GROUP BY 1";

/// The answer to [`levada_store::Query::Reasons`].
pub(crate) fn reasons(session: &Session<'_>, subject: Subject, moment: Moment) -> Result<Page> {
    let state = State { now_ms: moment.now_ms, ..State::default() };
    let slice = Slice { session, moment, state, loaded: BTreeSet::new(), offered: None, places: None };
    let mut looked = Looked { slice, counts: Vec::new() };
    match subject {
        Subject::Execution(id) => looked.at(BTreeSet::from([id]), REASONS_DEPTH_MAX)?,
        Subject::Run(run) => {
            let members = looked.of_run(run)?;
            looked.at(members, 1)?;
        }
    }
    looked.conditions()?;
    looked.places()?;
    Ok(Page { rows: looked.slice.state, counts: looked.counts, ..Page::default() })
}

/// What was looked at so far.
struct Looked<'a> {
    slice: Slice<'a>,
    counts: Vec<Count>,
}

impl Looked<'_> {
    fn of_run(&mut self, run: RunId) -> Result<BTreeSet<ExecutionId>> {
        let key = id(run.0);
        self.slice.bring(&RUN, [key])?;
        self.slice.bring(&OLDEST_MARK, [key])?;
        self.slice.bring(&OPEN_CONDITIONS, (key, REASONS_CONDITIONS_MAX))?;
        let session = self.slice.session;
        let mut statement = session.statement(MEMBERS)?;
        let mut rows = statement.query([key])?;
        while let Some(row) = rows.next()? {
            let state = word(PublicState::ALL, PublicState::code, row.get(0)?)?;
            self.count("members", Some(state.word().to_owned()), row.get(1)?);
        }
        self.count("marks", None, session.number(MARKS, [key])?.unwrap_or(0));
        self.count("conditions", None, session.number(CONDITIONS, [key])?.unwrap_or(0));
        Ok(session.all(&FIRST_OF_STATES, (key, REASONS_LISTED_MAX))?.into_iter().map(|row| row.id).collect())
    }

    /// Executions and so many levels of what they wait for.
    fn at(&mut self, first: BTreeSet<ExecutionId>, depth: usize) -> Result<()> {
        let mut level = first;
        for left in (0..=depth).rev() {
            let mut next = BTreeSet::new();
            for execution in level {
                self.look(execution)?;
                if left > 0 {
                    next.extend(self.open_edges(execution)?);
                }
            }
            level = next.into_iter().take(REASONS_WIDTH_MAX as usize).collect();
        }
        Ok(())
    }

    /// An execution with its belongings, group and mark.
    fn look(&mut self, execution: ExecutionId) -> Result<()> {
        self.slice.execution(execution)?;
        self.slice.group_row(execution)?;
        self.slice.bring(&MARK, [id(execution.0)])
    }

    /// The executions behind the first open edges into a child.
    fn open_edges(&mut self, child: ExecutionId) -> Result<Vec<ExecutionId>> {
        let run = self.slice.state.executions.get(&child).and_then(|row| row.run_id);
        let Some(run) = run else { return Ok(Vec::new()) };
        let mut upstreams = Vec::new();
        for edge in self.slice.session.all(&OPEN_EDGES, (id(run.0), id(child.0), REASONS_LISTED_MAX))? {
            if edge.condition_key.is_none() {
                upstreams.push(edge.upstream);
            }
            self.slice.state.put(edge.into());
        }
        Ok(upstreams)
    }

    /// The conditions of the edges, and whose end resolves them.
    fn conditions(&mut self) -> Result<()> {
        let edges = self.slice.state.edges.values();
        let keys: BTreeSet<_> = edges.filter_map(|edge| Some((edge.run_id, edge.condition_key.clone()?))).collect();
        for (run, key) in keys {
            self.slice.bring(&CONDITION, (id(run.0), key))?;
        }
        let rows = self.slice.state.conditions.values();
        let awaited: Vec<_> = rows.map(|row| (row.upstream_run, row.upstream_execution)).collect();
        for (run, execution) in awaited {
            self.slice.bring(&RUN, [run.map(|run| id(run.0))])?;
            self.slice.bring(&EXECUTION, [execution.map(|execution| id(execution.0))])?;
        }
        Ok(())
    }

    /// Where the work waits and who could take it.
    fn places(&mut self) -> Result<()> {
        let session = self.slice.session;
        let places = Places::load(session)?;
        let names: BTreeSet<_> = self.slice.state.routes.values().map(|route| route.lane.clone()).collect();
        for lane in names.iter().filter_map(|name| places.lane(name)) {
            self.slice.state.put(lane.clone().into());
            if lane.max_active.is_some() {
                let mut active = 0;
                for route in places.of_lane(&lane.name) {
                    active += session.number(ACTIVE_OF_ROUTE, [route.id])?.unwrap_or(0);
                }
                self.count("active", Some(lane.name.clone()), active);
            }
        }
        self.slice.bring(&LIVE_WORKERS, [])?;
        self.slice.bring(&ENGINE_NODES, [])?;
        let mut statement = session.statement(LEASES)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            self.count("leases", Some(row.get(0)?), row.get(1)?);
        }
        Ok(())
    }

    fn count(&mut self, gauge: &'static str, label: Option<String>, value: i64) {
        if value > 0 {
            self.counts.push(Count { gauge, labels: label.into_iter().collect(), value });
        }
    }
}
