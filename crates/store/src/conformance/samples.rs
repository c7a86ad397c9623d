//! Rows for tests of stores, each the simplest of its kind. Not random: see `random`; and no store is asked for anything here.

use crate::alphabets::{AttemptCause, AttemptState, EventKind, Hold, Phase, Storage};
use crate::ids::{ExecutionId, Token};
use crate::rows::{Attempt, Event, Execution, Input, Policy, Route};
use crate::scope::{ClaimScope, Scope};
use crate::state::{Command, Record};

/// Commands that put these rows.
pub fn puts(records: impl IntoIterator<Item = Record>) -> Vec<Command> {
    records.into_iter().map(Command::Put).collect()
}

/// A stand-alone execution that can be claimed.
#[must_use]
pub fn ready(number: u128, route_id: i64) -> Execution {
    Execution {
        id: ExecutionId(number),
        namespace: "n".to_owned(),
        name: format!("e{number}"),
        kind: "k".to_owned(),
        run_id: None,
        route_id,
        policy_id: 1,
        content_digest: 0,
        phase: Phase::Runnable,
        hold: Hold::None,
        hold_ref: None,
        operator_hold: false,
        priority: 0,
        seq: i64::try_from(number).unwrap_or(i64::MAX),
        due_ms: None,
        recheck_ms: None,
        attempt_deadline_ms: None,
        deadline_ms: None,
        fence: 0,
        generation: 0,
        attempt_no: 0,
        retry_used: 0,
        crash_used: 0,
        next_cause: AttemptCause::First,
        lease_id: None,
        worker: None,
        instance: None,
        lease_until_ms: None,
        lease_ttl_ms: None,
        claim_token: None,
        outcome: None,
        cause: None,
        ended_ms: None,
        created_ms: 1,
        first_started_ms: None,
        since_ms: 1,
        essential: true,
        finalizer: false,
        decided_by: None,
        cancelled_by_call: false,
        retain_until_ms: None,
    }
}

/// The same execution, claimed.
#[must_use]
pub fn claimed(mut row: Execution, token: u128, until_ms: i64) -> Execution {
    row.phase = Phase::Active;
    row.attempt_no += 1;
    row.fence += 1;
    row.lease_id = Some(Token(token));
    row.claim_token = Some(Token(token));
    row.worker = Some("w".to_owned());
    row.instance = Some("w-1".to_owned());
    row.lease_until_ms = Some(until_ms);
    row.lease_ttl_ms = Some(30_000);
    row
}

#[must_use]
pub fn attempt(row: &Execution, state: AttemptState) -> Attempt {
    Attempt {
        execution_id: row.id,
        attempt_no: row.attempt_no,
        generation: row.generation,
        state,
        cause: AttemptCause::First,
        worker: "w".to_owned(),
        instance: "w-1".to_owned(),
        fence: row.fence,
        started_ms: 1,
        ended_ms: None,
        last_fence: None,
        last_call: None,
        last_digest: None,
        next_due_ms: None,
        active_left_ms: None,
        failure_class: None,
        failure_code: None,
        failure_message: None,
    }
}

#[must_use]
pub fn input(row: &Execution, bytes: usize) -> Input {
    let length = i64::try_from(bytes).unwrap_or(i64::MAX);
    Input { execution_id: row.id, storage: Storage::Inline, length, bytes: vec![7; bytes] }
}

#[must_use]
pub fn event(id: i64, kind: EventKind, row: &Execution) -> Event {
    Event {
        id,
        at_ms: 1,
        kind,
        namespace: row.namespace.clone(),
        run_id: row.run_id,
        execution_id: Some(row.id),
        generation: Some(0),
        attempt_no: None,
        lane: Some("default".to_owned()),
        actor: None,
        detail: "{}".to_owned(),
    }
}

#[must_use]
pub fn route(id: i64, lane: &str, capabilities: &str) -> Route {
    Route { id, namespace: "n".to_owned(), lane: lane.to_owned(), capabilities: capabilities.to_owned() }
}

#[must_use]
pub fn policy() -> Policy {
    Policy {
        id: 1,
        retries_max: Some(3),
        retry_on: 7,
        retry_initial_ms: 1_000,
        retry_factor_permille: 2_000,
        retry_max_ms: 60_000,
        retry_jitter_permille: 200,
        crashes_max: 20,
        crash_initial_ms: 1_000,
        crash_factor_permille: 2_000,
        crash_max_ms: 60_000,
        attempt_timeout_ms: None,
        deadline_ms: None,
        retention_ms: 604_800_000,
        request_key_window_ms: 86_400_000,
        lease_ttl_max_ms: 3_600_000,
    }
}

/// A claim of the default lane by a worker without capabilities.
#[must_use]
pub fn claim(limit: u32, token: u128) -> Scope {
    Scope::Claim(ClaimScope {
        lanes: vec!["default".to_owned()],
        namespaces: None,
        capabilities: Vec::new(),
        limit,
        instance: "w-1".to_owned(),
        token: Token(token),
    })
}
