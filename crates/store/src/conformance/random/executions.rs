//! Random executions in every phase, with every hold and outcome, and their attempts.

use super::{INSTANCES, Maker};
use crate::alphabets::{AttemptState, Cause, Hold, Outcome, Phase};
use crate::ids::{ExecutionId, RunId};
use crate::rows::{Attempt, Execution};

/// How an attempt that is over may have ended.
const CLOSED: &[AttemptState] = &[
    AttemptState::Succeeded,
    AttemptState::Failed,
    AttemptState::TimedOut,
    AttemptState::Crashed,
    AttemptState::Revoked,
    AttemptState::Cancelled,
    AttemptState::Skipped,
];

impl Maker {
    /// Each phase and each hold at least once.
    pub(super) fn stand_alone(&mut self) {
        for phase in Phase::ALL {
            for number in 0..4 {
                self.execution(None, *phase, format!("alone {number}"));
            }
        }
        for hold in Hold::ALL {
            let id = self.execution(None, Phase::Runnable, format!("held {hold}"));
            self.hold(id, *hold);
        }
        for number in 0..12 {
            let id = self.execution(None, Phase::Runnable, format!("ready {number}"));
            self.hold(id, Hold::None);
        }
    }

    pub(super) fn execution(&mut self, run: Option<RunId>, phase: Phase, name: String) -> ExecutionId {
        let mut row: Execution = self.any();
        row.id = ExecutionId(self.dice.id());
        row.namespace = self.namespace();
        row.name = name;
        row.run_id = run;
        row.phase = phase;
        row.priority = *self.dice.pick(&[0, 0, 10, 9_000]);
        row.created_ms = self.now_ms - self.dice.below(10) * 1_000_000;
        let routes: Vec<_> = self.state.routes.keys().copied().collect();
        let policies: Vec<_> = self.state.policies.keys().copied().collect();
        (row.route_id, row.policy_id) = (*self.dice.pick(&routes), *self.dice.pick(&policies));
        row.generation = *self.dice.pick(&[0, 0, 1, 2]);
        row.attempt_no = match phase {
            Phase::Staged => 0,
            Phase::Active | Phase::Suspended => *self.dice.pick(&[1, 2, 3]),
            Phase::Runnable | Phase::Ended => *self.dice.pick(&[0, 1, 2, 3]),
        };
        row.fence = i64::from(row.attempt_no) + self.dice.below(3);
        (row.essential, row.finalizer) = (self.dice.chance(60), run.is_some() && self.dice.chance(15));
        self.end(&mut row);
        self.lease(&mut row);
        self.attempts(&row);
        let id = row.id;
        (row.hold, row.hold_ref, row.recheck_ms) = (Hold::None, None, None);
        self.put(row);
        if phase == Phase::Runnable {
            let hold = *self.dice.pick(&[Hold::None, Hold::None, Hold::Edges, Hold::Time, Hold::Operator, Hold::Quota]);
            self.hold(id, hold);
        }
        id
    }

    /// V-1 and V-6: what is there if it is ended, and only then; what nothing can fire later.
    fn end(&mut self, row: &mut Execution) {
        let ended = row.phase == Phase::Ended;
        row.outcome = ended.then(|| *self.dice.pick(Outcome::ALL));
        row.cause = ended.then(|| *self.dice.pick(Cause::ALL));
        row.cancelled_by_call &= row.cause == Some(Cause::RunCancelled);
        row.ended_ms = ended.then(|| self.near());
        row.retain_until_ms = row.retain_until_ms.filter(|_| ended);
        row.deadline_ms = row.deadline_ms.filter(|_| !ended);
        row.due_ms = row.due_ms.filter(|_| !ended);
    }

    /// V-2: a lease if it is active, and only then. A claim's token may outlive its lease.
    fn lease(&mut self, row: &mut Execution) {
        let active = row.phase == Phase::Active;
        row.lease_id = active.then(|| crate::ids::Token(self.dice.id()));
        row.worker = active.then(|| "worker".to_owned());
        row.instance = active.then(|| (*self.dice.pick(INSTANCES)).to_owned());
        row.lease_until_ms = active.then(|| self.near());
        row.lease_ttl_ms = active.then_some(30_000);
        row.attempt_deadline_ms = row.attempt_deadline_ms.filter(|_| active);
        row.claim_token = self.dice.maybe(80, |dice| *dice.pick(&self.tokens));
    }

    /// V-3: what a hold needs.
    fn hold(&mut self, id: ExecutionId, hold: Hold) {
        let (due_ms, recheck_ms) = (self.near(), self.near());
        let limited = matches!(hold, Hold::Budget | Hold::Quota | Hold::Concurrency);
        let Some(row) = self.state.executions.get_mut(&id) else { return };
        row.hold = hold;
        row.due_ms = if hold == Hold::Time { Some(due_ms) } else { row.due_ms };
        row.hold_ref = limited.then(|| "limit \"é\"".to_owned());
        row.recheck_ms = limited.then_some(recheck_ms);
    }

    /// V-4: at most the last attempt is running or parked.
    fn attempts(&mut self, row: &Execution) {
        for attempt_no in 1..=row.attempt_no {
            let mut attempt: Attempt = self.any();
            (attempt.execution_id, attempt.attempt_no) = (row.id, attempt_no);
            attempt.state = match row.phase {
                Phase::Active if attempt_no == row.attempt_no => AttemptState::Running,
                Phase::Suspended if attempt_no == row.attempt_no => AttemptState::Parked,
                Phase::Runnable if attempt_no == row.attempt_no && self.dice.chance(40) => AttemptState::Parked,
                _ => *self.dice.pick(CLOSED),
            };
            attempt.fence = i64::from(attempt_no);
            attempt.last_fence = self.dice.maybe(70, |dice| 1 + dice.below(3));
            attempt.generation = row.generation.min(attempt_no - 1);
            self.put(attempt);
        }
    }
}
