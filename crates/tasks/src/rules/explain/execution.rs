//! The reasons of one execution, its edges apart.

use levada_store::alphabets::{Hold, Phase, RunPhase};
use levada_store::limits::BUILD_MS_MAX;
use levada_store::rows::{Execution, Run};

use super::{Operation, Owner, Reason, Trigger, View, Why, cancel};
use crate::rules::overdue;

impl View<'_> {
    /// Everything that stands in the way of an execution but its edges. What only a ready execution meets (room in its lane, workers) is
    /// left out while anything else holds it.
    pub(super) fn reasons_of(&self, row: &Execution) -> Vec<Reason> {
        let run = self.run_of(row);
        if let Some(run) = run.filter(|run| cancel::reaches(run, row)) {
            let leased = (row.phase == Phase::Active).then(|| self.leased(row));
            return cancel::of_member(run, row).into_iter().chain(leased).collect();
        }
        match row.phase {
            Phase::Ended => self.settling(row).into_iter().collect(),
            Phase::Staged => vec![not_sealed(row, run)],
            Phase::Active => vec![self.leased(row)],
            Phase::Suspended => Vec::new(),
            Phase::Runnable if run.is_some_and(|run| run.phase == RunPhase::Building) => vec![not_sealed(row, run)],
            // A finalizer that a pause held is let go by the backlog of the cancel that ended the pause.
            Phase::Runnable if row.hold == Hold::Operator && !row.operator_hold && !run.is_some_and(|run| run.paused) => {
                run.and_then(|run| cancel::of_member(run, row)).into_iter().collect()
            }
            Phase::Runnable => self.holds(row, run),
        }
    }

    fn holds(&self, row: &Execution, run: Option<&Run>) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let held_since = (row.hold == Hold::Operator).then_some(row.since_ms);
        reasons.extend(run.filter(|run| run.paused).map(|run| run_paused(run, held_since)));
        reasons.extend(row.operator_hold.then(|| {
            Reason::new(Why::OperatorHold, held_since, Owner::Operator, Trigger::Release)
                .ended_by(Operation::Release { execution: row.id })
        }));
        let due = row.due_ms.filter(|due| row.hold == Hold::Time || *due > self.now_ms);
        reasons.extend(due.map(|at_ms| due_at(row, at_ms)));
        reasons.extend(self.lane_paused(row));
        if reasons.is_empty() && row.hold == Hold::None {
            reasons.push(self.ready(row));
        }
        reasons
    }

    fn leased(&self, row: &Execution) -> Reason {
        let until_ms = self.lease_end(row);
        let worker = row.worker.clone().unwrap_or_default();
        let instance = row.instance.clone().unwrap_or_default();
        let timeout = row.attempt_deadline_ms.filter(|timeout| *timeout <= until_ms);
        let owner = match timeout {
            Some(timeout) if timeout <= self.now_ms => Owner::background("attempt_timeout"),
            _ if until_ms <= self.now_ms => Owner::background("lease_expiry"),
            _ => Owner::Worker { worker: worker.clone(), instance: instance.clone() },
        };
        let why = Why::Leased { worker, instance, until_ms };
        Reason::new(why, Some(row.since_ms), owner, Trigger::ReportOrExpiry)
            .expected(Some(timeout.unwrap_or(until_ms)))
            .ended_by(Operation::RevokeLease { execution: row.id })
    }

    /// When the lease ends, with the grace after an outage of all nodes.
    fn lease_end(&self, row: &Execution) -> i64 {
        let grace = self.rows.engine_nodes.values().filter_map(|node| node.grace_until_ms).max();
        let back_since_ms = grace.filter(|until| *until > self.now_ms).map(|until| until - overdue::GRACE_MS_MAX);
        overdue::lease_end(row, back_since_ms).unwrap_or(self.now_ms)
    }

    fn settling(&self, row: &Execution) -> Option<Reason> {
        let mark = self.rows.marks.get(&row.id)?;
        Some(settling(1, Some(mark.made_ms)))
    }
}

/// Marks wait for the settle worker.
pub(super) fn settling(marks: i64, since_ms: Option<i64>) -> Reason {
    Reason::new(Why::Settling { marks }, since_ms, Owner::background("settle"), Trigger::Settlement)
        .ended_by(Operation::Tick { worker: "settle".to_owned() })
}

pub(super) fn run_paused(run: &Run, since_ms: Option<i64>) -> Reason {
    Reason::new(Why::RunPaused { run: run.id }, since_ms, Owner::Operator, Trigger::Resume)
        .ended_by(Operation::ResumeRun { run: run.id })
}

fn not_sealed(row: &Execution, run: Option<&Run>) -> Reason {
    let why = Why::NotSealed { run: row.run_id };
    let reason = Reason::new(why, Some(row.since_ms), Owner::Caller, Trigger::Seal);
    match run {
        Some(run) => {
            reason.expected(run.build_deadline_ms).ended_by(Operation::SealRun { run: run.id, revision: run.revision })
        }
        None => reason
            .expected(Some(row.created_ms.saturating_add(BUILD_MS_MAX)))
            .ended_by(Operation::AddExecutionToRun { execution: row.id }),
    }
}

fn due_at(row: &Execution, at_ms: i64) -> Reason {
    let since_ms = (row.hold == Hold::Time).then_some(row.since_ms);
    Reason::new(Why::DueAt { at_ms }, since_ms, Owner::background("due_promote"), Trigger::Due)
        .expected(Some(at_ms))
        .ended_by(Operation::RunNow { execution: row.id })
}
