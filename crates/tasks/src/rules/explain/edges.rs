//! The tree: what an execution waits for, and what that waits for.

use std::collections::BTreeSet;

use levada_store::alphabets::{EdgeState, EdgeWhen, GroupState, Hold, Outcome, Phase, RunPhase};
use levada_store::limits::REASONS_LISTED_MAX;
use levada_store::rows::{Condition, Edge, Execution, Group, Run};
use levada_store::{ExecutionId, Subject};

use super::end::end_of_execution;
use super::{ConditionDetail, EdgesLeft, Operation, Owner, Reason, Trigger, View, Waiting, Why, cancel};

/// A tree in the making. What is reached a second time is named but not followed again.
pub(super) struct Tree<'a> {
    view: View<'a>,
    followed: BTreeSet<ExecutionId>,
}

impl<'a> Tree<'a> {
    pub(super) fn new(view: View<'a>) -> Self {
        Self { view, followed: BTreeSet::new() }
    }

    /// An execution and what it waits for, at most `depth` edges deep.
    pub(super) fn of_execution(&mut self, row: &Execution, depth: usize) -> Waiting {
        let open = self.view.open_group(row);
        let listed_before = open.is_some() && self.followed.contains(&row.id);
        let mut waiting = Waiting {
            subject: Subject::Execution(row.id),
            name: View::name_of(row),
            state: row.public_state().to_string(),
            edges: open.map(left),
            reasons: Vec::new(),
            more: 0,
            listed_before,
            deadline_ms: row.deadline_ms,
            end: (row.phase == Phase::Ended).then(|| end_of_execution(row, self.view.rows)),
        };
        if listed_before {
            return waiting;
        }
        if let Some(group) = open {
            waiting.more = i64::from(group.n - group.satisfied - group.missed);
            if depth > 0 {
                self.followed.insert(row.id);
                waiting.reasons = self.edges_into(row, depth - 1);
                waiting.more -= i64::try_from(waiting.reasons.len()).unwrap_or(i64::MAX);
            }
        }
        waiting.reasons.extend(self.view.finalizer_waits(row));
        waiting.reasons.extend(self.view.reasons_of(row));
        waiting
    }

    /// A reason for each of the first open edges whose upstream was looked at.
    fn edges_into(&mut self, row: &Execution, depth: usize) -> Vec<Reason> {
        let Some(run) = row.run_id else { return Vec::new() };
        let rows = self.view.rows;
        let (first, last) = ((run, row.id, ExecutionId(0)), (run, row.id, ExecutionId(u128::MAX)));
        let open = rows.edges.range(first..=last).map(|(_, edge)| edge).filter(|edge| edge.state == EdgeState::Open);
        let listed: Vec<_> = open.take(REASONS_LISTED_MAX as usize).collect();
        listed.into_iter().filter_map(|edge| self.edge(row, edge, depth)).collect()
    }

    fn edge(&mut self, child: &Execution, edge: &Edge, depth: usize) -> Option<Reason> {
        let rows = self.view.rows;
        if let Some(key) = &edge.condition_key {
            let condition = rows.conditions.get(&(edge.run_id, key.clone()))?;
            return Some(self.view.condition(condition, Some(child.since_ms)));
        }
        let upstream = self.of_execution(rows.executions.get(&edge.upstream)?, depth);
        let owner = upstream.reasons.first().map_or(Owner::Upstream, |reason| reason.owner.clone());
        let expected = upstream.reasons.first().and_then(|reason| reason.expected_ms);
        // With predicates it takes facts as well, which only the caller knows. An end is not changed any more.
        let can_override = upstream.end.is_none() && edge.predicates.0.is_empty();
        let why = Why::EdgeOpen { satisfied_by: edge.satisfied_by, upstream: Box::new(upstream) };
        let reason = Reason::new(why, Some(child.since_ms), owner, Trigger::EndOfUpstream).expected(expected);
        let outcome = satisfying(edge.satisfied_by);
        let operation = Operation::OverrideOutcome { execution: edge.upstream, outcome };
        Some(if can_override { reason.ended_by(operation) } else { reason })
    }
}

impl View<'_> {
    /// The group that an execution waits for.
    fn open_group(&self, row: &Execution) -> Option<&Group> {
        let sealed = self.run_of(row).is_some_and(|run| run.phase != RunPhase::Building && !cancel::reaches(run, row));
        let waits = (row.phase, row.hold) == (Phase::Runnable, Hold::Edges) && sealed;
        self.rows.groups.get(&row.id).filter(|group| waits && group.state == GroupState::Open)
    }

    /// The implicit edge of a finalizer from all members that are none.
    fn finalizer_waits(&self, row: &Execution) -> Option<Reason> {
        let run = self.run_of(row).filter(|run| row.finalizer && !run.finalizers_released)?;
        let waits = row.phase == Phase::Runnable && run.phase != RunPhase::Building && !cancel::reaches(run, row);
        let upstream = Waiting { more: i64::from(run.open_before_finalizers()), ..self.header(run) };
        let why = Why::EdgeOpen { satisfied_by: EdgeWhen::Done, upstream: Box::new(upstream) };
        let reason = Reason::new(why, Some(row.since_ms), Owner::Upstream, Trigger::EndOfUpstream);
        waits.then(|| reason.ended_by(Operation::CancelRun { run: run.id }))
    }

    /// A run without its reasons.
    pub(super) fn header(&self, run: &Run) -> Waiting {
        Waiting {
            subject: Subject::Run(run.id),
            name: if run.name.is_empty() { run.id.to_string() } else { run.name.clone() },
            state: run.phase.to_string(),
            edges: None,
            reasons: Vec::new(),
            more: 0,
            listed_before: false,
            deadline_ms: run.deadline_ms,
            end: None,
        }
    }

    /// An outside fact that is not known.
    pub(super) fn condition(&self, row: &Condition, since_ms: Option<i64>) -> Reason {
        let detail = self.detail(row);
        let overdue = row.expires_ms.is_some_and(|at_ms| at_ms <= self.now_ms);
        let owner = match detail {
            _ if overdue => Owner::background("waitpoint_expiry"),
            ConditionDetail::EndOfRun { ended: true, .. } | ConditionDetail::EndOfExecution { ended: true, .. } => {
                Owner::background("awaited_ends")
            }
            ConditionDetail::EndOfRun { stored: true, .. } | ConditionDetail::EndOfExecution { stored: true, .. } => {
                Owner::Upstream
            }
            _ => Owner::Caller,
        };
        let why = Why::ConditionOpen { run: row.run_id, key: row.key.clone(), detail };
        Reason::new(why, since_ms, owner, Trigger::Resolution)
            .expected(row.expires_ms)
            .ended_by(Operation::ResolveCondition { run: row.run_id, key: row.key.clone() })
    }

    fn detail(&self, row: &Condition) -> ConditionDetail {
        if let Some(run) = row.upstream_run {
            let found = self.rows.runs.get(&run);
            let ended = found.is_some_and(|found| found.phase == RunPhase::Ended);
            return ConditionDetail::EndOfRun { run, stored: found.is_some(), ended };
        }
        let Some(execution) = row.upstream_execution else {
            return ConditionDetail::Call { on_timeout: row.expires_ms.map(|_| row.on_timeout) };
        };
        let found = self.rows.executions.get(&execution);
        let ended = found.is_some_and(|found| found.phase == Phase::Ended);
        ConditionDetail::EndOfExecution { execution, stored: found.is_some(), ended }
    }
}

fn left(group: &Group) -> EdgesLeft {
    let need = (group.need_count() - group.satisfied).max(0);
    EdgesLeft { need, n: group.n, satisfied: group.satisfied, missed: group.missed }
}

/// An end that satisfies an edge, as an operator can bring it about.
fn satisfying(when: EdgeWhen) -> Outcome {
    match when {
        EdgeWhen::Success | EdgeWhen::Done | EdgeWhen::NotFailed => Outcome::Succeeded,
        EdgeWhen::Failure => Outcome::Failed,
        EdgeWhen::Skipped => Outcome::Skipped,
    }
}
