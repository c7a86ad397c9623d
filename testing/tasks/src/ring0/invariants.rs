//! What must hold of the engine's rows after every step, whatever the interpreter says: G-1 … G-3, counts, and one event per end.

use std::collections::{BTreeMap, BTreeSet};

use levada_store::alphabets::{AttemptState, CancelState, Cause, EdgeState, EventKind, Outcome, Phase, RunPhase};
use levada_store::rows::{Event, Execution, Run};
use levada_store::{ExecutionId, RunId, State};

use super::play::Wrong;
use crate::model::Happened;

/// Events that must be exactly those of the contract.
const WATCHED: [EventKind; 8] = [
    EventKind::Ended,
    EventKind::Replayed,
    EventKind::RunSealed,
    EventKind::RunExtended,
    EventKind::RunEnded,
    EventKind::RunReopened,
    EventKind::GroupFired,
    EventKind::GroupWithdrawn,
];

type EndOf = (i32, Option<Outcome>, Option<Cause>, Option<i64>);

/// What is remembered from step to step.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    ended: BTreeMap<ExecutionId, EndOf>,
    fences: BTreeMap<ExecutionId, i64>,
    ended_events: BTreeSet<(ExecutionId, i32)>,
    run_ended_events: BTreeSet<(RunId, i32)>,
    /// The next event to look at.
    next_event: i64,
}

impl Watch {
    /// Checks everything; `said` is what the interpreter says happened in this step.
    ///
    /// # Errors
    /// The invariant that does not hold.
    pub fn check(&mut self, rows: &State, said: &[Happened]) -> Result<(), Wrong> {
        for row in rows.executions.values() {
            self.execution(rows, row)?;
        }
        for run in rows.runs.values() {
            counted(rows, run)?;
        }
        for (child, group) in &rows.groups {
            let pending = rows.cancel_pending.contains_key(child);
            holds("E-7", group.cancel_state != CancelState::Pending || pending, || {
                format!("group of {child} has no pending row")
            })?;
            let is_sound = group.satisfied + group.missed <= group.n;
            holds("E-2", is_sound, || {
                format!("group of {child} counted {} + {} of {}", group.satisfied, group.missed, group.n)
            })?;
        }
        self.events(rows, said)
    }

    fn execution(&mut self, rows: &State, row: &Execution) -> Result<(), Wrong> {
        let fence = self.fences.insert(row.id, row.fence).unwrap_or(0);
        holds("F-1", row.fence >= fence, || format!("the fence of {} fell from {fence} to {}", row.id, row.fence))?;
        let attempts = rows.attempts.range((row.id, 0)..=(row.id, i32::MAX)).map(|(_, attempt)| attempt.state);
        let (mut running, mut parked) = (0, 0);
        for state in attempts {
            running += i32::from(state == AttemptState::Running);
            parked += i32::from(state == AttemptState::Parked);
        }
        holds("V-4", running + parked <= 1, || format!("{} has {running} running and {parked} parked attempts", row.id))?;
        holds("G-1", (running == 1) == (row.phase == Phase::Active), || {
            format!("{} is {} with {running} running", row.id, row.phase)
        })?;
        if row.phase == Phase::Ended {
            let end = (row.generation, row.outcome, row.cause, row.ended_ms);
            let first = *self
                .ended
                .entry(row.id)
                .and_modify(|old| {
                    if old.0 < end.0 {
                        *old = end
                    }
                })
                .or_insert(end);
            holds("G-2", first == end, || format!("the end of {} changed from {first:?} to {end:?}", row.id))?;
        } else if let Some(old) = self.ended.get(&row.id) {
            holds("G-2", old.0 < row.generation, || format!("{} had ended in generation {}", row.id, old.0))?;
        }
        Ok(())
    }

    fn events(&mut self, rows: &State, said: &[Happened]) -> Result<(), Wrong> {
        let mut got = Vec::new();
        for event in rows.events.range(self.next_event..).map(|(_, event)| event) {
            self.next_event = event.id + 1;
            if WATCHED.contains(&event.kind) {
                got.push(happened(event));
            }
            let generation = event.generation.unwrap_or(0);
            let is_first = match (event.kind, event.execution_id, event.run_id) {
                (EventKind::Ended, Some(id), _) => self.ended_events.insert((id, generation)),
                (EventKind::RunEnded, _, Some(id)) => self.run_ended_events.insert((id, generation)),
                _ => true,
            };
            holds("G-3", is_first, || format!("a second time: {event:?}"))?;
        }
        let mut expected: Vec<_> = said.iter().filter(|said| WATCHED.contains(&said.kind)).copied().collect();
        got.sort();
        expected.sort();
        holds("N-3", got == expected, || format!("events {got:?}, the contract says {expected:?}"))
    }
}

fn happened(event: &Event) -> Happened {
    let (execution, run) = (event.execution_id, event.run_id);
    Happened { kind: event.kind, execution, run, generation: event.generation.unwrap_or(-1) }
}

/// The counts of a run's row, counted again.
fn counted(rows: &State, run: &Run) -> Result<(), Wrong> {
    let members = rows.executions.values().filter(|row| row.run_id == Some(run.id));
    let settled = members.clone().filter(|row| row.phase == Phase::Ended && !rows.marks.contains_key(&row.id)).count();
    let is_counted = usize::try_from(run.settled()) == Ok(settled) && usize::try_from(run.members) == Ok(members.count());
    holds("Z-2", is_counted, || format!("run {} counts {} settled, there are {settled}", run.id, run.settled()))?;
    let all_in = run.open() == 0 || run.phase != RunPhase::Ended;
    holds("Y-06", all_in, || format!("run {} ended with {} open", run.id, run.open()))?;
    let late = run.open() > 0 || matches!(run.phase, RunPhase::Ended | RunPhase::Building);
    holds("G-4", late, || format!("all members of run {} are settled and it is {}", run.id, run.phase))?;
    let edges = rows.edges.values().filter(|edge| edge.run_id == run.id);
    let staged = edges.clone().filter(|edge| edge.state == EdgeState::Staged).count();
    holds("R-07", staged == 0 || run.sealed_ms.is_none(), || format!("run {} is sealed with {staged} staged edges", run.id))
}

fn holds(rule: &str, is_so: bool, facts: impl FnOnce() -> String) -> Result<(), Wrong> {
    if is_so { Ok(()) } else { Err(format!("{rule} is broken: {}", facts())) }
}
