//! What holds a single execution back: seal, time, operator, pause, lane.

use levada_store::alphabets::{FailureClass, LaneState};
use levada_store::{ExecutionId, Store, Subject};
use levada_tasks::rules::LaneChange;
use levada_tasks::spec::{NewExecution, NewRun};

use crate::scene::{RUN, Result, START_MS, Scene, graph, in_memory, member, work};

pub async fn delayed<S: Store>(mut scene: Scene<S>) -> Result {
    let id = scene.create(NewExecution { due_ms: Some(START_MS + 90_000), ..work("") }).await?;
    let expected = "execution \"work\" is delayed: due at 00:01:30 \
         [since 00:00:00; background worker due_promote, until its time comes; run_now(<work>)]";
    scene.expect(member(1), &[expected, "no engine node is alive: background work waits until one is started"]).await?;
    assert_eq!(scene.follow(id).await?[0], "run_now(<work>)");
    Ok(())
}

pub async fn held_by_an_operator<S: Store>(mut scene: Scene<S>) -> Result {
    let id = scene.create(work("")).await?;
    scene.wait_s(5);
    scene.tasks.hold(id, "ann").await?;
    let expected = "execution \"work\" is held: held by an operator \
         [since 00:00:05; an operator, until it is released; release(<work>)]";
    scene.expect(member(1), &[expected]).await?;
    assert_eq!(scene.follow(id).await?[0], "release(<work>)");
    Ok(())
}

pub async fn of_a_paused_run<S: Store>(mut scene: Scene<S>) -> Result {
    scene.submit(graph(&["load"], &[])).await?;
    scene.wait_s(1);
    scene.tasks.pause_run(RUN, "ann").await?;
    let expected = "execution \"load\" is held: the run is paused \
         [since 00:00:01; an operator, until the run is resumed; RESUME RUN '<run>']";
    scene.expect(member(1), &[expected]).await?;
    assert_eq!(scene.follow(ExecutionId(1)).await?[0], "resume_run(<run>)");
    Ok(())
}

#[tokio::test]
async fn t_120_delayed() -> Result {
    delayed(in_memory().await?).await
}

#[tokio::test]
async fn t_120_held_by_an_operator() -> Result {
    held_by_an_operator(in_memory().await?).await
}

#[tokio::test]
async fn t_120_of_a_paused_run() -> Result {
    of_a_paused_run(in_memory().await?).await
}

#[tokio::test]
async fn t_120_staged_and_added_to_no_run() -> Result {
    let mut scene = in_memory().await?;
    let id = scene.create(NewExecution { staged: true, ..work("") }).await?;
    let expected = "execution \"work\" is staged: staged, and added to no run \
         [since 00:00:00; the caller, until the run is sealed; add_execution_to_run(<work>)]";
    scene.expect(member(1), &[expected]).await?;
    let done = scene.follow(id).await?;
    assert_eq!(done[..2], ["add_execution_to_run(<work>)", "seal_run(<run>, 1)"]);
    Ok(())
}

#[tokio::test]
async fn t_120_of_a_run_that_is_being_built() -> Result {
    let mut scene = in_memory().await?;
    scene.tasks.create_run(NewRun { id: Some(RUN), name: "nightly".to_owned(), ..NewRun::default() }).await?;
    let id = scene.create(NewExecution { staged: true, ..work("") }).await?;
    scene.tasks.add_execution_to_run(RUN, id).await?;
    let expected = "execution \"work\" is staged: its graph is not sealed \
         [since 00:00:00; the caller, until the run is sealed; seal_run(<run>, 1)]";
    scene.expect(member(1), &[expected]).await?;
    let sealed = scene.explain(member(1)).await?.waiting.reasons[0].expected_ms;
    assert_eq!(sealed, Some(START_MS + 3_600_000), "Y-01: a run is built for an hour at most");
    scene.follow(id).await?;
    Ok(())
}

#[tokio::test]
async fn t_120_waiting_for_a_retry() -> Result {
    let mut scene = in_memory().await?;
    let mut new = work("");
    (new.policy.retry.backoff.initial_ms, new.policy.retry.backoff.jitter_permille) = (40_000, 0);
    let id = scene.create(new).await?;
    let handle = scene.claim("work").await?;
    scene.fail(handle, FailureClass::Transient).await?;
    let expected = "execution \"work\" is delayed: due at 00:00:40 \
         [since 00:00:00; background worker due_promote, until its time comes; run_now(<work>)]";
    scene.expect(member(1), &[expected, "no engine node is alive: background work waits until one is started"]).await?;
    scene.follow(id).await?;
    Ok(())
}

#[tokio::test]
async fn t_120_everything_at_once_is_listed_in_the_order_in_which_it_is_asked_for() -> Result {
    let mut scene = in_memory().await?;
    let mut graph = graph(&["load"], &[]);
    graph.nodes[0].execution.due_ms = Some(START_MS + 86_400_000);
    scene.submit(graph).await?;
    scene.tasks.pause_run(RUN, "ann").await?;
    scene.tasks.hold(ExecutionId(1), "ann").await?;
    scene.lane("default", LaneChange::Pause).await?;
    let expected = [
        // X-24, Y-03: what is held already keeps its hold, so that it is not known since when an operator holds it too.
        "execution \"load\" is delayed",
        "  the run is paused [an operator, until the run is resumed; RESUME RUN '<run>']",
        "  held by an operator [an operator, until it is released; release(<load>)]",
        "  due at 2026-01-02 00:00:00 [since 00:00:00; background worker due_promote, until its time comes; run_now(<load>)]",
        "  lane \"default\" is paused [since 00:00:00; an operator, until the lane is resumed; change_lane(\"default\", resume)]",
        "no engine node is alive: background work waits until one is started",
    ];
    scene.expect(member(1), &expected).await?;
    let done = scene.follow(ExecutionId(1)).await?;
    let first = ["resume_run(<run>)", "release(<load>)", "run_now(<load>)", "change_lane(\"default\", resume)"];
    assert_eq!(done[..4], first);
    Ok(())
}

#[tokio::test]
async fn t_120_in_a_paused_lane() -> Result {
    closed_lane(LaneChange::Pause, LaneState::Paused).await
}

#[tokio::test]
async fn t_120_in_a_disabled_lane() -> Result {
    closed_lane(LaneChange::Disable, LaneState::Disabled).await
}

async fn closed_lane(change: LaneChange, state: LaneState) -> Result {
    let mut scene = in_memory().await?;
    let id = scene.create(work("").in_lane("mail")).await?;
    scene.wait_s(2);
    scene.lane("mail", change).await?;
    let expected = format!(
        "execution \"work\" is ready: lane \"mail\" is {state} \
         [since 00:00:02; an operator, until the lane is resumed; change_lane(\"mail\", resume)]"
    );
    scene.expect(member(1), &[&expected]).await?;
    scene.follow(id).await?;
    Ok(())
}

#[tokio::test]
async fn t_120_nobody_is_known_by_that_id() -> Result {
    let scene = in_memory().await?;
    for subject in [member(9), Subject::Run(RUN)] {
        let error = scene.tasks.explain(subject).await.expect_err("there is nothing");
        assert_eq!(error.code().name(), "LV-T002");
    }
    Ok(())
}
