//! What the settle worker's slice brings: the marked ends of a run and what they touch one step downstream.

use std::collections::BTreeMap;

use levada_store::alphabets::GroupState;
use levada_store::limits::SETTLE_MARKS_MAX;
use levada_store::rows::{Edge, Execution, Group, Mark, ResultRow};
use levada_store::{ExecutionId, RunId, may_end, may_leave_open};

use super::Slice;
use super::run::EDGES_INTO;
use crate::codec::id;
use crate::errors::Result;
use crate::select::Select;

static MARKS: Select<Mark> = Select::new("WHERE run_id = ?1 ORDER BY seq LIMIT ?2");
static RESULT: Select<ResultRow> = Select::without_bytes("WHERE execution_id = ?1 AND generation = ?2");
static SPARING_GROUPS: Select<Group> = Select::new("WHERE run_id = ?1 AND kept > 0 AND cancel_state = 2");
static SPARING_EDGES: Select<Edge> = Select::new(
    "WHERE run_id = ?1 AND child IN (SELECT child FROM edge_group WHERE run_id = ?1 AND kept > 0 AND cancel_state = 2)",
);
static DECIDING: Select<Execution> =
    Select::new("WHERE run_id = ?1 AND (finalizer = 1 OR (essential = 1 AND phase = 4 AND outcome IN (1, 2, 3)))");

impl Slice<'_> {
    pub(super) fn marks(&mut self, run: RunId) -> Result<()> {
        if !self.lock_run(run)? {
            return Ok(());
        }
        let marks = self.session.all(&MARKS, (id(run.0), i64::try_from(SETTLE_MARKS_MAX).unwrap_or(i64::MAX)))?;
        let marked = marks.len();
        let mut touched: BTreeMap<ExecutionId, i32> = BTreeMap::new();
        let mut left_open = false;
        for mark in marks {
            left_open |= self.marked(run, &mark)?;
            for child in self.edges_and_groups_from(mark.execution_id)? {
                *touched.entry(child).or_default() += 1;
            }
            self.state.put(mark.into());
        }
        for (child, edges) in touched {
            if self.state.groups.get(&child).is_some_and(|group| may_leave_open(group, edges)) {
                left_open = true;
                self.fireable(run, child)?;
            }
        }
        if left_open {
            self.sparing_groups(run)?;
        }
        if self.state.runs.get(&run).is_some_and(|header| may_end(header, marked)) {
            self.last(run)?;
        }
        Ok(())
    }

    /// The fired groups of a run that spared siblings, with their edges: another group that leaves `open` may give these free.
    pub(super) fn sparing_groups(&mut self, run: RunId) -> Result<()> {
        self.bring(&SPARING_GROUPS, [id(run.0)])?;
        self.bring(&SPARING_EDGES, [id(run.0)])
    }

    /// A marked execution, its own group and its result's facts. Whether that group is open.
    fn marked(&mut self, run: RunId, mark: &Mark) -> Result<bool> {
        self.execution(mark.execution_id)?;
        self.group_row(mark.execution_id)?;
        let open = self.state.groups.get(&mark.execution_id).is_some_and(|group| group.state == GroupState::Open);
        if open {
            self.fireable(run, mark.execution_id)?;
        }
        self.bring(&RESULT, (id(mark.execution_id.0), mark.generation))?;
        Ok(open)
    }

    /// A group that may leave `open`: the group, its child, every edge into it, and the upstreams that feed named inputs.
    pub(super) fn fireable(&mut self, run: RunId, child: ExecutionId) -> Result<()> {
        self.group_row(child)?;
        self.execution(child)?;
        for edge in self.session.all(&EDGES_INTO, (id(run.0), id(child.0)))? {
            if edge.input.is_some() && !self.state.executions.contains_key(&edge.upstream) {
                self.execution(edge.upstream)?;
            }
            self.state.put(edge.into());
        }
        Ok(())
    }

    /// What decides a run's outcome and starts its finalizers, with its own groups, the edges out of it and the groups they lead to.
    fn last(&mut self, run: RunId) -> Result<()> {
        for member in self.session.all(&DECIDING, [id(run.0)])? {
            let upstream = member.id;
            self.with_belongings(member)?;
            self.group_row(upstream)?;
            self.edges_and_groups_from(upstream)?;
        }
        Ok(())
    }
}
