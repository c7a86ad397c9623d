//! T-008, T-011 and T-065 … T-070: groups that fire once, and the siblings that lose.

use levada_store::alphabets::{CancelState, Cause, EventKind, GroupState, OnFired, Outcome, Phase, PublicState};
use levada_store::rows::{CancelPending, Group};
use levada_store::{Command, ExecutionId, Record, RecordKey, RunId, limits};
use levada_tasks::rules::{CancelExecution, DispatchGroup, Dispatched, ReconcileGroup, Reconciled};
use levada_tasks::spec::{GraphEdge, GroupPolicy, RunGraph};

use crate::calls::only;
use crate::world::{World, graph, node};

/// `n` siblings into a join of this policy.
fn joined(n: usize, policy: GroupPolicy) -> RunGraph {
    let mut graph = RunGraph { name: "joined".to_owned(), ..RunGraph::default() };
    for at in 0..n {
        graph.nodes.push(node(&format!("s{at}")));
        graph.edges.push(GraphEdge::success(&format!("s{at}"), "join"));
    }
    graph.nodes.push(levada_tasks::spec::GraphNode { group: Some(policy), ..node("join") });
    graph
}

fn group_of(world: &World, run: RunId, name: &str) -> Group {
    world.group(world.named(run, name).id).clone()
}

/// Ends `s{at}`, which was claimed with all others.
fn finish(world: &mut World, claimed: &[levada_tasks::rules::Claimed], at: usize, outcome: Outcome) {
    let name = format!("s{at}");
    let one = claimed.iter().find(|one| one.name == name).expect("claimed").clone();
    world.finish(&one, outcome);
}

#[test]
fn t_008_group_fires_once() {
    for members in [0, 64] {
        // How the child is when the late successes come.
        for child in ["ready", "active", "delayed", "ended"] {
            let mut world = World::settling_up_to(members);
            let run = world.submit(&joined(5, GroupPolicy::any_of().with(OnFired::LetRun)));
            let claimed = world.claim(5);
            finish(&mut world, &claimed, 0, Outcome::Succeeded);
            world.drain();
            let join = world.named(run, "join").id;
            if child != "ready" {
                let handle = world.claim_one();
                match child {
                    "delayed" => drop(world.delay(handle, world.ring.now_ms() + 60_000).expect("live")),
                    "ended" => drop(world.complete(handle).expect("live")),
                    _ => {}
                }
            }
            world.drain();
            let before = world.execution(join).clone();
            for late in 1..5 {
                finish(&mut world, &claimed, late, Outcome::Succeeded);
                world.drain();
            }
            assert_eq!(*world.execution(join), before, "E-3: {child} and never touched again");
            let group = world.group(join);
            assert_eq!((group.state, group.satisfied), (GroupState::Satisfied, 5), "late ends are still counted");
            assert_eq!(world.events(join, EventKind::GroupFired).len(), 1);
            assert_eq!(group.cancel_state, CancelState::None, "E-7: let_run writes none of it");
        }
    }
}

#[test]
fn t_011_impossible_cancels_survivors() {
    for members in [0, 64] {
        let mut world = World::settling_up_to(members);
        let run = world.submit(&joined(5, GroupPolicy::quorum(3)));
        let claimed = world.claim(5);
        for at in 0..3 {
            finish(&mut world, &claimed, at, Outcome::Failed);
        }
        world.drain();
        assert_eq!(group_of(&world, run, "join").state, GroupState::Impossible);
        assert_eq!(world.public(run, "join"), PublicState::Skipped);
        for survivor in ["s3", "s4"] {
            let row = world.named(run, survivor).clone();
            assert_eq!((row.outcome, row.cause), (Some(Outcome::Cancelled), Some(Cause::GroupImpossible)), "{survivor}");
            assert_eq!(only(world.events(row.id, EventKind::Ended)).actor.as_deref(), Some("engine"));
        }
        assert_eq!(world.ended(run), Outcome::Failed);
    }
}

#[test]
fn t_065_dispatched_once_and_again_is_a_no_op() {
    let mut world = World::new();
    let run = world.submit(&joined(5, GroupPolicy::any_of()));
    let claimed = world.claim(5);
    let group = world.named(run, "join").id;
    assert_eq!(world.no_op(&DispatchGroup { group }), Dispatched::Gone, "nothing waits before it fired");
    finish(&mut world, &claimed, 1, Outcome::Failed);
    finish(&mut world, &claimed, 0, Outcome::Succeeded);
    let dispatched = world.must(&DispatchGroup { group });
    assert_eq!(dispatched, Dispatched::Dispatched { cancelled: 3, already_ended: 2, kept: 0, more: false });
    assert_eq!(world.no_op(&DispatchGroup { group }), Dispatched::Gone);
    for loser in ["s2", "s3", "s4"] {
        assert_eq!(world.named(run, loser).cause, Some(Cause::GroupSatisfied));
        let handle = claimed.iter().find(|one| one.name == loser).expect("claimed").handle;
        assert_eq!(crate::calls::code(world.complete(handle)), "LV-T101", "fenced");
    }
    assert_eq!(world.group(group).cancel_state, CancelState::Done);
    assert!(world.ring.state().cancel_pending.is_empty());
}

fn put(world: &mut World, record: impl Into<Record>) {
    world.ring.commit(&[Command::Put(record.into())]).expect("a row");
}

fn pending(world: &World, child: ExecutionId, run: RunId) -> CancelPending {
    let now_ms = world.ring.now_ms();
    CancelPending { child, run_id: run, namespace: "default".into(), enqueued_ms: now_ms, not_before_ms: now_ms, tries: 0 }
}

#[test]
fn t_065_the_other_counters() {
    let mut world = World::new();
    let run = world.submit(&joined(2, GroupPolicy::any_of()));
    let group = world.named(run, "join").id;
    // A row of a group that has not fired: the reconciler's.
    let row = pending(&world, group, run);
    put(&mut world, row);
    assert_eq!(world.no_op(&DispatchGroup { group }), Dispatched::SkippedForReconciler);
    // A row without a group: the caller probes for what it is.
    let absent = world.execution_id();
    let row = pending(&world, absent, run);
    put(&mut world, row);
    assert_eq!(world.no_op(&DispatchGroup { group: absent }), Dispatched::NotLocked);
}

#[test]
fn t_065_reconciler_outcomes() {
    let mut world = World::new();
    let run = world.submit(&joined(3, GroupPolicy::any_of()));
    let claimed = world.claim(3);
    let group = world.named(run, "join").id;
    let reconcile = ReconcileGroup { group, is_absent: false };
    let row = pending(&world, group, run);
    put(&mut world, row);
    assert_eq!(world.must(&reconcile), Reconciled::RemovedStale, "nothing is to be cancelled");
    finish(&mut world, &claimed, 0, Outcome::Succeeded);
    assert_eq!(world.no_op(&reconcile), Reconciled::NoOp, "live losers are the dispatcher's");
    assert!(world.named(run, "s1").phase != Phase::Ended, "Q-8: it never cancels");
    finish(&mut world, &claimed, 1, Outcome::Succeeded);
    finish(&mut world, &claimed, 2, Outcome::Failed);
    assert_eq!(world.must(&reconcile), Reconciled::CompletedDrain);
    assert_eq!(world.group(group).cancel_state, CancelState::Done);
    let absent = world.execution_id();
    let row = pending(&world, absent, run);
    put(&mut world, row);
    let present = ReconcileGroup { group: absent, is_absent: false };
    assert_eq!(world.no_op(&present), Reconciled::SkippedLocked, "it may be held by another node");
    assert_eq!(world.must(&ReconcileGroup { group: absent, is_absent: true }), Reconciled::RemovedStale);
    let key = RecordKey::CancelPending(absent);
    assert!(!world.ring.state().has(&key));
}

#[test]
fn t_068_many_losers_go_in_chunks() {
    let mut world = World::new();
    let losers = limits::DISPATCH_CHUNK_MAX + 5;
    let run = world.submit(&joined(losers + 1, GroupPolicy::any_of()));
    let winner = world.claim(1)[0].clone();
    world.finish(&winner, Outcome::Succeeded);
    let group = world.named(run, "join").id;
    while world.ring.state().marks.contains_key(&winner.handle.execution) {
        world.must(&levada_tasks::rules::SettleRun { run });
    }
    let counts = |dispatched| match dispatched {
        Dispatched::Dispatched { cancelled, already_ended, kept, more } => (cancelled, already_ended, kept, more),
        other => panic!("{other:?}"),
    };
    assert_eq!(counts(world.must(&DispatchGroup { group })), (1_000, 0, 0, true));
    assert!(world.ring.state().cancel_pending.contains_key(&group), "the row is kept until the last chunk");
    assert_eq!(counts(world.must(&DispatchGroup { group })), (5, 1_001, 0, false), "the winner and the first chunk had ended");
    let ended = world.ring.state().executions.values().filter(|row| row.cause == Some(Cause::GroupSatisfied)).count();
    assert_eq!(ended, losers, "each loser once");
}

/// s0 and s1 feed j1; s1 and s2 feed j2.
fn shared() -> RunGraph {
    let mut graph = graph(&["s0", "s1", "s2"], &[("s0", "j1"), ("s1", "j1"), ("s1", "j2"), ("s2", "j2")]);
    for join in ["j1", "j2"] {
        graph.nodes.push(levada_tasks::spec::GraphNode { group: Some(GroupPolicy::any_of()), ..node(join) });
    }
    graph
}

#[test]
fn t_070_a_shared_sibling_is_spared_then_cancelled() {
    for members in [0, 64] {
        for last in ["fires", "is withdrawn"] {
            let mut world = World::settling_up_to(members);
            let run = world.submit(&shared());
            let claimed = world.claim(3);
            finish(&mut world, &claimed, 0, Outcome::Succeeded);
            world.drain();
            assert_eq!(world.public(run, "s1"), PublicState::Active, "j2 needs it");
            assert_eq!(group_of(&world, run, "j1").kept, 1);
            if last == "fires" {
                finish(&mut world, &claimed, 2, Outcome::Succeeded);
            } else {
                let execution = world.named(run, "j2").id;
                world.must(&CancelExecution { execution, actor: "ann".to_owned() });
            }
            world.drain();
            let row = world.named(run, "s1");
            assert_eq!((row.outcome, row.cause), (Some(Outcome::Cancelled), Some(Cause::GroupSatisfied)), "{last}");
            assert_eq!(group_of(&world, run, "j1").kept, 0, "nobody is spared any longer");
        }
    }
}
