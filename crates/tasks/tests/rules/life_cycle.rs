//! The life of a run: every row of the contract's §1.2.

use levada_store::DueKind;
use levada_store::alphabets::{CancelPolicy, Cause, EventKind, Outcome, PublicState, RunPhase};
use levada_store::limits::BUILD_MS_MAX;
use levada_store::rows::Facts;
use levada_tasks::rules::{
    AddExecution, CancelRun, CreateExecution, CreateRun, DueConditions, ExpireCondition, PauseRun, ResolveCondition, ResumeRun,
    SealRun, SweepRuns,
};
use levada_tasks::spec::{GraphEdge, NewCondition, NewExecution, NewRun, Resolution};

use crate::world::{World, graph};

#[test]
fn t_048_a_run_is_built_sealed_and_ends() {
    let mut world = World::new();
    let id = world.run_id();
    world.must(&CreateRun { id, new: NewRun::default() });
    let run = world.run(id);
    assert_eq!((run.phase, run.revision, run.members), (RunPhase::Building, 0, 0));
    assert_eq!(run.build_deadline_ms, Some(world.ring.now_ms() + BUILD_MS_MAX));
    let execution = world.execution_id();
    world.must(&CreateExecution { id: execution, new: NewExecution { staged: true, ..NewExecution::of_kind("test") } });
    world.must(&AddExecution { run: id, execution });
    world.must(&SealRun { run: id, expected: 1, epoch: None });
    let run = world.run(id);
    assert_eq!((run.phase, run.build_deadline_ms), (RunPhase::Running, None));
    world.work(|_| Outcome::Succeeded);
    assert_eq!(world.ended(id), Outcome::Succeeded);
    let run = world.run(id);
    assert_eq!(run.retain_until_ms, run.ended_ms.map(|ended| ended + run.retention_ms));
}

#[test]
fn t_048_a_run_without_members_ends_with_its_seal() {
    let mut world = World::new();
    let id = world.run_id();
    world.must(&CreateRun { id, new: NewRun::default() });
    world.must(&SealRun { run: id, expected: 0, epoch: None });
    assert_eq!(world.ended(id), Outcome::Succeeded);
}

#[test]
fn t_048_pause_stops_claims_at_once_and_resume_lets_them_go_on() {
    for inline in [0, 64] {
        let mut world = World::settling_up_to(inline);
        let run = world.submit(&graph(&["a", "b", "c"], &[("a", "c")]));
        let active = world.claim(1);
        let actor = "ann".to_owned();
        world.must(&PauseRun { run, actor: actor.clone() });
        assert_eq!(world.public(run, "b"), PublicState::Held);
        assert!(world.claim(10).is_empty());
        world.finish(&active[0], Outcome::Succeeded);
        world.drain();
        assert_eq!(world.public(run, "c"), PublicState::Held, "what becomes ready in a paused run is held");
        assert!(world.claim(10).is_empty());
        world.must(&ResumeRun { run, actor });
        assert_eq!(world.public(run, "b"), PublicState::Ready);
        assert_eq!(world.public(run, "c"), PublicState::Ready);
        world.work(|_| Outcome::Succeeded);
        assert_eq!(world.ended(run), Outcome::Succeeded);
    }
}

#[test]
fn t_048_a_run_that_is_paused_while_it_is_built_starts_paused() {
    let mut world = World::new();
    let run = world.run_id();
    world.must(&CreateRun { id: run, new: NewRun::default() });
    let execution = world.execution_id();
    let new = NewExecution { staged: true, ..NewExecution::of_kind("test").named("a") };
    world.must(&CreateExecution { id: execution, new });
    world.must(&AddExecution { run, execution });
    let actor = "ann".to_owned();
    world.must(&PauseRun { run, actor: actor.clone() });
    world.must(&SealRun { run, expected: 1, epoch: None });
    assert_eq!(world.public(run, "a"), PublicState::Held);
    world.must(&ResumeRun { run, actor });
    assert_eq!(world.public(run, "a"), PublicState::Ready);
}

#[test]
fn t_048_a_run_that_is_never_sealed_ends_cancelled() {
    let mut world = World::new();
    let run = world.run_id();
    world.must(&CreateRun { id: run, new: NewRun::default() });
    let execution = world.execution_id();
    world.must(&CreateExecution { id: execution, new: NewExecution { staged: true, ..NewExecution::of_kind("test") } });
    world.must(&AddExecution { run, execution });
    let empty = world.run_id();
    world.must(&CreateRun { id: empty, new: NewRun::default() });
    let sweep = SweepRuns { kind: DueKind::Building, limit: 10 };
    world.ring.advance(BUILD_MS_MAX - 1);
    assert_eq!(world.must(&sweep).total(), 0);
    world.ring.advance(1);
    assert_eq!(world.must(&sweep).never_sealed, 2);
    world.drain();
    for run in [run, empty] {
        assert_eq!(world.ended(run), Outcome::Cancelled);
        assert_eq!(world.run(run).cause, Some(Cause::NeverSealed));
    }
    let row = world.execution(execution);
    assert_eq!((row.outcome, row.cause), (Some(Outcome::Cancelled), Some(Cause::NeverSealed)));
    assert_eq!(world.must(&sweep).total(), 0);
}

#[test]
fn t_048_a_run_past_its_deadline_ends_expired() {
    for inline in [0, 64] {
        let mut world = World::settling_up_to(inline);
        let mut graph = graph(&["a", "b"], &[("a", "b")]);
        graph.options.deadline_ms = Some(10_000);
        let run = world.submit(&graph);
        world.claim(1);
        world.ring.advance(10_000);
        let sweep = SweepRuns { kind: DueKind::RunDeadline, limit: 10 };
        assert_eq!(world.must(&sweep).expired, 1);
        world.drain();
        assert_eq!(world.ended(run), Outcome::Expired);
        for name in ["a", "b"] {
            let row = world.named(run, name);
            assert_eq!((row.outcome, row.cause), (Some(Outcome::Cancelled), Some(Cause::RunExpired)));
        }
        assert_eq!(world.ring.next_due(DueKind::RunDeadline), None);
    }
}

#[test]
fn t_048_a_deadline_lets_a_weaker_cancel_wait_no_longer() {
    let mut world = World::new();
    let mut graph = graph(&["a", "b"], &[]);
    graph.options.deadline_ms = Some(10_000);
    let run = world.submit(&graph);
    world.claim(1);
    world.must(&cancel(run, CancelPolicy::CancelPending));
    assert_eq!(world.run(run).phase, RunPhase::Cancelling, "the active member is left to finish");
    world.ring.advance(10_000);
    assert_eq!(world.must(&SweepRuns { kind: DueKind::RunDeadline, limit: 10 }).expired, 1);
    world.drain();
    assert_eq!(world.ended(run), Outcome::Cancelled, "the cancel came first");
}

fn cancel(run: levada_store::RunId, policy: CancelPolicy) -> CancelRun {
    let (reason, actor) = ("enough".to_owned(), "ann".to_owned());
    CancelRun { run, policy, reason, actor, include_finalizers: false, grace_ms: 1_000 }
}

#[test]
fn t_048_a_mark_only_cancel_becomes_stronger_when_its_grace_is_over() {
    let mut world = World::new();
    let run = world.submit(&graph(&["a", "b"], &[]));
    let active = world.claim(1);
    world.must(&cancel(run, CancelPolicy::MarkOnly));
    assert!(world.claim(10).is_empty(), "marked members are never offered again");
    assert_eq!(world.named(run, "b").outcome, None);
    world.ring.advance(1_000);
    assert_eq!(world.must(&SweepRuns { kind: DueKind::CancelGrace, limit: 10 }).grace_over, 1);
    world.drain();
    assert_eq!(world.named(run, "b").outcome, Some(Outcome::Cancelled));
    assert_eq!(world.run(run).cancel_reason.as_deref(), Some("enough"));
    world.finish(&active[0], Outcome::Succeeded);
    world.drain();
    assert_eq!(world.ended(run), Outcome::Cancelled);
}

#[test]
fn t_048_a_condition_is_missed_when_its_time_is_over() {
    use levada_store::alphabets::OnTimeout;
    for inline in [0, 64] {
        for (on_timeout, outcome, cause) in [
            (OnTimeout::Miss, Outcome::Skipped, Cause::EdgesImpossible),
            (OnTimeout::Fail, Outcome::Failed, Cause::ConditionTimeout),
        ] {
            let mut world = World::settling_up_to(inline);
            let mut graph = graph(&["a", "b"], &[("a", "b")]);
            let condition = NewCondition { expires_ms: Some(world.ring.now_ms() + 5_000), on_timeout };
            graph.edges.push(GraphEdge { is_condition: true, condition, ..GraphEdge::success("table:orders", "a") });
            let run = world.submit(&graph);
            world.ring.advance(4_999);
            let early = ExpireCondition { run, key: "table:orders".to_owned() };
            world.must(&early);
            assert_eq!(world.public(run, "a"), PublicState::WaitingEdges);
            assert!(world.must(&DueConditions { limit: 10 }).is_empty());
            world.ring.advance(1);
            for due in world.must(&DueConditions { limit: 10 }) {
                world.must(&due);
            }
            world.drain();
            let row = world.named(run, "a");
            assert_eq!((row.outcome, row.cause), (Some(outcome), Some(cause)));
            assert_eq!(world.public(run, "b"), PublicState::Skipped);
            assert!(world.must(&DueConditions { limit: 10 }).is_empty());
            let late =
                ResolveCondition { run, key: "table:orders".to_owned(), resolution: Resolution::Satisfied(Facts::default()) };
            assert_eq!(world.refused(&late), "LV-T216");
        }
    }
}

#[test]
fn t_048_the_life_of_a_run_is_in_its_events() {
    let mut world = World::new();
    let run = world.submit(&graph(&["a"], &[]));
    let actor = "ann".to_owned();
    world.must(&PauseRun { run, actor: actor.clone() });
    world.must(&ResumeRun { run, actor });
    world.must(&cancel(run, CancelPolicy::CancelAll));
    let events = world.ring.state().events.values().filter(|event| event.run_id == Some(run) && event.execution_id.is_none());
    let kinds: Vec<_> = events.map(|event| event.kind).collect();
    use EventKind as E;
    assert_eq!(kinds, [E::RunCreated, E::RunSealed, E::RunPaused, E::RunResumed, E::RunCancelRequested, E::RunEnded]);
}
