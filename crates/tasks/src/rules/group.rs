//! Edge groups: counting, firing, and what firing starts.

use levada_base::Error;
use levada_store::alphabets::{
    CancelState, Cause, ConditionState, EdgeState, EventKind, GroupState, Hold, OnFired, OnTimeout, Outcome, Phase,
};
use levada_store::rows::{CancelPending, Edge, Group, Pin, Row};
use levada_store::{ExecutionId, RunId};
use serde_json::{Value, json};

use super::end::End;
use super::{Draft, errors};

impl Draft<'_> {
    /// Resolves an open edge, and fires its group if that decides it; a second time changes nothing.
    pub(crate) fn resolve_edge(&mut self, key: super::draft::EdgeKey, satisfied: bool) -> Result<(), Error> {
        if self.count_edge(key, satisfied)? { self.fire_if_due(key.1, Some(key.2)) } else { Ok(()) }
    }

    /// Resolves an open edge and counts it. Returns whether it was open.
    pub(crate) fn count_edge(&mut self, key: super::draft::EdgeKey, satisfied: bool) -> Result<bool, Error> {
        let now_ms = self.now();
        let Some(edge) = self.state.edges.get_mut(&key).filter(|edge| edge.state == EdgeState::Open) else { return Ok(false) };
        edge.state = if satisfied { EdgeState::Satisfied } else { EdgeState::Missed };
        edge.resolved_ms = Some(now_ms);
        let (child, upstream) = (edge.child, edge.upstream);
        let Some(group) = self.state.groups.get_mut(&child) else {
            return Err(errors::violated("E-2", format!("edge {upstream} → {child} has no group")));
        };
        *(if satisfied { &mut group.satisfied } else { &mut group.missed }) += 1;
        if group.satisfied + group.missed > group.n {
            return Err(errors::violated(
                "E-2",
                format!("group of {child}: {} + {} of {}", group.satisfied, group.missed, group.n),
            ));
        }
        Ok(true)
    }

    /// Fires a group whose counts decide it.
    pub(crate) fn fire_if_due(&mut self, child: ExecutionId, upstream: Option<ExecutionId>) -> Result<(), Error> {
        let Some(group) = self.group(child).filter(|group| group.state == GroupState::Open) else { return Ok(()) };
        let (satisfied, impossible) = (group.satisfied >= group.need_count(), group.n - group.missed < group.need_count());
        // Its own end may wait for settlement still: a group whose child is over never fires.
        if (satisfied || impossible) && self.state.executions.get(&child).is_some_and(|row| row.phase == Phase::Ended) {
            self.withdraw_group(child);
        } else if satisfied {
            self.fire(child, GroupState::Satisfied, upstream);
        } else if impossible {
            self.fire(child, GroupState::Impossible, upstream);
        }
        Ok(())
    }

    /// Fires a group if edges that counted all at once decide it: of several missed ones the first decided.
    pub(crate) fn fire_if_known(&mut self, run: RunId, child: ExecutionId) -> Result<(), Error> {
        let missed = self.edges_into(run, child).find(|edge| edge.state == EdgeState::Missed).map(|edge| edge.upstream);
        self.fire_if_due(child, missed)
    }

    fn fire(&mut self, child: ExecutionId, result: GroupState, upstream: Option<ExecutionId>) {
        let now_ms = self.now();
        let satisfied = result == GroupState::Satisfied;
        let Some(group) = self.state.groups.get_mut(&child) else { return };
        group.state = result;
        group.fired_ms = Some(now_ms);
        if group.on_fired == OnFired::CancelRemaining {
            group.cancel_state = CancelState::Pending;
            group.cancel_cause = Some(if satisfied { Cause::GroupSatisfied } else { Cause::GroupImpossible });
            self.enqueue_cancel(child);
        }
        let detail = self.fired_detail(child);
        self.execution_event(EventKind::GroupFired, child, None, &detail);
        self.left_open(child);
        let waits =
            self.state.executions.get(&child).is_some_and(|row| (row.phase, row.hold) == (Phase::Runnable, Hold::Edges));
        match (waits, satisfied) {
            (true, true) => {
                self.pin_inputs(child);
                self.make_runnable(child);
            }
            (true, false) => {
                let end = self.impossible_end(child, upstream);
                self.end(child, end);
            }
            // It ended before: nothing more is to happen.
            (false, _) => {}
        }
    }

    fn fired_detail(&self, child: ExecutionId) -> Value {
        let Some(group) = self.group(child) else { return Value::Null };
        let (n, satisfied, missed) = (group.n, group.satisfied, group.missed);
        json!({ "result": group.state.word(), "policy": group.need.word(), "n": n, "satisfied": satisfied, "missed": missed })
    }

    /// What becomes of a child whose group can no longer be satisfied.
    fn impossible_end(&self, child: ExecutionId, upstream: Option<ExecutionId>) -> End<'static> {
        let run = self.state.executions.get(&child).and_then(|row| row.run_id);
        let edge = run.zip(upstream).and_then(|(run, upstream)| self.state.edges.get(&(run, child, upstream)));
        let failed_by_condition = edge.is_some_and(|edge| self.timed_out_with_fail(edge));
        let (outcome, cause) = if failed_by_condition {
            (Outcome::Failed, Cause::ConditionTimeout)
        } else {
            (Outcome::Skipped, Cause::EdgesImpossible)
        };
        End { decided_by: upstream, ..End::by(cause, outcome, None) }
    }

    fn timed_out_with_fail(&self, edge: &Edge) -> bool {
        let condition = edge.condition_key.as_ref().and_then(|key| self.state.conditions.get(&(edge.run_id, key.clone())));
        condition.is_some_and(|condition| {
            let timed_out =
                condition.expires_ms.zip(condition.resolved_ms).is_some_and(|(expires, resolved)| expires <= resolved);
            condition.state == ConditionState::Missed && condition.on_timeout == OnTimeout::Fail && timed_out
        })
    }

    /// A row that asks for the siblings of a fired group to be cancelled.
    pub(crate) fn enqueue_cancel(&mut self, child: ExecutionId) {
        let Some(group) = self.group(child) else { return };
        let run_id = group.run_id;
        let Some(run) = self.state.runs.get(&run_id) else { return };
        let now_ms = self.now();
        let pending = CancelPending {
            child,
            run_id,
            namespace: run.namespace.clone(),
            enqueued_ms: now_ms,
            not_before_ms: now_ms,
            tries: 0,
        };
        self.state.cancel_pending.insert(child, pending);
    }

    /// A downstream that ends before its group fired makes that group withdrawn; it never fires later.
    pub(crate) fn withdraw_group(&mut self, child: ExecutionId) {
        let now_ms = self.now();
        let Some(group) = self.state.groups.get_mut(&child).filter(|group| group.state == GroupState::Open) else { return };
        group.state = GroupState::Withdrawn;
        group.fired_ms = Some(now_ms);
        self.execution_event(EventKind::GroupWithdrawn, child, None, &Value::Null);
        self.left_open(child);
    }

    /// A group left `open`: siblings that other fired groups spared for its sake may have to go now. For a group that this event opened
    /// nobody was spared.
    fn left_open(&mut self, child: ExecutionId) {
        if self.before().groups.get(&child).is_none_or(|group| group.state != GroupState::Open) {
            return;
        }
        let Some(run) = self.group(child).map(|group| group.run_id) else { return };
        let shared = self.edges_into(run, child).flat_map(|edge| self.sparing(edge.upstream));
        let again: Vec<_> =
            shared.copied().filter(|other| *other != child && self.group(*other).is_some_and(spared_some)).collect();
        for other in again {
            if let Some(group) = self.state.groups.get_mut(&other) {
                group.cancel_state = CancelState::Pending;
            }
            self.enqueue_cancel(other);
        }
    }

    /// Fixes the inputs of a child: the named edges that are satisfied at this moment.
    pub(crate) fn pin_inputs(&mut self, child: ExecutionId) {
        let Some(run) = self.group(child).map(|group| group.run_id) else { return };
        let named: Vec<_> = self.edges_into(run, child).filter(|edge| edge.state == EdgeState::Satisfied).cloned().collect();
        for edge in named {
            if let Some(pin) = self.pin_of(&edge) {
                self.state.pins.insert(pin.key(), pin);
            }
        }
    }

    fn pin_of(&self, edge: &Edge) -> Option<Pin> {
        let name = edge.input.clone()?;
        let (generation, outcome, failure_code) = match self.state.executions.get(&edge.upstream) {
            Some(row) => {
                let attempt = self.state.attempts.get(&(row.id, row.attempt_no));
                (row.generation, row.outcome?, attempt.and_then(|attempt| attempt.failure_code.clone()))
            }
            None => (0, Outcome::Succeeded, None),
        };
        let failure_code = failure_code.filter(|_| outcome != Outcome::Succeeded);
        let (upstream, condition_key) = (edge.upstream, edge.condition_key.clone());
        Some(Pin { execution_id: edge.child, name, upstream, condition_key, generation, outcome, failure_code })
    }
}

/// Whether a fired group left siblings alive because another open group needs them.
pub(crate) fn spared_some(group: &Group) -> bool {
    group.kept > 0 && group.cancel_state == CancelState::Done
}
