//! What must hold for every execution by itself after every step: V-4, F-1, T-017, T-019, and that nothing is claimable too early.

use levada_store::State;
use levada_store::alphabets::{AttemptState, CancelState, GroupState, Hold, Outcome, Phase, PublicState};
use levada_store::rows::Execution;

pub fn check(state: &State) {
    state.executions.values().for_each(|row| execution(state, row));
    for group in state.groups.values().filter(|group| group.cancel_state == CancelState::Pending) {
        assert!(state.cancel_pending.contains_key(&group.child), "E-7: no pending row of {group:?}");
    }
    for mark in state.marks.keys() {
        assert_eq!(state.executions[mark].phase, Phase::Ended, "E-9: a mark of what has not ended");
    }
}

fn execution(state: &State, row: &Execution) {
    let attempts = state.attempts.range((row.id, 0)..=(row.id, i32::MAX)).map(|(_, attempt)| attempt);
    let open: Vec<_> = attempts.filter(|one| matches!(one.state, AttemptState::Running | AttemptState::Parked)).collect();
    assert!(open.len() <= 1, "V-4: two open attempts of {row:?}");
    match row.phase {
        Phase::Active => {
            let attempt = open.first().expect("V-4: an active execution has an attempt");
            assert_eq!((attempt.state, attempt.attempt_no), (AttemptState::Running, row.attempt_no), "T-019");
            assert_eq!(attempt.fence, row.fence, "F-1: the attempt knows the fence of its lease");
        }
        Phase::Ended => assert!(open.is_empty(), "an ended execution has an open attempt: {row:?}"),
        Phase::Staged | Phase::Runnable | Phase::Suspended => {
            assert!(open.iter().all(|one| one.state == AttemptState::Parked), "nobody has it, but it runs: {row:?}");
        }
    }
    assert_eq!(row.public_state(), public_state(row), "T-017");
    let waits = state.groups.get(&row.id).is_some_and(|group| group.state == GroupState::Open);
    if (row.phase, row.hold) == (Phase::Runnable, Hold::None) {
        assert!(!waits, "T-003: claimable before its edges are resolved: {row:?}");
        assert!(!row.operator_hold, "X-24: claimable although held: {row:?}");
    }
    assert!(row.hold != Hold::Operator || !waits, "next_hold: edges come first: {row:?}");
    assert!(state.policies.contains_key(&row.policy_id) && state.routes.contains_key(&row.route_id), "{row:?}");
}

/// The table of the contract, §1.1, said a second time.
fn public_state(row: &Execution) -> PublicState {
    match row.phase {
        Phase::Staged => PublicState::Staged,
        Phase::Active => PublicState::Active,
        Phase::Suspended => PublicState::Suspended,
        Phase::Runnable => match row.hold {
            Hold::None => PublicState::Ready,
            Hold::Edges => PublicState::WaitingEdges,
            Hold::Time => PublicState::Delayed,
            Hold::Operator => PublicState::Held,
            Hold::Budget | Hold::Quota | Hold::Concurrency => PublicState::Limited,
        },
        Phase::Ended => match row.outcome.expect("V-1: an ended execution has an outcome") {
            Outcome::Succeeded => PublicState::Succeeded,
            Outcome::Failed => PublicState::Failed,
            Outcome::Cancelled => PublicState::Cancelled,
            Outcome::Expired => PublicState::Expired,
            Outcome::Skipped => PublicState::Skipped,
        },
    }
}
