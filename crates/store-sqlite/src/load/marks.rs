//! What the settle worker's slice brings: the marked ends of a run and what they touch one step downstream.

use std::collections::BTreeMap;

use levada_store::alphabets::GroupState;
use levada_store::limits::SETTLE_MARKS_MAX;
use levada_store::rows::{Edge, Execution, Group, Mark, ResultRow};
use levada_store::{ExecutionId, Resolutions, RunId, may_end};

use super::Slice;
use super::run::EDGES_INTO;
use crate::codec::id;
use crate::errors::Result;
use crate::select::Select;

static MARKS: Select<Mark> = Select::new("WHERE run_id = ?1 ORDER BY seq LIMIT ?2");
static MARKED: Select<Execution> =
    Select::new("WHERE id IN (SELECT execution_id FROM mark WHERE run_id = ?1 ORDER BY seq LIMIT ?2)");
static MARKED_GROUPS: Select<Group> =
    Select::new("WHERE child IN (SELECT execution_id FROM mark WHERE run_id = ?1 ORDER BY seq LIMIT ?2)");
static EDGES_FROM_MARKED: Select<Edge> =
    Select::new("WHERE upstream IN (SELECT execution_id FROM mark WHERE run_id = ?1 ORDER BY seq LIMIT ?2)");
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
        let oldest = (id(run.0), i64::try_from(SETTLE_MARKS_MAX).unwrap_or(i64::MAX));
        let marks = self.session.all(&MARKS, oldest)?;
        let marked = marks.len();
        self.state.marks.extend(marks.into_iter().map(|mark| (mark.execution_id, mark)));
        self.bring(&MARKED, oldest)?;
        let mut left_open = false;
        for group in self.session.all(&MARKED_GROUPS, oldest)? {
            let (child, is_open) = (group.child, group.state == GroupState::Open);
            self.state.put(group.into());
            if is_open {
                left_open = true;
                self.fireable(run, child)?;
            }
        }
        for (child, ends) in self.touched(oldest)? {
            if self.state.groups.get(&child).is_some_and(|group| ends.may_fire(group)) {
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

    /// The edges out of the marked executions, the groups that they lead to, and the facts that they ask for; what the ends mean to each
    /// of these groups.
    fn touched(&mut self, oldest: ([u8; 16], i64)) -> Result<BTreeMap<ExecutionId, Resolutions>> {
        let mut touched: BTreeMap<ExecutionId, Resolutions> = BTreeMap::new();
        for edge in self.session.all(&EDGES_FROM_MARKED, oldest)? {
            self.group_row(edge.child)?;
            let mark = self.state.marks.get(&edge.upstream);
            let ended = self.state.executions.get(&edge.upstream);
            if let (Some(mark), Some(ended)) = (mark, ended) {
                touched.entry(edge.child).or_default().add(&edge, mark.outcome_of(ended));
                if !edge.predicates.0.is_empty() {
                    let generation = mark.generation;
                    self.bring(&RESULT, (id(edge.upstream.0), generation))?;
                }
            }
            self.state.put(edge.into());
        }
        Ok(touched)
    }

    /// A group that may leave `open`: the group, its child, every edge into it, and the upstreams that feed named inputs.
    pub(super) fn fireable(&mut self, run: RunId, child: ExecutionId) -> Result<()> {
        self.group_row(child)?;
        self.execution(child)?;
        for edge in self.session.all(&EDGES_INTO, (id(run.0), id(child.0)))? {
            if edge.input.is_some() {
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
