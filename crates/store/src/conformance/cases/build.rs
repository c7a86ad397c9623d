//! Rows for cases that are written by hand.

use std::collections::BTreeSet;

use crate::alphabets::{Hold, Phase, RunPhase};
use crate::conformance::Dice;
use crate::conformance::random::any;
use crate::ids::{ExecutionId, Token};
use crate::rows::{Execution, Route, Run};
use crate::scope::Scope;
use crate::state::{Command, Record, State};

/// A stand-alone execution that can be claimed; nothing about it is due.
pub(super) fn plain_execution(dice: &mut Dice, now_ms: i64) -> Execution {
    Execution {
        id: ExecutionId(dice.id()),
        name: format!("execution {:x}", dice.bits()),
        run_id: None,
        phase: Phase::Runnable,
        hold: Hold::None,
        hold_ref: None,
        due_ms: None,
        recheck_ms: None,
        attempt_deadline_ms: None,
        deadline_ms: None,
        fence: 0,
        generation: 0,
        attempt_no: 0,
        lease_id: None,
        worker: None,
        instance: None,
        lease_until_ms: None,
        lease_ttl_ms: None,
        claim_token: None,
        outcome: None,
        cause: None,
        cancelled_by_call: false,
        ended_ms: None,
        created_ms: now_ms,
        retain_until_ms: None,
        finalizer: false,
        priority: 0,
        seq: 0,
        ..any(dice, now_ms)
    }
}

/// Makes a claimable execution active, as a claim does.
pub(super) fn claimed(row: &Execution, instance: &str, token: Token, until_ms: i64) -> Execution {
    Execution {
        phase: Phase::Active,
        attempt_no: row.attempt_no + 1,
        fence: row.fence + 1,
        lease_id: Some(token),
        worker: Some("worker".to_owned()),
        instance: Some(instance.to_owned()),
        lease_until_ms: Some(until_ms),
        lease_ttl_ms: Some(30_000),
        claim_token: Some(token),
        ..row.clone()
    }
}

/// A running run of which nothing is due.
pub(super) fn plain_run(dice: &mut Dice, now_ms: i64) -> Run {
    Run {
        phase: RunPhase::Running,
        paused: false,
        outcome: None,
        ended_ms: None,
        deadline_ms: None,
        build_deadline_ms: None,
        cancel_grace_ms: None,
        retain_until_ms: None,
        cancel_backlog: false,
        members: 0,
        ..any(dice, now_ms)
    }
}

pub(super) fn route(id: i64, namespace: &str, lane: &str, capabilities: &str) -> Route {
    Route { id, namespace: namespace.to_owned(), lane: lane.to_owned(), capabilities: capabilities.to_owned() }
}

/// A scope that locks the stored runs that the commands write; the runs of other rows stay as they are.
pub(super) fn scope_of(model: &State, commands: &[Command]) -> Scope {
    let runs: BTreeSet<_> = commands
        .iter()
        .filter_map(|command| match command {
            Command::Put(Record::Run(run)) => Some(run.id),
            _ => None,
        })
        .filter(|run| model.runs.contains_key(run))
        .collect();
    Scope::All(runs.into_iter().map(Scope::Run).collect())
}
