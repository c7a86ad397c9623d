//! T-076: replays of one execution, restarts of runs, retries of failures.

use levada_store::alphabets::{CancelPolicy, Cause, EdgeWhen, EventKind, GroupState, Outcome, PublicState, RunPhase};
use levada_store::{ExecutionId, RunId, limits};
use levada_tasks::rules::{CancelExecution, CancelRun, ReplayExecution, Replayed, RestartRun, Restarted, RetryFailed};
use levada_tasks::spec::{GraphEdge, RestartOptions};

use crate::world::{World, graph, node};

const CASCADE: RestartOptions = RestartOptions { cascade: true, force: false, generation: None };
const ALONE: RestartOptions = RestartOptions { cascade: false, force: false, generation: None };

fn replay(world: &World, run: RunId, name: &str) -> ReplayExecution {
    let execution = world.named(run, name).id;
    ReplayExecution { execution, run: Some(run), ignore_edges: false, generation: None, actor: "ann".to_owned() }
}

fn restart(world: &World, run: RunId, name: &str, options: RestartOptions) -> RestartRun {
    RestartRun { run, from: world.named(run, name).id, options, actor: "ann".to_owned() }
}

fn names(world: &World, ids: &[ExecutionId]) -> Vec<String> {
    let mut names: Vec<_> = ids.iter().map(|id| world.execution(*id).name.clone()).collect();
    names.sort();
    names
}

/// `a → b → c`, ended with `b` as told.
fn chain(world: &mut World, b: Outcome) -> RunId {
    let run = world.submit(&graph(&["a", "b", "c"], &[("a", "b"), ("b", "c")]));
    world.work(|name| if name == "b" { b } else { Outcome::Succeeded });
    run
}

#[test]
fn t_076_restart_with_cascade_runs_everything_after() {
    for members in [0, 64] {
        let mut world = World::settling_up_to(members);
        let run = chain(&mut world, Outcome::Succeeded);
        let kept = world.ring.state().results[&(world.named(run, "a").id, 0)].clone();
        let event = restart(&world, run, "b", CASCADE);
        let restarted = world.must(&event);
        assert_eq!((names(&world, &restarted.members), restarted.run_reopened), (vec!["b".to_owned(), "c".to_owned()], true));
        assert_eq!((world.run(run).phase, world.run(run).generation), (RunPhase::Running, 1), "Y-09");
        assert_eq!(world.public(run, "b"), PublicState::Ready, "the edge from a resolves again at once");
        assert_eq!(world.public(run, "c"), PublicState::WaitingEdges);
        assert_eq!(world.work(|_| Outcome::Succeeded), ["b", "c"]);
        assert_eq!(world.ended(run), Outcome::Succeeded);
        assert_eq!(world.ring.state().results[&(world.named(run, "a").id, 0)], kept, "kept results are byte-equal");
        let generations = ["a", "b", "c"].map(|name| world.named(run, name).generation);
        assert_eq!(generations, [0, 1, 1]);
    }
}

#[test]
fn t_076_a_call_that_names_the_generation_it_leaves_begins_the_next_once() {
    let mut world = World::new();
    let run = chain(&mut world, Outcome::Succeeded);
    let first = ReplayExecution { generation: Some(0), ..replay(&world, run, "c") };
    let replayed = world.must(&first);
    assert_eq!((replayed.generation, replayed.run_reopened), (1, true));
    assert_eq!(world.must(&first), Replayed { run_reopened: false, ..replayed }, "it is told what there is");
    world.work(|_| Outcome::Succeeded);
    assert_eq!(world.must(&first).public_state, PublicState::Succeeded, "it has even ended since");
    assert_eq!(world.named(run, "c").generation, 1);
    let event = restart(&world, run, "b", RestartOptions { generation: Some(0), ..CASCADE });
    let restarted = world.must(&event);
    assert_eq!(names(&world, &restarted.members), ["b", "c"]);
    assert_eq!(world.must(&event), Restarted { run_reopened: false, ..restarted });
    assert_eq!(world.refused(&first), "LV-T218", "c is two generations further");
}

#[test]
fn t_076_restart_without_cascade_runs_the_task_alone() {
    let mut world = World::new();
    let run = chain(&mut world, Outcome::Succeeded);
    let event = restart(&world, run, "b", ALONE);
    let restarted = world.must(&event);
    assert_eq!(names(&world, &restarted.members), ["b"]);
    let c = world.named(run, "c").clone();
    assert_eq!(world.work(|_| Outcome::Failed), ["b"]);
    assert_eq!(*world.named(run, "c"), c, "its fired groups stay as they are");
    assert_eq!(world.ended(run), Outcome::Succeeded, "its failure is absorbed by c, which went on");
}

#[test]
fn t_076_retry_failed_begins_at_the_failures() {
    for members in [0, 64] {
        let mut world = World::settling_up_to(members);
        let run = chain(&mut world, Outcome::Failed);
        assert_eq!((world.ended(run), world.public(run, "c")), (Outcome::Failed, PublicState::Skipped));
        let event = RetryFailed { run, force: false, generation: None, actor: "ann".to_owned() };
        let restarted = world.must(&event);
        assert_eq!(names(&world, &restarted.members), ["b", "c"]);
        assert_eq!(world.work(|_| Outcome::Succeeded), ["b", "c"]);
        assert_eq!(world.ended(run), Outcome::Succeeded);
        let none = Restarted { generation: 1, run_reopened: false, members: vec![], cancelled: vec![] };
        assert_eq!(world.no_op(&event), none, "no failure is left");
    }
}

#[test]
fn t_076_replay_of_a_skipped_one_names_where_to_restart() {
    let mut world = World::new();
    let run = world.submit(&graph(&["a", "b", "c"], &[("a", "b"), ("b", "c")]));
    world.work(|_| Outcome::Failed);
    let refusal = world.act(&replay(&world, run, "c")).expect_err("it would be skipped again");
    assert_eq!(refusal.code().name(), "LV-T804");
    let a = world.named(run, "a").id;
    assert!(refusal.details().contains(&("upstream", a.to_string())), "{refusal}: not b, which would be skipped too");
    let event = ReplayExecution { ignore_edges: true, ..replay(&world, run, "c") };
    let replayed = world.must(&event);
    assert_eq!((replayed.public_state, replayed.run_reopened), (PublicState::Ready, true));
    assert_eq!(world.work(|_| Outcome::Succeeded), ["c"]);
    assert_eq!(world.ended(run), Outcome::Failed, "a's failure is still there");
}

#[test]
fn t_076_replay_of_a_withdrawn_one_waits_for_its_edges() {
    let mut world = World::new();
    let run = world.submit(&graph(&["a", "b"], &[("a", "b")]));
    let b = world.named(run, "b").id;
    world.must(&CancelExecution { execution: b, actor: "ann".to_owned() });
    let event = replay(&world, run, "b");
    assert_eq!(world.must(&event).public_state, PublicState::WaitingEdges, "a child never runs before its parents");
    assert_eq!(world.work(|_| Outcome::Succeeded), ["a", "b"]);
    assert_eq!((world.group(b).state, world.ended(run)), (GroupState::Satisfied, Outcome::Succeeded));
}

#[test]
fn t_076_replay_takes_its_end_back_from_groups_that_still_wait() {
    let mut world = World::new();
    let run = world.submit(&graph(&["a", "b", "c"], &[("a", "c"), ("b", "c")]));
    let a = world.claim_named("a");
    world.finish(&a, Outcome::Succeeded);
    let c = world.named(run, "c").id;
    assert_eq!(world.group(c).satisfied, 1);
    let event = replay(&world, run, "a");
    assert!(!world.must(&event).run_reopened, "it was running");
    assert_eq!(world.group(c).satisfied, 0);
    assert_eq!(world.run(run).settled_succeeded, 0);
    // b is held by the first claim: its lease ends.
    world.ring.advance(30_000);
    let mut order = world.work(|_| Outcome::Succeeded);
    assert_eq!(order.pop().as_deref(), Some("c"), "after both");
    assert_eq!(world.ended(run), Outcome::Succeeded);
}

#[test]
fn t_076_busy_descendants_are_listed_or_cancelled() {
    let mut world = World::new();
    let run = world.submit(&graph(&["a", "b"], &[("a", "b")]));
    let a = world.claim_named("a");
    world.finish(&a, Outcome::Succeeded);
    let b = world.claim_named("b");
    let event = restart(&world, run, "a", CASCADE);
    let refusal = world.act(&event).expect_err("b is active");
    assert_eq!(refusal.code().name(), "LV-T803");
    assert!(refusal.details().contains(&("ids", b.handle.execution.to_string())), "{refusal:?}");
    let event = restart(&world, run, "a", RestartOptions { cascade: true, force: true, generation: None });
    let restarted = world.must(&event);
    assert_eq!((names(&world, &restarted.cancelled), restarted.run_reopened), (vec!["b".to_owned()], false));
    assert_eq!(crate::calls::code(world.complete(b.handle)), "LV-T101", "fenced");
    let ended = world.events(b.handle.execution, EventKind::Ended);
    assert_eq!((ended.len(), ended[0].generation), (1, Some(0)), "cancelled in its generation");
    assert_eq!(world.public(run, "b"), PublicState::WaitingEdges);
    assert_eq!(world.work(|_| Outcome::Succeeded), ["a", "b"]);
    assert_eq!(world.ended(run), Outcome::Succeeded);
}

#[test]
fn t_076_what_cannot_be_restarted() {
    let mut world = World::new();
    let run = world.submit(&graph(&["a", "b"], &[("a", "b")]));
    assert_eq!(world.refused(&restart(&world, run, "a", CASCADE)), "LV-T801", "it has not ended");
    let stranger = world.execution_id();
    let event = RestartRun { run, from: stranger, options: CASCADE, actor: "ann".to_owned() };
    assert_eq!(world.refused(&event), "LV-T208");
    let unknown = world.run_id();
    assert_eq!(
        world.refused(&RetryFailed { run: unknown, force: false, generation: None, actor: "ann".to_owned() }),
        "LV-T002"
    );
    let a = world.claim_named("a");
    let pending = CancelRun {
        run,
        policy: CancelPolicy::CancelPending,
        reason: String::new(),
        actor: "ann".to_owned(),
        include_finalizers: false,
        grace_ms: 0,
    };
    world.must(&pending);
    assert_eq!(world.refused(&replay(&world, run, "b")), "LV-T217", "its run is being cancelled");
    world.finish(&a, Outcome::Succeeded);
    let elsewhere = ReplayExecution { run: None, ..replay(&world, run, "a") };
    assert_eq!(world.refused(&elsewhere), "LV-T218", "the run must be the one it is a member of");
}

#[test]
fn t_076_a_cancelled_run_is_restarted_whole() {
    let mut world = World::new();
    let run = world.submit(&graph(&["a", "b"], &[("a", "b")]));
    let all = CancelRun {
        run,
        policy: CancelPolicy::CancelAll,
        reason: String::new(),
        actor: "ann".to_owned(),
        include_finalizers: false,
        grace_ms: 0,
    };
    world.must(&all);
    assert_eq!(world.ended(run), Outcome::Cancelled);
    let event = restart(&world, run, "a", CASCADE);
    world.must(&event);
    let row = world.run(run);
    assert_eq!((row.cancel_policy, row.cause, row.cancel_ended_any), (None, None, false));
    assert_eq!(world.work(|_| Outcome::Succeeded), ["a", "b"]);
    assert_eq!(world.ended(run), Outcome::Succeeded);
    let event = restart(&world, run, "a", ALONE);
    world.must(&event);
    assert_eq!(world.work(|_| Outcome::Succeeded), ["a"]);
    world.must(&restart(&world, run, "a", ALONE));
    world.must(&all);
    assert_eq!(world.ended(run), Outcome::Cancelled, "cancelled again in a later generation");
}

#[test]
fn t_076_replays_of_a_run_have_a_limit() {
    let mut world = World::new();
    let run = world.submit(&graph(&["a"], &[]));
    world.work(|_| Outcome::Succeeded);
    for generation in 1..=limits::REPLAYS_MAX {
        let event = restart(&world, run, "a", CASCADE);
        assert_eq!(world.must(&event).generation, generation);
        world.work(|_| Outcome::Succeeded);
    }
    assert_eq!(world.refused(&restart(&world, run, "a", CASCADE)), "LV-T802");
    assert_eq!(world.refused(&replay(&world, run, "a")), "LV-T802");
}

#[test]
fn t_076_finalizers_run_again_after_a_cascade() {
    let mut world = World::new();
    let mut graph = graph(&["a"], &[]);
    let mut last = node("last");
    last.execution.finalizer = true;
    graph.nodes.push(last);
    let run = world.submit(&graph);
    assert_eq!(world.work(|_| Outcome::Succeeded), ["a", "last"]);
    world.must(&restart(&world, run, "a", CASCADE));
    assert_eq!(world.public(run, "last"), PublicState::WaitingEdges);
    assert_eq!(world.work(|_| Outcome::Succeeded), ["a", "last"]);
    assert_eq!(world.ended(run), Outcome::Succeeded);
    world.must(&restart(&world, run, "last", CASCADE));
    assert_eq!(world.work(|_| Outcome::Failed), ["last"], "it alone");
    assert_eq!(world.ended(run), Outcome::Failed);
    world.must(&RetryFailed { run, force: false, generation: None, actor: "ann".to_owned() });
    assert_eq!(world.work(|_| Outcome::Succeeded), ["last"]);
    assert_eq!(world.ended(run), Outcome::Succeeded);
}

#[test]
fn t_076_a_failure_branch_is_not_taken_again() {
    let mut world = World::new();
    let mut graph = graph(&["a", "good", "bad"], &[("a", "good")]);
    graph.edges.push(GraphEdge::success("a", "bad").when(EdgeWhen::Failure));
    let run = world.submit(&graph);
    assert_eq!(world.work(|name| if name == "a" { Outcome::Failed } else { Outcome::Succeeded }), ["a", "bad"]);
    world.must(&restart(&world, run, "a", CASCADE));
    assert_eq!(world.work(|_| Outcome::Succeeded), ["a", "good"]);
    let bad = world.named(run, "bad");
    assert_eq!((bad.generation, bad.cause), (1, Some(Cause::EdgesImpossible)), "it is skipped this time");
    assert_eq!(world.ended(run), Outcome::Succeeded);
}
