//! What must hold after every step, checked against rows and events alone: G-2, G-3, E-2 and the counts of runs.

use std::collections::BTreeMap;

use levada_store::alphabets::{EdgeState, EventKind, GroupState, Outcome, Phase, RunPhase};
use levada_store::rows::{Execution, Run};
use levada_store::{ExecutionId, RunId, State};

/// What was seen before, to be compared with what is there now.
#[derive(Default)]
pub struct Laws {
    ended: BTreeMap<(ExecutionId, i32), (Outcome, i64)>,
    fired: BTreeMap<(ExecutionId, i32), GroupState>,
    runs_ended: BTreeMap<(RunId, i32), Outcome>,
}

impl Laws {
    pub fn check(&mut self, state: &State) {
        self.ends_are_final(state);
        self.groups_fire_once(state);
        self.runs_end_once(state);
        every_end_is_one_event(state);
        groups_count_their_edges(state);
        runs_count_their_members(state);
    }

    /// G-2: outcome and end time of a generation never change.
    fn ends_are_final(&mut self, state: &State) {
        for row in state.executions.values() {
            let seen = self.ended.get(&(row.id, row.generation)).copied();
            let now = row.outcome.zip(row.ended_ms);
            if let Some(seen) = seen {
                assert_eq!(now, Some(seen), "G-2: the end of {} is final", row.name);
            } else if let Some(now) = now {
                self.ended.insert((row.id, row.generation), now);
            }
        }
    }

    /// G-3: a group leaves `open` once per generation of its child.
    fn groups_fire_once(&mut self, state: &State) {
        for group in state.groups.values() {
            let generation = state.executions.get(&group.child).map_or(0, |row| row.generation);
            let seen = self.fired.get(&(group.child, generation)).copied();
            if let Some(seen) = seen {
                assert_eq!(group.state, seen, "G-3: the group of {} left open once", group.child);
            } else if group.state != GroupState::Open {
                self.fired.insert((group.child, generation), group.state);
            }
        }
    }

    fn runs_end_once(&mut self, state: &State) {
        for run in state.runs.values() {
            assert_eq!(run.outcome.is_some(), run.phase == RunPhase::Ended);
            if let Some(outcome) = run.outcome {
                let first = *self.runs_ended.entry((run.id, run.generation)).or_insert(outcome);
                assert_eq!(first, outcome, "G-3: run {} ended once", run.id);
            }
            let ended = count(state, |kind| kind == EventKind::RunEnded, |event| event.run_id == Some(run.id));
            let expected = run.generation + i32::from(run.phase == RunPhase::Ended);
            assert_eq!(ended, expected, "run {} has one run_ended per end", run.id);
        }
    }
}

fn count(state: &State, kind: impl Fn(EventKind) -> bool, of: impl Fn(&levada_store::rows::Event) -> bool) -> i32 {
    let events = state.events.values().filter(|event| kind(event.kind) && of(event));
    i32::try_from(events.count()).expect("few events")
}

/// G-2: every end writes exactly one `ended` event.
fn every_end_is_one_event(state: &State) {
    let mut ended: BTreeMap<(ExecutionId, i32), i32> = BTreeMap::new();
    for event in state.events.values().filter(|event| event.kind == EventKind::Ended) {
        *ended.entry((event.execution_id.expect("an id"), event.generation.expect("a generation"))).or_default() += 1;
    }
    for row in state.executions.values() {
        let written = ended.get(&(row.id, row.generation)).copied().unwrap_or(0);
        assert_eq!(written, i32::from(row.phase == Phase::Ended), "ended events of {}", row.name);
    }
}

/// E-2: a group's counts are those of its edges.
fn groups_count_their_edges(state: &State) {
    for group in state.groups.values() {
        let of = |wanted: EdgeState| {
            let edges = state.edges.values().filter(|edge| edge.child == group.child && edge.state == wanted);
            i32::try_from(edges.count()).expect("few edges")
        };
        let (open, satisfied, missed) = (of(EdgeState::Open), of(EdgeState::Satisfied), of(EdgeState::Missed));
        assert_eq!((group.n, group.satisfied, group.missed), (open + satisfied + missed, satisfied, missed));
    }
}

/// Z-2: a run counts its members, and those whose end is settled.
fn runs_count_their_members(state: &State) {
    for run in state.runs.values() {
        let members: Vec<&Execution> = state.executions.values().filter(|row| row.run_id == Some(run.id)).collect();
        let settled = |row: &&&Execution| row.phase == Phase::Ended && !state.marks.contains_key(&row.id);
        let ended = |outcome| size(members.iter().filter(settled).filter(|row| row.outcome == Some(outcome)).count());
        let counts = [
            (run.settled_succeeded, Outcome::Succeeded),
            (run.settled_failed, Outcome::Failed),
            (run.settled_cancelled, Outcome::Cancelled),
            (run.settled_expired, Outcome::Expired),
            (run.settled_skipped, Outcome::Skipped),
        ];
        for (counted, outcome) in counts {
            assert_eq!(counted, ended(outcome), "members of {} that ended {outcome}", run.name);
        }
        assert_eq!(run.members, size(members.len()));
        assert_eq!(run.finalizers, size(members.iter().filter(|row| row.finalizer).count()));
        assert_eq!(run.finalizers_settled, size(members.iter().filter(settled).filter(|row| row.finalizer).count()));
        assert_eq!(run.edges, size(state.edges.values().filter(|edge| edge.run_id == run.id).count()));
        ends_with_its_last_member(run);
    }
}

/// G-4: no run is over before its members, none goes on after them.
fn ends_with_its_last_member(run: &Run) {
    let is_over = run.open() == 0 && run.phase != RunPhase::Building;
    assert_eq!(run.phase == RunPhase::Ended, is_over, "run {}", run.name);
}

fn size(n: usize) -> i32 {
    i32::try_from(n).expect("small worlds")
}
