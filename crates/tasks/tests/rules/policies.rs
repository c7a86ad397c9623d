//! Edges and groups in a running engine against the tables of the contract (§3.3, §3.4): all policies, every order of every outcome.

use levada_store::ExecutionId;
use levada_store::alphabets::{
    CancelState, Cause, EdgeWhen, EventKind, FailureClass, GroupState, Need, OnFired, Outcome, PublicState,
};
use levada_store::rows::{Comparison, Fact, Facts, Predicate, Predicates};
use levada_tasks::ring0::Ring0;
use levada_tasks::rules::{CancelExecution, CompleteExecutions, FailExecutions};
use levada_tasks::spec::{Complete, Fail, Failure, GraphEdge, GroupPolicy, Handle, Payload};

use crate::world::{World, graph, node};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// Every order of the first `n` numbers.
fn orders(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(n - 1);
    shorter.iter().flat_map(|order| (0..n).map(|at| [&order[..at], &[n - 1], &order[at..]].concat())).collect()
}

/// What the formula of §3.4 says after each end: the first state other than open stays.
fn expected(need: usize, n: usize, ends: &[bool]) -> (GroupState, usize) {
    let (mut satisfied, mut missed) = (0, 0);
    for (index, end) in ends.iter().enumerate() {
        *(if *end { &mut satisfied } else { &mut missed }) += 1;
        if satisfied >= need {
            return (GroupState::Satisfied, index + 1);
        }
        if n - missed < need {
            return (GroupState::Impossible, index + 1);
        }
    }
    (GroupState::Open, ends.len())
}

fn policies(n: usize) -> Vec<(GroupPolicy, usize)> {
    let quorums = (1..=n).map(|k| (GroupPolicy::quorum(i32::try_from(k).expect("small")), k));
    let all = [(GroupPolicy::all_of(), n), (GroupPolicy::any_of(), 1)].into_iter().chain(quorums);
    all.flat_map(|(policy, need)| [OnFired::CancelRemaining, OnFired::LetRun].map(|fired| (policy.with(fired), need))).collect()
}

/// A join of `n` upstreams under a policy, all of them claimed. Losers are not cancelled here: their workers are in time, so that late
/// ends are seen too.
fn join(policy: GroupPolicy, n: usize) -> (Ring0, ExecutionId, Vec<Handle>) {
    let mut world = World::new();
    let edges: Vec<_> = NAMES[..n].iter().map(|name| (*name, "join")).collect();
    let mut graph = graph(&NAMES[..n], &edges);
    graph.nodes.push(node("join"));
    graph.nodes[n].group = Some(policy);
    let run = world.submit(&graph);
    let claimed = world.claim(10);
    assert_eq!(claimed.len(), n, "the upstreams, and nothing early");
    let handle = |name: &&str| claimed.iter().find(|claimed| claimed.name == *name).expect("claimed").handle;
    (world.ring.clone(), world.named(run, "join").id, NAMES[..n].iter().map(handle).collect())
}

fn end(ring: &mut Ring0, handle: Handle, good: bool) {
    if good {
        let item = Complete { handle, result: Payload::Void, facts: Facts::default() };
        ring.act(&CompleteExecutions { items: vec![item], next: None }).expect("completed");
    } else {
        let failure = Failure { class: FailureClass::Permanent, code: String::new(), message: String::new() };
        ring.act(&FailExecutions { items: vec![(Fail { handle, failure }, 0)], next: None }).expect("failed");
    }
}

/// Compares the group and its child with the formula after these ends.
fn compare(ring: &Ring0, join: ExecutionId, policy: GroupPolicy, need: usize, n: usize, ends: &[bool]) {
    let what = format!("{policy:?} after {ends:?}");
    let (state, _) = expected(need, n, ends);
    let group = &ring.state().groups[&join];
    let satisfied = ends.iter().filter(|end| **end).count();
    assert_eq!(group.state, state, "{what}");
    assert_eq!((group.satisfied as usize, group.missed as usize), (satisfied, ends.len() - satisfied), "{what}");
    let child = match state {
        GroupState::Open => PublicState::WaitingEdges,
        GroupState::Satisfied => PublicState::Ready,
        GroupState::Impossible | GroupState::Withdrawn => PublicState::Skipped,
    };
    assert_eq!(ring.state().executions[&join].public_state(), child, "{what}");
    let cancels = state != GroupState::Open && policy.on_fired == OnFired::CancelRemaining;
    let cause = if state == GroupState::Satisfied { Cause::GroupSatisfied } else { Cause::GroupImpossible };
    let cancel_state = if cancels { CancelState::Pending } else { CancelState::None };
    assert_eq!((group.cancel_state, group.cancel_cause), (cancel_state, cancels.then_some(cause)), "{what}");
    assert_eq!(ring.state().cancel_pending.contains_key(&join), cancels, "{what}");
    let fired = ring.state().events.values().filter(|event| event.kind == EventKind::GroupFired).count();
    assert_eq!(fired, usize::from(state != GroupState::Open), "{what}: fires once");
}

#[test]
fn t_062_policy_table() {
    for n in 1..=4 {
        for (policy, need) in policies(n) {
            let (begun, join, handles) = join(policy, n);
            for (order, outcomes) in orders(n).iter().flat_map(|order| (0..1_u32 << n).map(move |outcomes| (order, outcomes))) {
                let mut ring = begun.clone();
                let mut ends = Vec::new();
                for upstream in order {
                    let good = outcomes & (1 << upstream) != 0;
                    end(&mut ring, handles[*upstream], good);
                    ends.push(good);
                    compare(&ring, join, policy, need, n, &ends);
                }
            }
        }
    }
}

#[test]
fn t_062_a_child_that_ends_first_withdraws_its_group() {
    for inline in [0, 64] {
        for policy in [GroupPolicy::all_of(), GroupPolicy::any_of(), GroupPolicy::quorum(2)] {
            let mut world = World::settling_up_to(inline);
            let mut graph = graph(&["a", "b", "join"], &[("a", "join"), ("b", "join")]);
            graph.nodes[2].group = Some(policy);
            let run = world.submit(&graph);
            let execution = world.named(run, "join").id;
            world.must(&CancelExecution { execution, actor: "ann".to_owned() });
            world.drain();
            assert_eq!(world.group(execution).state, GroupState::Withdrawn);
            world.work(|_| Outcome::Succeeded);
            let group = world.group(execution);
            assert_eq!((group.state, group.satisfied), (GroupState::Withdrawn, 2), "late ends count and fire nothing");
            assert_eq!(group.cancel_state, CancelState::None);
        }
    }
}

#[test]
fn t_061_edges_in_a_run() {
    // Columns: success, failure, done, skipped, not_failed.
    let table = [
        (Outcome::Succeeded, [true, false, true, false, true]),
        (Outcome::Failed, [false, true, true, false, false]),
        (Outcome::Skipped, [false, false, true, true, true]),
        (Outcome::Cancelled, [false, false, true, false, false]),
    ];
    let whens = [EdgeWhen::Success, EdgeWhen::Failure, EdgeWhen::Done, EdgeWhen::Skipped, EdgeWhen::NotFailed];
    for inline in [0, 64] {
        for (outcome, row) in table {
            let mut world = World::settling_up_to(inline);
            let mut graph = graph(&["up"], &[]);
            for when in whens {
                graph.nodes.push(node(when.word()));
                graph.edges.push(GraphEdge::success("up", when.word()).when(when));
            }
            let run = world.submit(&graph);
            match outcome {
                Outcome::Cancelled => {
                    let execution = world.named(run, "up").id;
                    world.must(&CancelExecution { execution, actor: "ann".to_owned() });
                }
                outcome => {
                    let claimed = world.claim_named("up");
                    world.finish(&claimed, outcome);
                }
            }
            world.drain();
            for (when, satisfied) in whens.into_iter().zip(row) {
                let expected = if satisfied { PublicState::Ready } else { PublicState::Skipped };
                assert_eq!(world.public(run, when.word()), expected, "{when} after {outcome}");
            }
        }
    }
}

#[test]
fn t_061_predicates_in_a_run() {
    let predicate = |fact: &str, op, literal| Predicate { fact: fact.to_owned(), op, literal };
    let cases = [
        (vec![predicate("rows", Comparison::Greater, Fact::Int(0))], PublicState::Ready),
        (vec![predicate("rows", Comparison::Equal, Fact::Int(0))], PublicState::Skipped),
        (vec![predicate("absent", Comparison::NotEqual, Fact::Int(0))], PublicState::Skipped),
        (
            vec![
                predicate("rows", Comparison::LessOrEqual, Fact::Int(5)),
                predicate("mode", Comparison::Equal, Fact::Text("full".to_owned())),
            ],
            PublicState::Ready,
        ),
        (
            vec![
                predicate("rows", Comparison::LessOrEqual, Fact::Int(5)),
                predicate("mode", Comparison::Equal, Fact::Text("part".to_owned())),
            ],
            PublicState::Skipped,
        ),
    ];
    for inline in [0, 64] {
        for (predicates, expected) in &cases {
            let mut world = World::settling_up_to(inline);
            let mut graph = graph(&["up", "down"], &[]);
            let predicates = Predicates(predicates.clone());
            graph.edges.push(GraphEdge { predicates, ..GraphEdge::success("up", "down") });
            let run = world.submit(&graph);
            let claimed = world.claim_named("up");
            let facts = [("rows".to_owned(), Fact::Int(5)), ("mode".to_owned(), Fact::Text("full".to_owned()))];
            world.finish_with(&claimed, Outcome::Succeeded, Facts(facts.into()));
            world.drain();
            assert_eq!(world.public(run, "down"), *expected);
        }
    }
}

#[test]
fn t_062_defaults_are_those_of_the_contract() {
    assert_eq!(GroupPolicy::default(), GroupPolicy { need: Need::AllOf, quorum: 0, on_fired: OnFired::LetRun });
    assert_eq!(GroupPolicy::any_of().on_fired, OnFired::CancelRemaining);
    assert_eq!(GroupPolicy::quorum(2).on_fired, OnFired::CancelRemaining);
}
