//! What a run as a whole waits for, and what its cancel does to its members.

use levada_store::alphabets::{CancelPolicy, Outcome};
use levada_store::{ExecutionId, Store, Subject};
use levada_tasks::rules::explain::{Operation, Why};
use levada_tasks::spec::{CancelRun, NewRun, RunGraph};

use crate::scene::{RUN, Result, START_MS, Scene, graph, in_memory, member, node};

const NO_NODE: &str = "no engine node is alive: background work waits until one is started";

pub async fn members_by_state<S: Store>(mut scene: Scene<S>) -> Result {
    let mut graph = graph(&["fetch", "load", "check", "join"], &[("fetch", "join"), ("load", "join")]);
    graph.nodes[2].execution.due_ms = Some(START_MS + 60_000);
    scene.submit(graph).await?;
    scene.claim("fetch").await?;
    let said = scene.explain(Subject::Run(RUN)).await?.to_string();
    let expected = [
        "run \"nightly\" is running",
        "  1 member is active",
        "    \"fetch\": leased by worker \"w1\" until 00:00:30",
        "  1 member is ready",
        "    \"load\": no live worker of lane \"default\" is registered",
        "  1 member is delayed",
        "    \"check\": due at 00:01:00",
        "  1 member waits for edges",
        "    \"join\": waits for 2 of 2 edges",
        "      edge from \"fetch\": leased by worker \"w1\" until 00:00:30",
        "      edge from \"load\": no live worker of lane \"default\" is registered",
        NO_NODE,
    ];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
    Ok(())
}

pub async fn paused<S: Store>(mut scene: Scene<S>) -> Result {
    scene.submit(graph(&["load"], &[])).await?;
    scene.tasks.pause_run(RUN, "ann").await?;
    let expected = [
        "run \"nightly\" is running: the run is paused [an operator, until the run is resumed; RESUME RUN '<run>']",
        "  1 member is held",
        "    \"load\": the run is paused [since 00:00:00; an operator, until the run is resumed; RESUME RUN '<run>']",
    ];
    scene.expect(Subject::Run(RUN), &expected).await?;
    scene.perform(&Operation::ResumeRun { run: RUN }).await?;
    assert!(scene.explain(Subject::Run(RUN)).await?.waiting.reasons.is_empty());
    assert_eq!(scene.claim_of("default", 1, &[]).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn t_120_the_members_of_a_run_by_state() -> Result {
    members_by_state(in_memory().await?).await
}

#[tokio::test]
async fn t_120_a_paused_run() -> Result {
    paused(in_memory().await?).await
}

#[tokio::test]
async fn t_120_a_run_that_is_being_built() -> Result {
    let mut scene = in_memory().await?;
    scene.tasks.create_run(NewRun { id: Some(RUN), name: "nightly".to_owned(), ..NewRun::default() }).await?;
    let expected = "run \"nightly\" is building: its graph is not sealed \
         [since 00:00:00; the caller, until the run is sealed; seal_run(<run>, 0)]";
    scene.expect(Subject::Run(RUN), &[expected]).await?;
    scene.perform(&Operation::SealRun { run: RUN, revision: 0 }).await?;
    assert_eq!(scene.explain(Subject::Run(RUN)).await?.waiting.end.and_then(|end| end.outcome), Some(Outcome::Succeeded));
    Ok(())
}

#[tokio::test]
async fn t_120_ends_of_a_large_run_that_are_not_settled() -> Result {
    let mut scene = in_memory().await?;
    let nodes = (0..70).map(|n| node(&format!("m{n}"))).collect();
    scene.submit(RunGraph { nodes, ..RunGraph::default() }).await?;
    for claimed in scene.claim_of("default", 500, &[]).await? {
        scene.complete(claimed.handle).await?;
    }
    let expected = "run \"nightly\" is running: 70 ends are not settled yet \
         [since 00:00:00; background worker settle, until the end is settled; tick(\"settle\")]";
    scene.expect(Subject::Run(RUN), &[expected, NO_NODE]).await?;
    scene.perform(&Operation::Tick { worker: "settle".to_owned() }).await?;
    assert!(scene.explain(Subject::Run(RUN)).await?.waiting.end.is_some());
    Ok(())
}

#[tokio::test]
async fn t_120_a_cancel_with_a_grace() -> Result {
    let mut scene = in_memory().await?;
    scene.submit(graph(&["load", "after"], &[("load", "after")])).await?;
    scene.claim("load").await?;
    let cancel = CancelRun { policy: CancelPolicy::MarkOnly, grace_ms: 600_000, ..CancelRun::all("no use", "ann") };
    scene.tasks.cancel_run(RUN, cancel).await?;
    let expected = [
        "execution \"after\" is waiting_edges: the run is being cancelled, from 00:10:00: 2 members left \
         [background worker cancel_backlog, until the cancel reaches it; CANCEL RUN '<run>']",
        NO_NODE,
    ];
    scene.expect(member(2), &expected).await?;
    let left = scene.explain(member(1)).await?.to_string();
    assert_eq!(left, "execution \"load\" is active: leased by worker \"w1\" until 00:00:30");
    scene.perform(&Operation::CancelRun { run: RUN }).await?;
    let after = scene.explain(member(2)).await?.to_string();
    assert_eq!(after, "execution \"after\" is cancelled (run_cancelled) at 00:00:00");
    Ok(())
}

#[tokio::test]
async fn t_120_a_cancel_that_is_not_through() -> Result {
    let mut scene = in_memory().await?;
    let nodes = (0..700).map(|n| node(&format!("m{n}"))).collect();
    scene.submit(RunGraph { nodes, ..RunGraph::default() }).await?;
    scene.tasks.cancel_run(RUN, CancelRun::all("no use", "ann")).await?;
    let reasons = scene.explain(Subject::Run(RUN)).await?;
    assert_eq!(reasons.waiting.state, "cancelling");
    assert_eq!(reasons.waiting.reasons[0].owner.to_string(), "background worker cancel_backlog");
    let expected = "execution \"m699\" is ready: the run is being cancelled: 700 members left \
         [background worker cancel_backlog, until the cancel reaches it; tick(\"cancel_backlog\")]";
    let expected_marks = reasons.waiting.reasons.iter().any(|reason| matches!(reason.why, Why::Settling { marks: 500 }));
    assert!(expected_marks, "500 of 700 are ended in the call's own transaction: {reasons}");
    scene.expect(member(700), &[expected, NO_NODE]).await?;
    scene.perform(&Operation::Tick { worker: "cancel_backlog".to_owned() }).await?;
    assert_eq!(scene.explain(member(700)).await?.waiting.state, "cancelled");
    Ok(())
}

#[tokio::test]
async fn t_120_a_cancelled_run_whose_workers_still_work() -> Result {
    let mut scene = in_memory().await?;
    scene.submit(graph(&["load"], &[])).await?;
    let handle = scene.claim("load").await?;
    let cancel = CancelRun { policy: CancelPolicy::CancelPending, ..CancelRun::all("no use", "ann") };
    scene.tasks.cancel_run(RUN, cancel).await?;
    let expected = [
        "run \"nightly\" is cancelling: the run is being cancelled: 1 member left \
         [what it waits for, until the cancel reaches it; CANCEL RUN '<run>']",
        "  1 member is active",
        "    \"load\": leased by worker \"w1\" until 00:00:30 [since 00:00:00; worker \"w1\", until the worker reports \
         or its lease ends; revoke_lease(<load>)]",
    ];
    scene.expect(Subject::Run(RUN), &expected).await?;
    scene.complete(handle).await?;
    assert!(scene.explain(Subject::Run(RUN)).await?.waiting.end.is_some());
    Ok(())
}

#[tokio::test]
async fn t_120_a_run_that_failed() -> Result {
    let mut scene = in_memory().await?;
    scene.submit(graph(&["load"], &[])).await?;
    let handle = scene.claim("load").await?;
    scene.fail(handle, levada_store::alphabets::FailureClass::Permanent).await?;
    scene.wait_s(1);
    let reasons = scene.explain(Subject::Run(RUN)).await?;
    assert_eq!(reasons.to_string(), "run \"nightly\" is failed at 00:00:00");
    let again = reasons.waiting.end.and_then(|end| end.again).expect("a way to begin again");
    assert_eq!(again.statement(), Some(format!("RETRY RUN '{RUN}'")));
    scene.perform(&again).await?;
    scene.follow(ExecutionId(1)).await?;
    Ok(())
}

#[tokio::test]
async fn t_120_a_run_that_was_cancelled() -> Result {
    let mut scene = in_memory().await?;
    scene.submit(graph(&["load"], &[])).await?;
    scene.tasks.cancel_run(RUN, CancelRun::all("no use", "ann")).await?;
    let said = scene.explain(Subject::Run(RUN)).await?.to_string();
    assert_eq!(said, "run \"nightly\" is cancelled (operator) at 00:00:00, cancelled by ann: no use");
    Ok(())
}
