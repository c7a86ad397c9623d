//! Claiming: §2.2.

use std::collections::{BTreeMap, BTreeSet};

use levada_store::ExecutionId;
use levada_store::alphabets::{AttemptCause, AttemptState, EventKind, Hold, LaneState, Outcome, Phase, RunPhase};
use levada_tasks::spec::ClaimRequest;

use super::{Execution, Lane, Lease, Model, Try};

/// What a worker was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    pub execution: ExecutionId,
    pub fence: i64,
    pub attempt_no: i32,
    pub cause: AttemptCause,
    /// Inputs by name: upstream, generation, outcome.
    pub inputs: BTreeMap<String, (ExecutionId, i32, Outcome)>,
}

impl Model {
    /// Gives a worker what it may have, in the order of priority and creation.
    pub fn claim(&mut self, request: &ClaimRequest) -> Vec<Given> {
        let again = |row: &&Execution| {
            row.lease.as_ref().is_some_and(|lease| lease.token == request.token && lease.instance == request.instance)
        };
        let mut again: Vec<_> = self.executions.values().filter(again).collect();
        if !again.is_empty() {
            again.sort_by_key(|row| (-row.priority, row.order));
            return again.into_iter().map(given).collect();
        }
        let line = self.in_line(request);
        self.give_of(&self.in_reach(&line, request), request)
    }

    /// What stands in line for a claim, in its order.
    #[must_use]
    pub fn in_line(&self, request: &ClaimRequest) -> Vec<ExecutionId> {
        let mut found: Vec<_> = self.executions.values().filter(|row| self.is_offered(row, request)).collect();
        found.sort_by_key(|row| (-row.priority, row.order));
        found.into_iter().map(|row| row.id).collect()
    }

    /// Whatever is ready, whoever it is for.
    #[must_use]
    pub fn ready(&self) -> BTreeSet<ExecutionId> {
        let ready = self.executions.values().filter(|row| (row.phase, row.hold) == (Phase::Runnable, Hold::None));
        ready.map(|row| row.id).collect()
    }

    /// How far a claim looks: as many as it asks for, and as many of each lane with a limit, because that may be full.
    fn in_reach(&self, line: &[ExecutionId], request: &ClaimRequest) -> Vec<ExecutionId> {
        let limited = |id: &ExecutionId| {
            let lane = &self.execution(*id).lane;
            self.lanes.get(lane).and_then(|row| row.max_active).map(|_| lane.clone())
        };
        let mut seen: BTreeMap<Option<String>, u32> = BTreeMap::new();
        let mut is_near = |id: &&ExecutionId| {
            let seen = seen.entry(limited(id)).or_default();
            *seen += 1;
            *seen <= request.limit
        };
        line.iter().filter(|id| is_near(id)).copied().collect()
    }

    /// The claim that goes along with ends (F-9): of what stood in line before as far as it looks, and of what these made ready.
    pub fn claim_after(&mut self, before: &[ExecutionId], request: &ClaimRequest) -> Vec<Given> {
        let near = self.in_reach(before, request);
        let mut line = self.in_line(request);
        line.retain(|id| near.contains(id) || !before.contains(id));
        self.give_of(&line, request)
    }

    fn give_of(&mut self, line: &[ExecutionId], request: &ClaimRequest) -> Vec<Given> {
        let mut given = Vec::new();
        for id in line {
            if given.len() < request.limit as usize {
                given.extend(self.give(*id, request));
            }
        }
        given
    }

    /// Whether something is active under the claim's token.
    #[must_use]
    pub fn holds_by(&self, request: &ClaimRequest) -> bool {
        let mut leases = self.executions.values().filter_map(|row| row.lease.as_ref());
        leases.any(|lease| lease.token == request.token && lease.instance == request.instance)
    }

    /// Whether it is in line for this worker. A member of a run that is being cancelled may stand there still, to be turned away.
    fn is_offered(&self, row: &Execution, request: &ClaimRequest) -> bool {
        let state = self.lanes.get(&row.lane).map_or(LaneState::Open, |lane| lane.state);
        let is_ready = match self.is_shut_out(row) {
            true => self.seen.ready_before.contains(&row.id),
            false => (row.phase, row.hold) == (Phase::Runnable, Hold::None),
        };
        is_ready
            && request.lanes.contains(&row.lane)
            && matches!(state, LaneState::Open | LaneState::Draining)
            && row.capabilities.is_subset(&request.capabilities)
    }

    /// A member that waits in a run that is being cancelled, and is no finalizer whose turn it is.
    fn is_shut_out(&self, row: &Execution) -> bool {
        let header = row.run.map(|run| &self.runs[&run]).filter(|header| header.phase == RunPhase::Cancelling);
        let Some((header, cancel)) = header.and_then(|header| Some((header, header.cancel?))) else { return false };
        row.phase == Phase::Runnable && !(row.finalizer && header.finalizers_released && !cancel.finalizers_too)
    }

    /// a member of a run that is being cancelled is ended instead (L-5).
    fn give(&mut self, id: ExecutionId, request: &ClaimRequest) -> Option<Given> {
        let row = self.execution(id);
        if self.is_shut_out(row) {
            if row.run.is_some_and(|run| self.doomed(run).contains(&id)) {
                self.end_by_cancel(id);
            }
            return None;
        }
        if self.is_full(&row.lane) {
            return None;
        }
        let now_ms = self.now_ms;
        let row = self.execution_mut(id);
        let timeout = row.policy.attempt_timeout_ms;
        let (cause, generation) = (row.next_cause, row.generation);
        let (left_ms, resumed) = match row.open_try() {
            Some(parked) => {
                parked.state = Some(AttemptState::Running);
                (parked.left_ms.take(), true)
            }
            None => {
                row.tries.push(Try {
                    state: Some(AttemptState::Running),
                    cause,
                    generation,
                    last: None,
                    until_ms: None,
                    left_ms: None,
                    failure_code: None,
                });
                (timeout, false)
            }
        };
        row.fence += 1;
        row.phase = Phase::Active;
        row.due_ms = None;
        row.attempt_deadline_ms = left_ms.map(|left| now_ms + left);
        row.lease = Some(Lease {
            instance: request.instance.clone(),
            token: request.token,
            until_ms: now_ms + request.ttl_ms,
            ttl_ms: request.ttl_ms,
        });
        let given = given(row);
        self.say(if resumed { EventKind::Resumed } else { EventKind::Claimed }, id);
        Some(given)
    }

    fn is_full(&self, lane: &str) -> bool {
        let limit = self.lanes.get(lane).and_then(|lane: &Lane| lane.max_active);
        let active = self.executions.values().filter(|row| row.phase == Phase::Active && row.lane == lane).count();
        limit.is_some_and(|limit| active >= usize::try_from(limit).unwrap_or(0))
    }
}

fn given(row: &Execution) -> Given {
    let attempt_no = i32::try_from(row.tries.len()).unwrap_or(i32::MAX);
    let cause = row.tries.last().map_or(AttemptCause::First, |attempt| attempt.cause);
    let inputs = row.pins.iter().map(|(name, pin)| (name.clone(), (pin.upstream, pin.generation, pin.outcome))).collect();
    Given { execution: row.id, fence: row.fence, attempt_no, cause, inputs }
}
