//! Finalizers: they run once, after everything else, whatever the outcome, and see it.

use levada_store::alphabets::{CancelPolicy, Outcome, PublicState};
use levada_store::{DueKind, RunId, limits};
use levada_tasks::rules::{
    AddExecution, CancelExecution, CancelRun, CreateExecution, CreateRun, PauseRun, RestartRun, SealRun, SettleRun, SweepRuns,
};
use levada_tasks::spec::{GraphEdge, NewExecution, NewRun, RestartOptions, RunGraph};

use crate::world::{World, graph, node};

fn with_finalizer(mut graph: RunGraph, essential: bool) -> RunGraph {
    let mut last = node("last");
    last.execution.finalizer = true;
    last.execution.essential = essential;
    graph.nodes.push(last);
    graph
}

fn pair() -> RunGraph {
    with_finalizer(graph(&["a", "b"], &[("a", "b")]), true)
}

fn cancel(run: RunId, include_finalizers: bool) -> CancelRun {
    let (reason, actor) = ("enough".to_owned(), "ann".to_owned());
    CancelRun { run, policy: CancelPolicy::CancelAll, reason, actor, include_finalizers, grace_ms: 0 }
}

/// What the finalizer, which must be ready, sees as the run's outcome.
#[track_caller]
fn seen(world: &mut World, finalizer_ends: Outcome) -> Outcome {
    world.drain();
    let claimed = world.claim(10);
    assert_eq!(claimed.iter().map(|claimed| claimed.name.as_str()).collect::<Vec<_>>(), ["last"]);
    let outcome = claimed[0].inputs["run"].outcome;
    world.finish(&claimed[0], finalizer_ends);
    world.drain();
    assert!(world.claim(10).is_empty(), "it runs once");
    outcome
}

#[test]
fn t_075_it_runs_once_after_success_and_after_failure() {
    for inline in [0, 64] {
        for (fails, provisional) in [("none", Outcome::Succeeded), ("b", Outcome::Failed), ("a", Outcome::Failed)] {
            let mut world = World::settling_up_to(inline);
            let run = world.submit(&pair());
            loop {
                world.drain();
                assert_eq!(world.public(run, "last"), PublicState::WaitingEdges);
                let claimed = world.claim(1);
                assert_ne!(claimed[0].name, "last");
                let name = claimed[0].name.clone();
                world.finish(&claimed[0], if name == fails { Outcome::Failed } else { Outcome::Succeeded });
                if name == "b" || name == fails {
                    break;
                }
            }
            assert_eq!(seen(&mut world, Outcome::Succeeded), provisional, "{fails} fails");
            assert_eq!(world.ended(run), provisional);
        }
    }
}

#[test]
fn t_075_it_runs_after_a_cancel_unless_it_is_included() {
    for inline in [0, 64] {
        let mut world = World::settling_up_to(inline);
        let run = world.submit(&pair());
        world.must(&cancel(run, false));
        assert_eq!(seen(&mut world, Outcome::Succeeded), Outcome::Cancelled);
        assert_eq!(world.ended(run), Outcome::Cancelled);

        let run = world.submit(&pair());
        world.must(&cancel(run, true));
        world.drain();
        assert_eq!(world.public(run, "last"), PublicState::Cancelled);
        assert_eq!(world.ended(run), Outcome::Cancelled);
    }
}

#[test]
fn t_075_one_that_is_to_be_cancelled_never_begins() {
    for inline in [0, 64] {
        let mut world = World::settling_up_to(inline);
        let run = world.submit(&pair());
        world.must(&CancelRun { policy: CancelPolicy::MarkOnly, grace_ms: 1_000, ..cancel(run, true) });
        // The stronger cancel does not name finalizers again, so that their end is left to the backlog.
        world.must(&cancel(run, false));
        while let Some(run) = world.ring.state().marks.values().map(|mark| mark.run_id).next() {
            world.must(&SettleRun { run });
        }
        assert!(world.claim(10).is_empty());
        assert!(world.ring.state().pins.is_empty(), "it was not released");
        world.drain();
        assert_eq!(world.public(run, "last"), PublicState::Cancelled);
        assert_eq!(world.ended(run), Outcome::Cancelled);
    }
}

#[test]
fn t_075_it_runs_after_the_deadline() {
    for inline in [0, 64] {
        let mut world = World::settling_up_to(inline);
        let mut graph = pair();
        graph.options.deadline_ms = Some(1_000);
        let run = world.submit(&graph);
        world.ring.advance(1_000);
        assert_eq!(world.must(&SweepRuns { kind: DueKind::RunDeadline, limit: 10 }).expired, 1);
        assert_eq!(seen(&mut world, Outcome::Succeeded), Outcome::Expired);
        assert_eq!(world.ended(run), Outcome::Expired);
    }
}

#[test]
fn t_075_its_failure_fails_the_run_if_it_is_essential() {
    for (essential, expected) in [(true, Outcome::Failed), (false, Outcome::Succeeded)] {
        for inline in [0, 64] {
            let mut world = World::settling_up_to(inline);
            let run = world.submit(&with_finalizer(graph(&["a"], &[]), essential));
            let claimed = world.claim_named("a");
            world.finish(&claimed, Outcome::Succeeded);
            assert_eq!(seen(&mut world, Outcome::Failed), Outcome::Succeeded);
            assert_eq!(world.ended(run), expected);
        }
    }
}

#[test]
fn t_075_a_run_of_finalizers_only_begins_with_them() {
    let mut world = World::new();
    let run = world.submit(&with_finalizer(graph(&[], &[]), true));
    assert_eq!(seen(&mut world, Outcome::Succeeded), Outcome::Succeeded);
    assert_eq!(world.ended(run), Outcome::Succeeded);
}

#[test]
fn t_075_finalizers_can_wait_for_each_other_but_nobody_for_them() {
    let mut world = World::new();
    let mut chained = pair();
    let mut later = node("later");
    later.execution.finalizer = true;
    chained.nodes.push(later);
    chained.edges.push(GraphEdge::success("last", "later"));
    let run = world.submit(&chained);
    assert_eq!(world.work(|_| Outcome::Succeeded), ["a", "b", "last", "later"]);
    assert_eq!(world.ended(run), Outcome::Succeeded);

    let mut backwards = pair();
    backwards.edges.push(GraphEdge::success("last", "b"));
    let event = world.submit_event(&backwards);
    assert_eq!(world.refused(&event), "LV-T206");
    let mut taken = pair();
    taken.edges.push(GraphEdge::success("a", "last").as_input("run"));
    let event = world.submit_event(&taken);
    assert_eq!(world.refused(&event), "LV-T219", "the name under which it sees the run");
}

#[test]
fn t_075_a_finalizer_can_be_built_stepwise() {
    let mut world = World::new();
    let run = world.run_id();
    world.must(&CreateRun { id: run, new: NewRun::default() });
    for (name, finalizer) in [("last", true), ("a", false)] {
        let execution = world.execution_id();
        let new = NewExecution { staged: true, finalizer, ..NewExecution::of_kind("test").named(name) };
        world.must(&CreateExecution { id: execution, new });
        world.must(&AddExecution { run, execution });
    }
    world.must(&SealRun { run, expected: 2, epoch: None });
    assert_eq!(world.work(|_| Outcome::Succeeded), ["a", "last"]);
    assert_eq!(world.ended(run), Outcome::Succeeded);
    let alone = world.execution_id();
    let new = NewExecution { finalizer: true, ..NewExecution::of_kind("test") };
    assert_eq!(world.refused(&CreateExecution { id: alone, new }), "LV-T005", "it would never run as one");
}

/// A cancel looks at all finalizers of a run at once.
#[test]
fn t_075_a_run_built_stepwise_takes_no_more_finalizers_than_a_graph() {
    let mut world = World::new();
    let run = world.run_id();
    world.must(&CreateRun { id: run, new: NewRun::default() });
    let staged = |world: &mut World, finalizer| {
        let execution = world.execution_id();
        let new = NewExecution { staged: true, finalizer, ..NewExecution::of_kind("test") };
        world.must(&CreateExecution { id: execution, new });
        AddExecution { run, execution }
    };
    for _ in 0..limits::RUN_FINALIZERS_MAX {
        let add = staged(&mut world, true);
        world.must(&add);
    }
    let one_more = staged(&mut world, true);
    assert_eq!(world.refused(&one_more), "LV-T213");
    let another = staged(&mut world, false);
    world.must(&another);
}

/// Y-08: a deadline ends the pause that held them.
#[test]
fn t_075_a_deadline_lets_the_finalizers_of_a_paused_run_go() {
    for inline in [0, 64] {
        let mut world = World::settling_up_to(inline);
        let mut graph = graph(&["work", "last"], &[]);
        graph.nodes[1].execution.finalizer = true;
        graph.options.deadline_ms = Some(60_000);
        let run = world.submit(&graph);
        let work = world.claim_named("work");
        world.must(&PauseRun { run, actor: "ann".to_owned() });
        world.finish(&work, Outcome::Succeeded);
        world.drain();
        assert_eq!(world.public(run, "last"), PublicState::Held);
        world.ring.advance(60_000);
        world.must(&SweepRuns { kind: DueKind::RunDeadline, limit: 10 });
        world.drain();
        let last = world.claim_named("last");
        world.finish(&last, Outcome::Succeeded);
        world.drain();
        assert_eq!(world.ended(run), Outcome::Expired);
    }
}

#[test]
fn t_076_a_finalizer_that_was_released_keeps_what_it_saw_when_another_is_restarted() {
    let mut world = World::new();
    let mut ending = graph(&["a", "first", "second"], &[]);
    ending.nodes[1].execution.finalizer = true;
    ending.nodes[2].execution.finalizer = true;
    let run = world.submit(&ending);
    let (first, second) = (world.named(run, "first").id, world.named(run, "second").id);
    world.must(&CancelExecution { execution: second, actor: "ann".to_owned() });
    let a = world.claim_named("a");
    world.finish(&a, Outcome::Succeeded);
    let seen = |world: &World| world.ring.state().pins[&(first, "run".to_owned())].outcome;
    assert_eq!(seen(&world), Outcome::Failed, "an operator cancelled an essential member");
    let options = RestartOptions { cascade: true, force: false, generation: None };
    world.must(&RestartRun { run, from: second, options, actor: "ann".to_owned() });
    assert_eq!(seen(&world), Outcome::Failed, "Z-5: pinned inputs of kept members do not change");
    assert_eq!(world.ring.state().pins[&(second, "run".to_owned())].outcome, Outcome::Succeeded);
}
