//! What must hold of the rows of any store at any time: G-1 … G-4, V-1 … V-4, counts, and that no row is left without its owner.

use std::collections::BTreeSet;

use levada_store::alphabets::{AttemptState, CancelState, EventKind, Hold, Phase, RunPhase};
use levada_store::rows::{Execution, Run};
use levada_store::{DueKind, ExecutionId, State, earliest};

/// Checks everything.
///
/// # Errors
/// Every law that is broken, and by what.
pub fn check(rows: &State) -> Result<(), String> {
    let mut broken = Vec::new();
    rows.executions.values().for_each(|row| execution(rows, row, &mut broken));
    rows.runs.values().for_each(|run| counted(rows, run, &mut broken));
    once(rows, &mut broken);
    orphans(rows, &mut broken);
    for (child, group) in &rows.groups {
        let is_listed = group.cancel_state != CancelState::Pending || rows.cancel_pending.contains_key(child);
        law(&mut broken, is_listed, || format!("E-7: the group of {child} is pending and not listed"));
        law(&mut broken, group.satisfied + group.missed <= group.n, || format!("E-2: the group of {child} counts {group:?}"));
    }
    if broken.is_empty() { Ok(()) } else { Err(broken.join("\n")) }
}

fn law(broken: &mut Vec<String>, holds: bool, facts: impl FnOnce() -> String) {
    if !holds {
        broken.push(facts());
    }
}

fn execution(rows: &State, row: &Execution, broken: &mut Vec<String>) {
    let id = row.id;
    let of = |state| {
        let attempts = rows.attempts.range((id, 0)..=(id, i32::MAX));
        attempts.filter(|(_, attempt)| attempt.state == state).count()
    };
    let (running, parked) = (of(AttemptState::Running), of(AttemptState::Parked));
    law(broken, running + parked <= 1, || format!("V-4: {id} has {running} running and {parked} parked attempts"));
    law(broken, (running == 1) == (row.phase == Phase::Active), || format!("G-1: {id} is {} with {running}", row.phase));
    let leased = row.lease_id.is_some() && row.lease_until_ms.is_some();
    law(broken, leased == (row.phase == Phase::Active), || format!("V-2: {id} is {}, leased {leased}", row.phase));
    let ended = row.outcome.is_some() && row.cause.is_some() && row.ended_ms.is_some();
    law(broken, ended == (row.phase == Phase::Ended), || format!("V-1: {id} is {}, ended {ended}", row.phase));
    law(broken, row.hold == Hold::None || row.phase == Phase::Runnable, || format!("V-1: {id} is {} on hold", row.phase));
    law(broken, row.hold != Hold::Time || row.due_ms.is_some(), || format!("G-5: {id} waits for no time"));
    let waits = row.phase != Phase::Runnable || row.hold != Hold::Edges || rows.groups.contains_key(&id) || row.finalizer;
    law(broken, waits, || format!("G-5: {id} waits for edges that do not exist"));
}

fn counted(rows: &State, run: &Run, broken: &mut Vec<String>) {
    let members = rows.executions.values().filter(|row| row.run_id == Some(run.id));
    let settled = members.clone().filter(|row| row.phase == Phase::Ended && !rows.marks.contains_key(&row.id)).count();
    let counts = (usize::try_from(run.settled()), usize::try_from(run.members));
    law(broken, counts == (Ok(settled), Ok(members.count())), || {
        format!("Z-2: run {} counts {counts:?}, {settled} are settled", run.id)
    });
    law(broken, run.open() == 0 || run.phase != RunPhase::Ended, || format!("Y-06: run {} ended with open members", run.id));
    let is_over = run.open() == 0 && run.members > 0;
    let late = !is_over || matches!(run.phase, RunPhase::Ended | RunPhase::Building);
    law(broken, late, || format!("G-4: all of run {} is settled and it is {}", run.id, run.phase));
}

/// G-2, G-3: at most one end of each generation.
fn once(rows: &State, broken: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    let mut ended = BTreeSet::new();
    for event in rows.events.values() {
        let of = (event.kind, event.run_id, event.execution_id, event.generation);
        let is_end = matches!(event.kind, EventKind::Ended | EventKind::RunEnded | EventKind::GroupFired);
        law(broken, !is_end || seen.insert(of), || format!("G-3: a second time: {event:?}"));
        if event.kind == EventKind::Ended {
            ended.extend(event.execution_id.zip(event.generation));
        }
    }
    for row in rows.executions.values().filter(|row| row.phase == Phase::Ended) {
        law(broken, ended.contains(&(row.id, row.generation)), || format!("G-2: {} ended without an event", row.id));
    }
}

/// No row without the execution or run that it belongs to.
fn orphans(rows: &State, broken: &mut Vec<String>) {
    let has = |id: &ExecutionId| rows.executions.contains_key(id);
    let owned = rows.executions.values().filter_map(|row| row.run_id).chain(rows.edges.keys().map(|key| key.0));
    for run in owned.chain(rows.conditions.keys().map(|key| key.0)).chain(rows.marks.values().map(|mark| mark.run_id)) {
        law(broken, rows.runs.contains_key(&run), || format!("orphan: a row of run {run}, which does not exist"));
    }
    let attempts = rows.attempts.keys().map(|key| ("attempt", key.0));
    let marks = rows.marks.keys().map(|id| ("mark", *id));
    let pending = rows.cancel_pending.keys().map(|id| ("pending cancel", *id));
    let groups = rows.groups.keys().map(|id| ("group", *id));
    let edges = rows.edges.keys().map(|key| ("edge", key.1));
    let pins = rows.pins.keys().map(|key| ("pin", key.0));
    let inputs = rows.inputs.keys().map(|id| ("input", *id));
    let results = rows.results.keys().map(|key| ("result", key.0));
    let progress = rows.progress.keys().map(|id| ("progress", *id));
    let all = attempts.chain(marks).chain(pending).chain(groups).chain(edges);
    for (what, id) in all.chain(pins).chain(inputs).chain(results).chain(progress) {
        law(broken, has(&id), || format!("orphan: {what} of {id}, which does not exist"));
    }
    // Every execution of the scene has an input.
    for execution in rows.executions.keys() {
        law(broken, rows.inputs.contains_key(execution), || format!("lost: {execution} has no input row"));
    }
}

/// V-6, E-10, G-9: nothing is left that could still happen.
///
/// # Errors
/// What is left.
pub fn is_over(rows: &State) -> Result<(), String> {
    let mut broken = Vec::new();
    for row in rows.executions.values().filter(|row| row.phase != Phase::Ended) {
        broken.push(format!("G-9: {} is {} with hold {}", row.id, row.phase, row.hold));
    }
    for run in rows.runs.values().filter(|run| run.phase != RunPhase::Ended) {
        broken.push(format!("G-9: run {} is {}", run.id, run.phase));
    }
    law(&mut broken, rows.marks.is_empty(), || format!("E-10: marks are left: {:?}", rows.marks.keys()));
    let pending = &rows.cancel_pending;
    law(&mut broken, pending.is_empty(), || format!("E-7: cancels are pending: {:?}", pending.keys()));
    let kept = [DueKind::RetainRun, DueKind::RetainExecution, DueKind::RequestKey, DueKind::Schedule, DueKind::Worker];
    for kind in DueKind::ALL.iter().filter(|kind| !kept.contains(kind)) {
        let due = earliest(rows, *kind);
        law(&mut broken, due.is_none(), || format!("V-6: {kind:?} is due at {due:?} although all is over"));
    }
    if broken.is_empty() { Ok(()) } else { Err(broken.join("\n")) }
}
