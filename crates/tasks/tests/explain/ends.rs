//! What is over says how it ended, and how it is begun again.

use levada_store::alphabets::FailureClass;
use levada_store::{ExecutionId, Store};

use crate::scene::{Result, Scene, graph, in_memory, member, work};

pub async fn failed<S: Store>(mut scene: Scene<S>) -> Result {
    let id = scene.create(work("")).await?;
    let handle = scene.claim("work").await?;
    scene.fail(handle, FailureClass::Permanent).await?;
    let expected =
        "execution \"work\" is failed (permanent_failure) at 00:00:00, last failure permanent \"no_disk\": the disk is full";
    scene.expect(member(1), &[expected]).await?;
    let end = scene.explain(member(1)).await?.waiting.end.expect("an end");
    scene.perform(&end.again.expect("a way to begin again")).await?;
    scene.follow(id).await?;
    Ok(())
}

#[tokio::test]
async fn t_120_failed() -> Result {
    failed(in_memory().await?).await
}

#[tokio::test]
async fn t_120_skipped_because_of_another() -> Result {
    let mut scene = in_memory().await?;
    scene.submit(graph(&["load", "after"], &[("load", "after")])).await?;
    let handle = scene.claim("load").await?;
    scene.fail(handle, FailureClass::Permanent).await?;
    scene.expect(member(2), &["execution \"after\" is skipped (edges_impossible) at 00:00:00, because of <load>"]).await?;
    let end = scene.explain(member(2)).await?.waiting.end.expect("an end");
    assert_eq!((end.decided_by, end.again), (Some(ExecutionId(1)), None), "Z-4: it would be skipped again");
    Ok(())
}

#[tokio::test]
async fn t_120_succeeded() -> Result {
    let mut scene = in_memory().await?;
    scene.create(work("")).await?;
    let handle = scene.claim("work").await?;
    scene.complete(handle).await?;
    scene.expect(member(1), &["execution \"work\" is succeeded (worker) at 00:00:00"]).await
}

#[tokio::test]
async fn t_120_cancelled_on_another_day() -> Result {
    let mut scene = in_memory().await?;
    let id = scene.create(work("")).await?;
    scene.tasks.cancel_execution(id, "ann").await?;
    scene.wait_s(86_400);
    scene.expect(member(1), &["execution \"work\" is cancelled (operator) at 2026-01-01 00:00:00"]).await
}
