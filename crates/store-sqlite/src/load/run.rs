//! What a run's slices bring: all of it, or the members that are left.

use levada_store::rows::{Attempt, CancelPending, Condition, Edge, Execution, Group, Mark, Pin, Policy, ResultRow, Route};
use levada_store::{ExecutionId, RunId};

use super::Slice;
use crate::codec::id;
use crate::errors::Result;
use crate::select::Select;

pub(super) static EDGES_FROM: Select<Edge> = Select::new("WHERE upstream = ?1");
pub(super) static EDGES_INTO: Select<Edge> = Select::new("WHERE run_id = ?1 AND child = ?2");

static MEMBERS: Select<Execution> = Select::new("WHERE run_id = ?1");
static OPEN_MEMBERS: Select<Execution> =
    Select::new("WHERE run_id = ?1 AND phase <> 4 AND (?2 OR phase <> 2) AND (?3 OR finalizer = 0) ORDER BY id LIMIT ?4");
static ATTEMPTS: Select<Attempt> =
    Select::new("WHERE (execution_id, attempt_no) IN (SELECT id, attempt_no FROM execution WHERE run_id = ?1)");
static POLICIES: Select<Policy> = Select::new("WHERE id IN (SELECT policy_id FROM execution WHERE run_id = ?1)");
static ROUTES: Select<Route> = Select::new("WHERE id IN (SELECT route_id FROM execution WHERE run_id = ?1)");
static GROUPS: Select<Group> = Select::new("WHERE child IN (SELECT id FROM execution WHERE run_id = ?1)");
static MARKS: Select<Mark> = Select::new("WHERE execution_id IN (SELECT id FROM execution WHERE run_id = ?1)");
static PENDING: Select<CancelPending> = Select::new("WHERE child IN (SELECT id FROM execution WHERE run_id = ?1)");
static PINS: Select<Pin> = Select::new("WHERE execution_id IN (SELECT id FROM execution WHERE run_id = ?1)");
static RESULTS: Select<ResultRow> = Select::without_bytes("WHERE execution_id IN (SELECT id FROM execution WHERE run_id = ?1)");
static EDGES: Select<Edge> = Select::new("WHERE run_id = ?1");
static CONDITIONS: Select<Condition> = Select::new("WHERE run_id = ?1");

impl Slice<'_> {
    /// Everything about a run, one statement per table.
    pub(super) fn whole_run(&mut self, run: RunId) -> Result<()> {
        if self.state.whole_runs.contains(&run) || !self.lock_run(run)? {
            return Ok(());
        }
        self.state.whole_runs.insert(run);
        let key = [id(run.0)];
        for member in self.session.all(&MEMBERS, key)? {
            self.loaded.insert(member.id);
            self.state.executions.insert(member.id, member);
        }
        self.bring(&ATTEMPTS, key)?;
        self.bring(&POLICIES, key)?;
        self.bring(&ROUTES, key)?;
        self.bring(&GROUPS, key)?;
        self.bring(&MARKS, key)?;
        self.bring(&PENDING, key)?;
        self.bring(&PINS, key)?;
        self.bring(&RESULTS, key)?;
        self.bring(&EDGES, key)?;
        self.bring(&CONDITIONS, key)
    }

    /// All of a small run; else its header and its first members that are not ended, each with its group.
    pub(super) fn open_members(&mut self, run: RunId, active: bool, finalizers: bool, limit: u32) -> Result<()> {
        self.lock_run(run)?;
        if self.state.runs.get(&run).is_some_and(|row| self.moment.settles_inline(row)) {
            return self.whole_run(run);
        }
        for member in self.session.all(&OPEN_MEMBERS, (id(run.0), active, finalizers, limit))? {
            let child = member.id;
            self.with_belongings(member)?;
            self.group_row(child)?;
        }
        Ok(())
    }

    pub(super) fn edges_into(&mut self, run: RunId, child: ExecutionId) -> Result<()> {
        self.bring(&EDGES_INTO, (id(run.0), id(child.0)))
    }

    /// The edges out of an execution, and the groups that they lead to.
    pub(super) fn edges_and_groups_from(&mut self, upstream: ExecutionId) -> Result<Vec<ExecutionId>> {
        let mut children = Vec::new();
        for edge in self.session.all(&EDGES_FROM, [id(upstream.0)])? {
            children.push(edge.child);
            self.group_row(edge.child)?;
            self.state.put(edge.into());
        }
        Ok(children)
    }
}
