//! The form in which states of different stores are compared.

use crate::row_map::RowMap;
use crate::state::State;

/// The rows alone, with creation order, event ids and the order of marks as ranks: stores number with gaps of their own.
#[must_use]
pub fn canonical(state: State) -> State {
    let mut seqs: Vec<_> = state.executions.values().map(|row| row.seq).collect();
    seqs.sort_unstable();
    let rank = |seq: i64| i64::try_from(seqs.partition_point(|other| *other < seq)).unwrap_or(i64::MAX);
    let mut executions = state.executions;
    for row in executions.values_mut() {
        row.seq = rank(row.seq);
    }
    let mut ends: Vec<_> = state.marks.values().map(|mark| mark.seq).collect();
    ends.sort_unstable();
    let mut marks = state.marks;
    for mark in marks.values_mut() {
        mark.seq = i64::try_from(ends.partition_point(|other| *other < mark.seq)).unwrap_or(i64::MAX);
    }
    let mut events = RowMap::default();
    for (id, mut event) in (0..).zip(state.events.into_values()) {
        event.id = id;
        events.insert(id, event);
    }
    State {
        now_ms: 0,
        seq: 0,
        locked_runs: Default::default(),
        whole_runs: Default::default(),
        candidates: Default::default(),
        in_turn: Default::default(),
        active_in_lane: Default::default(),
        spared: Default::default(),
        executions,
        marks,
        events,
        ..state
    }
}
