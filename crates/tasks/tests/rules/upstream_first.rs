//! What happened before it was waited for: it counts as if it happened afterwards.

use levada_store::alphabets::{Outcome, PublicState};
use levada_store::rows::{Comparison, Fact, Facts, Predicate, Predicates};
use levada_store::{ExecutionId, RunId};
use levada_tasks::rules::{
    AddExecution, CreateExecution, CreateRun, ExtendRun, ResolveCondition, SealRun, Sealed, SetGroupPolicy, StageEdge,
};
use levada_tasks::spec::{Fragment, GraphEdge, GroupPolicy, NewEdge, NewExecution, NewRun, Resolution, Upstream};

use crate::world::{World, graph, node};

/// An execution outside of any run.
fn create(world: &mut World, name: &str, staged: bool) -> ExecutionId {
    let id = world.execution_id();
    let new = NewExecution { staged, ..NewExecution::of_kind("test").named(name) };
    world.must(&CreateExecution { id, new });
    id
}

fn building(world: &mut World, members: &[ExecutionId]) -> RunId {
    let id = world.run_id();
    world.must(&CreateRun { id, new: NewRun::default() });
    for execution in members {
        world.must(&AddExecution { run: id, execution: *execution });
    }
    id
}

fn stage(world: &mut World, run: RunId, edge: NewEdge) {
    let expected = world.run(run).revision;
    world.must(&StageEdge { run, expected, edge });
}

fn seal(world: &mut World, run: RunId) {
    let expected = world.run(run).revision;
    assert!(matches!(world.must(&SealRun { run, expected, epoch: None }), Sealed::Sealed(_)));
}

fn rows_above(rows: i64) -> Predicates {
    Predicates(vec![Predicate { fact: "rows".to_owned(), op: Comparison::Greater, literal: Fact::Int(rows) }])
}

#[test]
fn t_005_a_member_that_ended_before_it_was_added() {
    for (outcome, child) in [(Outcome::Succeeded, PublicState::Ready), (Outcome::Failed, PublicState::Skipped)] {
        let mut world = World::new();
        let upstream = create(&mut world, "up", false);
        let claimed = world.claim_named("up");
        world.finish(&claimed, outcome);
        let waiting = create(&mut world, "down", true);
        let run = building(&mut world, &[upstream, waiting]);
        stage(&mut world, run, NewEdge::success(upstream, waiting));
        seal(&mut world, run);
        assert_eq!(world.public(run, "down"), child);
    }
}

#[test]
fn t_005_a_member_that_ends_while_the_run_is_built() {
    for settled_before_sealing in [false, true] {
        let mut world = World::new();
        let upstream = create(&mut world, "up", false);
        let waiting = create(&mut world, "down", true);
        let claimed = world.claim_named("up");
        let run = building(&mut world, &[upstream, waiting]);
        let edge = NewEdge { predicates: rows_above(3), ..NewEdge::success(upstream, waiting) };
        stage(&mut world, run, edge);
        world.finish_with(&claimed, Outcome::Succeeded, Facts([("rows".to_owned(), Fact::Int(4))].into()));
        if settled_before_sealing {
            world.drain();
        }
        assert_eq!(world.public(run, "down"), PublicState::Staged);
        seal(&mut world, run);
        assert_eq!(world.public(run, "down"), PublicState::Ready);
        assert_eq!(world.work(|_| Outcome::Succeeded), ["down"]);
        assert_eq!(world.ended(run), Outcome::Succeeded);
    }
}

#[test]
fn t_005_a_condition_that_is_resolved_before_sealing() {
    let facts = Facts([("rows".to_owned(), Fact::Int(7))].into());
    let cases = [
        (Resolution::Satisfied(facts.clone()), rows_above(6), PublicState::Ready),
        (Resolution::Satisfied(facts), rows_above(7), PublicState::Skipped),
        (Resolution::Missed, Predicates::default(), PublicState::Skipped),
    ];
    for (resolution, predicates, expected) in cases {
        let mut world = World::new();
        let waiting = create(&mut world, "down", true);
        let run = building(&mut world, &[waiting]);
        let upstream = Upstream::Condition("table:orders".to_owned());
        stage(&mut world, run, NewEdge { upstream, predicates, ..NewEdge::success(waiting, waiting) });
        world.must(&ResolveCondition { run, key: "table:orders".to_owned(), resolution });
        assert_eq!(world.public(run, "down"), PublicState::Staged);
        seal(&mut world, run);
        assert_eq!(world.public(run, "down"), expected);
    }
}

#[test]
fn t_005_an_extension_of_a_member_that_ended() {
    for inline in [0, 64] {
        let mut world = World::settling_up_to(inline);
        let run = world.submit(&graph(&["up", "other"], &[]));
        let claimed = world.claim(2);
        let up = claimed.iter().find(|claimed| claimed.name == "up").expect("up");
        world.finish_with(up, Outcome::Succeeded, Facts([("rows".to_owned(), Fact::Int(4))].into()));
        let edge = |to: &str, rows| GraphEdge { predicates: rows_above(rows), ..GraphEdge::success("up", to) };
        let fragment = Fragment {
            key: "more".to_owned(),
            nodes: vec![node("many"), node("few")],
            edges: vec![edge("many", 5), edge("few", 3)],
        };
        let ids = vec![world.execution_id(), world.execution_id()];
        world.must(&ExtendRun { run, expected: 0, ids, fragment, fence: None });
        assert_eq!(world.public(run, "few"), PublicState::Ready);
        assert_eq!(world.public(run, "many"), PublicState::Skipped);
        let other = claimed.iter().find(|claimed| claimed.name == "other").expect("other");
        world.finish(other, Outcome::Succeeded);
        world.work(|_| Outcome::Succeeded);
        assert_eq!(world.ended(run), Outcome::Succeeded);
    }
}

#[test]
fn t_005_what_is_known_at_the_seal_counts_at_once() {
    let mut world = World::new();
    let first = create(&mut world, "first", false);
    let second = create(&mut world, "second", false);
    for name in ["first", "second"] {
        let claimed = world.claim(1);
        assert_eq!(claimed[0].name, name);
        world.finish(&claimed[0], Outcome::Succeeded);
    }
    let waiting = create(&mut world, "down", true);
    let run = building(&mut world, &[first, second, waiting]);
    world.must(&SetGroupPolicy { run, child: waiting, policy: GroupPolicy::any_of() });
    for (upstream, name) in [(first, "one"), (second, "two")] {
        stage(&mut world, run, NewEdge { input: Some(name.to_owned()), ..NewEdge::success(upstream, waiting) });
    }
    seal(&mut world, run);
    let group = world.group(waiting);
    assert_eq!((group.n, group.satisfied), (2, 2));
    let claimed = world.claim_named("down");
    assert_eq!(claimed.inputs.keys().collect::<Vec<_>>(), ["one", "two"], "both were satisfied at that moment");
}
