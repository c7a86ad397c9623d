//! Deep and wide graphs: consequences reach any depth, in time that does not grow with the square of the size.

use levada_store::alphabets::{EventKind, Outcome, PublicState, RunPhase};
use levada_store::{RunId, State};
use levada_tasks::ring0::Ring0;
use levada_tasks::rules::{Claim, FailExecutions, SettleRun, SubmitRun};
use levada_tasks::spec::{ClaimRequest, Fail, Failure, GraphEdge, RunGraph};

use levada_store::alphabets::FailureClass;
use levada_store::{ExecutionId, Token};

use crate::world::node;

const RUN: RunId = RunId(1);

/// A chain 0 → 1 → … .
fn chain(n: usize) -> RunGraph {
    let edges = (1..n).map(|i| (i - 1, i)).collect::<Vec<_>>();
    numbered(n, &edges)
}

/// Rows and columns; each waits for the one above and the one to the left.
fn lattice(side: usize) -> RunGraph {
    let at = |row: usize, column: usize| row * side + column;
    let mut edges = Vec::new();
    for row in 0..side {
        for column in 0..side {
            edges.extend((row > 0).then(|| (at(row - 1, column), at(row, column))));
            edges.extend((column > 0).then(|| (at(row, column - 1), at(row, column))));
        }
    }
    numbered(side * side, &edges)
}

/// One that all others wait for.
fn star(n: usize) -> RunGraph {
    let edges: Vec<_> = (1..n).map(|i| (0, i)).collect();
    numbered(n, &edges)
}

fn numbered(n: usize, edges: &[(usize, usize)]) -> RunGraph {
    RunGraph {
        nodes: (0..n).map(|i| node(&format!("n{i:06}"))).collect(),
        edges: edges.iter().map(|(from, to)| GraphEdge::success(&format!("n{from:06}"), &format!("n{to:06}"))).collect(),
        ..RunGraph::default()
    }
}

/// Submits the graph, and lets the one that is ready fail for good.
fn first_fails(graph: RunGraph, inline: i32) -> Ring0 {
    let mut ring = Ring0::new(1).with_inline_run_max(inline);
    let ids = (0..graph.nodes.len()).map(|i| ExecutionId(1_000 + i as u128)).collect();
    ring.act(&SubmitRun { run: RUN, ids, graph, epoch: None }).expect("submitted");
    let request = ClaimRequest::of_lane("default", "worker", 10, Token(1));
    let claimed = ring.act(&Claim { request, leases: (0..10).map(Token).collect(), store: Token(0) }).expect("claimed");
    assert_eq!(claimed.len(), 1, "one begins, the others wait");
    let failure = Failure { class: FailureClass::Permanent, code: String::new(), message: String::new() };
    let items = vec![(Fail { handle: claimed[0].handle, failure }, 0)];
    ring.act(&FailExecutions { items, next: None }).expect("failed");
    while !ring.state().marks.is_empty() {
        ring.act(&SettleRun { run: RUN }).expect("settled");
    }
    ring
}

fn all_but_the_first_are_skipped(state: &State) {
    let first = state.executions.values().find(|row| row.name == "n000000").expect("the first");
    assert_eq!(first.public_state(), PublicState::Failed);
    let others = state.executions.values().filter(|row| row.id != first.id);
    assert!(others.into_iter().all(|row| row.public_state() == PublicState::Skipped));
    let run = &state.runs[&RUN];
    assert_eq!((run.phase, run.outcome), (RunPhase::Ended, Some(Outcome::Failed)));
    let ended = state.events.values().filter(|event| event.kind == EventKind::Ended).count();
    assert_eq!(ended, state.executions.len(), "one event each");
}

#[test]
fn t_063_a_chain_of_10_000_is_skipped_in_one_transaction() {
    all_but_the_first_are_skipped(first_fails(chain(10_000), i32::MAX).state());
}

#[test]
fn t_063_a_lattice_is_skipped_in_one_transaction() {
    all_but_the_first_are_skipped(first_fails(lattice(100), i32::MAX).state());
}

#[test]
fn t_063_a_lattice_is_skipped_by_marks() {
    all_but_the_first_are_skipped(first_fails(lattice(40), 0).state());
}

#[test]
fn t_063_a_star_is_skipped_in_one_transaction_and_by_marks() {
    for inline in [0, i32::MAX] {
        all_but_the_first_are_skipped(first_fails(star(4_000), inline).state());
    }
}
