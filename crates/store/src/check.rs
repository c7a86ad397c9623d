//! What a row must be, whoever writes it: the rules V-1 … V-6, which the SQL stores enforce with CHECK constraints.

use std::fmt;

use crate::alphabets::{Cause, Hold, Phase};
use crate::rows::Execution;
use crate::state::{Command, Record, State};

/// A row broke a rule. Always a defect of ours, so it becomes `LV-T901`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleViolation {
    pub rule: &'static str,
    pub facts: String,
}

impl fmt::Display for RuleViolation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "rule {} violated: {}", self.rule, self.facts)
    }
}

/// Checks a command against what is there.
///
/// # Errors
/// The rule that it would break.
pub fn check(state: &State, command: &Command) -> Result<(), RuleViolation> {
    let Command::Put(record) = command else { return Ok(()) };
    match record {
        Record::Execution(row) => {
            let before = state.executions.get(&row.id);
            check_execution(row)?;
            before.map_or(Ok(()), |before| never_falls(before, row))
        }
        Record::Run(row) if state.runs.contains_key(&row.id) && !state.locked_runs.contains(&row.id) => {
            Err(violation("E-11", format!("run {} is written without its lock", row.id)))
        }
        _ => Ok(()),
    }
}

fn check_execution(row: &Execution) -> Result<(), RuleViolation> {
    let ended = row.phase == Phase::Ended;
    let active = row.phase == Phase::Active;
    let limited = matches!(row.hold, Hold::Budget | Hold::Quota | Hold::Concurrency);
    let rules = [
        ("V-1", row.hold == Hold::None || row.phase == Phase::Runnable),
        ("V-1", row.outcome.is_some() == ended && row.cause.is_some() == ended && row.ended_ms.is_some() == ended),
        ("V-1", !row.cancelled_by_call || row.cause == Some(Cause::RunCancelled)),
        (
            "V-2",
            [row.lease_id.is_some(), row.worker.is_some(), row.instance.is_some(), row.lease_until_ms.is_some()] == [active; 4],
        ),
        ("V-3", row.hold != Hold::Time || row.due_ms.is_some()),
        ("V-3", !limited || (row.hold_ref.is_some() && row.recheck_ms.is_some())),
        ("V-4", row.phase != Phase::Staged || row.attempt_no == 0),
        ("V-4", !matches!(row.phase, Phase::Active | Phase::Suspended) || row.attempt_no >= 1),
        ("V-5", row.fence >= i64::from(row.attempt_no) && row.attempt_no >= 0),
        ("V-6", !ended || (row.due_ms, row.recheck_ms, row.attempt_deadline_ms, row.deadline_ms) == (None, None, None, None)),
    ];
    match rules.iter().find(|(_, holds)| !holds) {
        Some((rule, _)) => Err(violation(rule, format!("{row:?}"))),
        None => Ok(()),
    }
}

fn never_falls(before: &Execution, after: &Execution) -> Result<(), RuleViolation> {
    let rises = after.fence >= before.fence && after.generation >= before.generation && after.seq >= before.seq;
    if rises { Ok(()) } else { Err(violation("V-5", format!("{before:?} became {after:?}"))) }
}

fn violation(rule: &'static str, facts: String) -> RuleViolation {
    RuleViolation { rule, facts }
}
