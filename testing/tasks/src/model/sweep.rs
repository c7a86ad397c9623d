//! What time brings: with the one verdict of X-28; conditions, run deadlines, the grace of mark_only, runs
//! and executions that were never sealed.

use levada_store::alphabets::{
    AttemptCause, AttemptState, CancelPolicy, Cause, ConditionState, EventKind, FailureClass, Hold, Outcome, Phase, RunPhase,
};
use levada_store::{DueKind, ExecutionId, RunId, limits};

use super::{Cancel, Execution, Model};

/// The verdict on an execution of which something is overdue.
enum Overdue {
    Deadline,
    AttemptTimeout,
    Lease,
}

impl Model {
    /// One batch of a sweep over executions: the earliest, in the order of their ids.
    pub fn sweep(&mut self, kind: DueKind, limit: u32) {
        let mut due = self.due(kind, limit);
        due.sort_unstable();
        for id in due {
            match kind {
                DueKind::Promote => self.make_runnable(id),
                DueKind::Staged => self.end(id, Outcome::Cancelled, Cause::NeverSealed, None),
                _ => self.overdue(id),
            }
        }
    }

    fn due(&self, kind: DueKind, limit: u32) -> Vec<ExecutionId> {
        let time = |row: &Execution| match kind {
            DueKind::Lease => row.lease.as_ref().map(|lease| lease.until_ms),
            DueKind::AttemptDeadline => row.attempt_deadline_ms,
            DueKind::Deadline => row.deadline_ms,
            DueKind::Promote => row.due_ms.filter(|_| (row.phase, row.hold) == (Phase::Runnable, Hold::Time)),
            DueKind::Staged => {
                (row.phase == Phase::Staged && row.run.is_none()).then_some(row.created_ms + limits::BUILD_MS_MAX)
            }
            _ => None,
        };
        let mut due: Vec<_> = self.executions.values().filter_map(|row| Some((time(row)?, row.id))).collect();
        due.retain(|(at_ms, _)| *at_ms <= self.now_ms);
        due.sort_unstable();
        due.into_iter().take(limit as usize).map(|(_, id)| id).collect()
    }

    /// the earliest instant wins; of equal ones the deadline, then the attempt's, then the lease's.
    fn overdue(&mut self, id: ExecutionId) {
        let row = self.execution(id);
        let lease_ms = row.lease.as_ref().map(|lease| self.lost_at(lease));
        let instants = [
            (row.deadline_ms, Overdue::Deadline),
            (row.attempt_deadline_ms, Overdue::AttemptTimeout),
            (lease_ms, Overdue::Lease),
        ];
        let past = instants.into_iter().filter_map(|(at_ms, verdict)| Some((at_ms.filter(|at| *at <= self.now_ms)?, verdict)));
        match past.min_by_key(|(at_ms, _)| *at_ms).map(|(_, verdict)| verdict) {
            Some(Overdue::Deadline) => self.end(id, Outcome::Expired, Cause::Deadline, None),
            Some(Overdue::AttemptTimeout) => {
                self.say(EventKind::AttemptTimedOut, id);
                if let Some(attempt) = self.execution_mut(id).open_try() {
                    attempt.state = Some(AttemptState::TimedOut);
                }
                self.try_again_or_end(id, FailureClass::Timeout, Cause::AttemptTimeout);
            }
            Some(Overdue::Lease) => {
                self.say(EventKind::LeaseExpired, id);
                self.crash(id, AttemptState::Crashed, AttemptCause::CrashRecovery);
            }
            None => {}
        }
    }

    /// One batch of a sweep over runs and their conditions.
    pub fn sweep_run(&mut self, kind: DueKind, run: RunId) {
        let now_ms = self.now_ms;
        let header = &self.runs[&run];
        let is_past = |at_ms: Option<i64>| at_ms.is_some_and(|at| at <= now_ms);
        let open = header.phase != RunPhase::Ended;
        match kind {
            DueKind::RunDeadline if open && is_past(header.deadline_ms) => self.expire_run(run),
            DueKind::Building if header.phase == RunPhase::Building && is_past(header.build_deadline_ms) => {
                let cause = Cause::NeverSealed;
                let policy = CancelPolicy::CancelAll;
                self.begin_cancel(run, Cancel { policy, explicit: false, cause, finalizers_too: true, grace_ms: None });
                while self.end_some_doomed(run) {}
            }
            DueKind::CancelGrace if open && is_past(header.cancel.and_then(|cancel| cancel.grace_ms)) => {
                if let Some(cancel) = &mut self.run_mut(run).cancel {
                    cancel.policy = CancelPolicy::CancelPending;
                    cancel.grace_ms = None;
                }
                while self.end_some_doomed(run) {}
            }
            _ => {}
        }
    }

    /// A condition that nobody resolved in time.
    pub fn sweep_condition(&mut self, run: RunId, key: &str) {
        let now_ms = self.now_ms;
        let drawn = Some(self.next_number());
        let Some(condition) = self.run_mut(run).conditions.get_mut(key) else { return };
        if condition.state == ConditionState::Open && condition.expires_ms.is_some_and(|at| at <= now_ms) {
            condition.state = ConditionState::Missed;
            condition.drawn = drawn;
            condition.timed_out = true;
        }
    }
}
