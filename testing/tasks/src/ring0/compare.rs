//! Whether the engine's rows say what the interpreter says, in everything that can be told from outside.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use levada_store::State;
use levada_store::alphabets::{ConditionState, Hold, Outcome, Phase, RunPhase};
use levada_store::rows;

use super::play::Wrong;
use crate::model::{self, Model};

/// Compares everything.
///
/// # Errors
/// The first difference.
pub fn states(engine: &State, model: &Model) -> Result<(), Wrong> {
    same("the number of executions", engine.executions.len(), model.executions.len())?;
    same("the number of runs", engine.runs.len(), model.runs.len())?;
    for (row, expected) in engine.executions.values().zip(model.executions.values()) {
        execution(engine, model, row, expected).map_err(|wrong| format!("{} ({}): {wrong}", row.id, row.name))?;
    }
    for (row, expected) in engine.runs.values().zip(model.runs.values()) {
        run(engine, model, row, expected).map_err(|wrong| format!("run {}: {wrong}", row.id))?;
    }
    same("marks", engine.marks.keys().copied().collect::<BTreeSet<_>>(), model.left())
}

fn same<T: PartialEq + Debug>(what: &str, got: T, expected: T) -> Result<(), Wrong> {
    if got == expected { Ok(()) } else { Err(format!("{what}: the engine has {got:?}, the contract says {expected:?}")) }
}

fn execution(engine: &State, model: &Model, row: &rows::Execution, expected: &model::Execution) -> Result<(), Wrong> {
    same("id", row.id, expected.id)?;
    same("phase", row.phase, expected.phase)?;
    same("outcome", row.outcome, expected.end.map(|end| end.outcome))?;
    same("cause", row.cause, expected.end.map(|end| end.cause))?;
    same("ended at", row.ended_ms, expected.end.map(|end| end.at_ms))?;
    same("decided by", row.decided_by, expected.end.and_then(|end| end.decided_by))?;
    same("hold", shown_hold(model, expected, row.hold), shown_hold(model, expected, expected.hold))?;
    same("operator's flag", row.operator_hold, expected.operator_hold)?;
    same("priority", row.priority, expected.priority)?;
    same("fence", row.fence, expected.fence)?;
    same("generation", row.generation, expected.generation)?;
    same("attempt number", row.attempt_no, expected.attempt_no())?;
    same("retries used", row.retry_used, expected.retries)?;
    same("crashes used", row.crash_used, expected.crashes)?;
    same("deadline", row.deadline_ms, expected.deadline_ms)?;
    same("attempt deadline", row.attempt_deadline_ms, expected.attempt_deadline_ms)?;
    same("lease until", row.lease_until_ms, expected.lease.as_ref().map(|lease| lease.until_ms))?;
    same("instance", row.instance.as_ref(), expected.lease.as_ref().map(|lease| &lease.instance))?;
    if row.hold == Hold::Time && expected.hold == Hold::Time {
        same("due", row.due_ms, expected.due_ms)?;
    }
    attempts(engine, row, expected)?;
    let pins = engine.pins.range((row.id, String::new())..).take_while(|(key, _)| key.0 == row.id);
    let pins: BTreeMap<_, _> = pins.map(|((_, name), pin)| (name.clone(), pin_of(pin))).collect();
    same("pinned inputs", &pins, &expected.pins)?;
    let results = engine.results.range((row.id, 0)..=(row.id, i32::MAX));
    let results: BTreeMap<_, _> = results.map(|((_, generation), result)| (*generation, result.facts.clone())).collect();
    same("results", &results, &expected.results)
}

/// A member that its run's cancel will end, or that is only marked, is never offered again: how it is held meanwhile is open.
fn shown_hold(model: &Model, row: &model::Execution, hold: Hold) -> Hold {
    let run = row.run.map(|run| &model.runs[&run]).filter(|run| run.phase == RunPhase::Cancelling);
    let spared = row.finalizer && !run.and_then(|run| run.cancel).is_some_and(|cancel| cancel.finalizers_too);
    if run.is_some() && !spared && row.phase == Phase::Runnable { Hold::Operator } else { hold }
}

fn pin_of(pin: &rows::Pin) -> model::Pin {
    let (upstream, generation, outcome) = (pin.upstream, pin.generation, pin.outcome);
    model::Pin { upstream, generation, outcome, failure_code: pin.failure_code.clone() }
}

fn attempts(engine: &State, row: &rows::Execution, expected: &model::Execution) -> Result<(), Wrong> {
    let got: Vec<_> = engine.attempts.range((row.id, 0)..=(row.id, i32::MAX)).map(|(_, attempt)| attempt).collect();
    same("the number of attempts", got.len(), expected.tries.len())?;
    for (got, expected) in got.into_iter().zip(&expected.tries) {
        let what = |word: &str| format!("attempt {}'s {word}", got.attempt_no);
        same(&what("cause"), got.cause, expected.cause)?;
        same(&what("generation"), got.generation, expected.generation)?;
        match expected.state {
            Some(state) => same(&what("state"), got.state, state)?,
            None => same(&what("being closed"), got.ended_ms.is_some(), true)?,
        }
    }
    Ok(())
}

fn run(engine: &State, model: &Model, row: &rows::Run, expected: &model::Run) -> Result<(), Wrong> {
    same("phase", row.phase, expected.phase)?;
    same("outcome", row.outcome, expected.outcome)?;
    same("generation", row.generation, expected.generation)?;
    same("revision", row.revision, expected.revision)?;
    if matches!(row.phase, RunPhase::Building | RunPhase::Running) {
        same("paused", row.paused, expected.paused)?;
    }
    if row.phase == RunPhase::Cancelling {
        same("cancel policy", row.cancel_policy, expected.cancel.map(|cancel| cancel.policy))?;
    }
    same("expired", row.expired, expected.expired)?;
    let members = model.members(row.id).count();
    same("members", row.members, count(members))?;
    let settled = [
        (row.settled_succeeded, Outcome::Succeeded),
        (row.settled_failed, Outcome::Failed),
        (row.settled_cancelled, Outcome::Cancelled),
        (row.settled_expired, Outcome::Expired),
        (row.settled_skipped, Outcome::Skipped),
    ];
    for (got, outcome) in settled {
        same(&format!("settled {outcome}"), got, count(model.settled(row.id, outcome)))?;
    }
    for (key, condition) in &expected.conditions {
        let got = engine.conditions.get(&(row.id, key.clone())).map(|row| row.state);
        same(&format!("condition {key}"), got, Some::<ConditionState>(condition.state))?;
    }
    edges(engine, expected)?;
    groups(engine, expected)
}

fn edges(engine: &State, expected: &model::Run) -> Result<(), Wrong> {
    for edge in &expected.edges {
        let got = engine.edges.get(&(expected.id, edge.to, edge.from)).map(|row| row.state);
        same(&format!("edge {} → {}", edge.from, edge.to), got, Some(edge.state))?;
    }
    Ok(())
}

fn groups(engine: &State, expected: &model::Run) -> Result<(), Wrong> {
    for (child, group) in &expected.groups {
        let Some(got) = engine.groups.get(child) else { return Err(format!("the group of {child} is missing")) };
        let what = |word: &str| format!("the {word} of the group of {child}");
        let (n, satisfied, missed) = expected.counts(*child);
        same(&what("counts"), (got.n, got.satisfied, got.missed), (count(n), count(satisfied), count(missed)))?;
        same(&what("state"), got.state, group.state)?;
        same(&what("cancel state"), (got.cancel_state, got.cancel_cause), (group.cancel, group.cancel_cause))?;
        same(&what("kept"), got.kept, group.kept)?;
        let pending = engine.cancel_pending.contains_key(child);
        same(&what("pending row"), pending, group.pending_since_ms.is_some())?;
    }
    Ok(())
}

fn count(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}
