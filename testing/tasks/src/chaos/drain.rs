//! After the faults: everything is let go, and everything due must happen without a human (G-9).

use levada_base::Error;
use levada_store::alphabets::ConditionState;
use levada_store::{DueKind, Store, Token, earliest};
use levada_tasks::spec::{ClaimRequest, Complete, Payload, Resolution};

use super::laws;
use super::node::Node;

/// What runs by itself, in an order. Schedules and retention have no end and are not drained.
const WORKERS: [&str; 8] = [
    "settle",
    "edge_cancel_dispatch",
    "cancel_backlog",
    "lease_expiry",
    "attempt_timeout",
    "deadline",
    "due_promote",
    "waitpoint_expiry",
];
/// What is waited for while draining.
const DUES: [DueKind; 6] =
    [DueKind::Lease, DueKind::AttemptDeadline, DueKind::Deadline, DueKind::RunDeadline, DueKind::Promote, DueKind::Condition];
/// Rounds after which a history that is not over counts as stuck.
const ROUNDS_MAX: u128 = 40;
/// Executions of one claim.
const BATCH: u32 = 100;

/// Lets everything go and works until all has ended; the laws hold all the way.
///
/// # Errors
/// The law that is broken, or what has not ended.
pub async fn drain(node: &Node) -> Result<(), String> {
    let mut last = Err("nothing was done".to_owned());
    for round in 0..ROUNDS_MAX {
        step(node, round).await.map_err(|error| format!("draining: {}: {error}", error.code()))?;
        let rows = node.tasks.store().dump().await.map_err(|error| error.to_string())?;
        laws::check(&rows)?;
        last = laws::is_over(&rows);
        if last.is_ok() {
            return Ok(());
        }
        let next = DUES.iter().filter_map(|kind| earliest(&rows, *kind)).min();
        let now_ms = node.tasks.now().await.map_err(|error| error.to_string())?;
        node.pass(next.map_or(0, |at_ms| (at_ms - now_ms).clamp(0, 3_600_000)));
    }
    last.map_err(|left| format!("after {ROUNDS_MAX} rounds: {left}"))
}

async fn step(node: &Node, round: u128) -> Result<(), Error> {
    let rows = node.tasks.store().dump().await?;
    for run in rows.runs.values().filter(|run| run.paused) {
        node.tasks.resume_run(run.id, "drain").await?;
    }
    for condition in rows.conditions.values().filter(|row| row.state == ConditionState::Open) {
        node.tasks.resolve_condition(condition.run_id, &condition.key, Resolution::Missed).await?;
    }
    for worker in WORKERS {
        while node.tasks.tick(worker).await?.more {}
    }
    let request = ClaimRequest::of_lane("default", "drain", BATCH, Token((1 << 100) | round));
    let claimed = node.tasks.claim(request).await?;
    let mut handles: Vec<_> = claimed.into_iter().map(|claimed| claimed.handle).collect();
    handles.sort_unstable();
    let done = handles.into_iter().map(|handle| Complete { handle, result: Payload::Void, facts: Default::default() });
    let done: Vec<_> = done.collect();
    if done.is_empty() {
        return Ok(());
    }
    let (results, _) = node.tasks.complete(done, None).await?;
    results.into_iter().try_for_each(|result| result.map(|_| ()))
}
