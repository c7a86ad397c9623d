//! What a ready execution waits for: room in its lane, a worker that can do it, a claim; and what an active one waits for.

use levada_store::{ExecutionId, Store};
use levada_tasks::rules::LaneChange;
use levada_tasks::spec::NewExecution;

use crate::scene::{Result, START_MS, Scene, in_memory, member, work};

pub async fn leased<S: Store>(mut scene: Scene<S>) -> Result {
    let id = scene.create(work("")).await?;
    scene.wait_s(4);
    scene.claim("work").await?;
    let expected = "execution \"work\" is active: leased by worker \"w1\" until 00:00:34 \
         [since 00:00:04; worker \"w1\", until the worker reports or its lease ends; revoke_lease(<work>)]";
    scene.expect(member(1), &[expected]).await?;
    let operation = scene.explain(member(1)).await?.waiting.reasons[0].unblock.clone().expect("a way out");
    scene.perform(&operation).await?;
    assert_eq!(scene.explain(member(1)).await?.waiting.state, "ready");
    scene.follow(id).await?;
    Ok(())
}

pub async fn lane_full<S: Store>(mut scene: Scene<S>) -> Result {
    scene.lane("mail", LaneChange::Create { max_active: Some(1) }).await?;
    scene.tasks.create_execution(work("other").in_lane("mail")).await?;
    assert_eq!(scene.claim_of("mail", 1, &[]).await?.len(), 1);
    let id = scene.create(work("").in_lane("mail")).await?;
    let expected = "execution \"work\" is ready: lane \"mail\" is full: 1 of 1 active \
         [since 00:00:00; any worker, until an execution of the lane ends; change_lane(\"mail\", set_max_active above 1)]";
    scene.expect(member(1), &[expected]).await?;
    scene.follow(id).await?;
    Ok(())
}

pub async fn no_capable_worker<S: Store>(mut scene: Scene<S>) -> Result {
    let capabilities = ["gpu".to_owned(), "linux".to_owned()];
    let id = scene.create(NewExecution { capabilities: capabilities.into(), ..work("") }).await?;
    scene.register("i1", "default", &["linux".to_owned()], 4).await?;
    scene.register("i2", "mail", &["gpu".to_owned(), "linux".to_owned()], 4).await?;
    let expected = "execution \"work\" is ready: no live worker of lane \"default\" offers gpu \
         [since 00:00:00; an operator, until a worker that can do it registers; \
         register_worker(lane \"default\" with gpu, linux)]";
    scene.expect(member(1), &[expected]).await?;
    let done = scene.follow(id).await?;
    assert_eq!(done, ["register_worker(lane \"default\" with gpu, linux)", "claim(lane \"default\" with gpu, linux)"]);
    Ok(())
}

#[tokio::test]
async fn t_120_leased() -> Result {
    leased(in_memory().await?).await
}

#[tokio::test]
async fn t_120_the_lane_is_full() -> Result {
    lane_full(in_memory().await?).await
}

#[tokio::test]
async fn t_120_no_worker_can_do_it() -> Result {
    no_capable_worker(in_memory().await?).await
}

#[tokio::test]
async fn t_120_no_worker_is_known() -> Result {
    let mut scene = in_memory().await?;
    let id = scene.create(work("")).await?;
    let expected = "execution \"work\" is ready: no live worker of lane \"default\" is registered \
         [since 00:00:00; an operator, until a worker that can do it registers; register_worker(lane \"default\")]";
    scene.expect(member(1), &[expected]).await?;
    scene.follow(id).await?;
    Ok(())
}

#[tokio::test]
async fn t_120_workers_are_busy() -> Result {
    let mut scene = in_memory().await?;
    scene.register("w1", "default", &[], 2).await?;
    for name in ["a", "b"] {
        scene.tasks.create_execution(work(name)).await?;
        scene.claim(name).await?;
    }
    let id = scene.create(work("")).await?;
    let expected = "execution \"work\" is ready: waits for a claim: 1 worker of lane \"default\" with 2 of 2 places taken \
         [since 00:00:00; any worker, until a worker claims it; claim(lane \"default\")]";
    scene.expect(member(1), &[expected]).await?;
    scene.follow(id).await?;
    Ok(())
}

#[tokio::test]
async fn t_120_a_worker_that_is_not_heard_of_any_more() -> Result {
    let mut scene = in_memory().await?;
    scene.register("w1", "default", &[], 2).await?;
    scene.create(work("")).await?;
    assert!(scene.explain(member(1)).await?.to_string().contains("waits for a claim: 1 worker"));
    scene.wait_s(601);
    assert!(scene.explain(member(1)).await?.to_string().ends_with("no live worker of lane \"default\" is registered"));
    scene.register("w2", "default", &[], 2).await?;
    scene.tasks.drain_worker("w2", "ann").await?;
    assert!(scene.explain(member(1)).await?.to_string().ends_with("no live worker of lane \"default\" is registered"));
    Ok(())
}

#[tokio::test]
async fn t_120_a_lease_that_is_over() -> Result {
    let mut scene = in_memory().await?;
    let id = scene.create(work("")).await?;
    scene.claim("work").await?;
    scene.wait_s(31);
    let expected = "execution \"work\" is active: leased by worker \"w1\" until 00:00:30 \
         [since 00:00:00; background worker lease_expiry, until the worker reports or its lease ends; revoke_lease(<work>)]";
    scene.expect(member(1), &[expected, "no engine node is alive: background work waits until one is started"]).await?;
    scene.tasks.tick("lease_expiry").await?;
    assert_eq!(scene.explain(member(1)).await?.waiting.state, "ready");
    scene.follow(id).await?;
    Ok(())
}

#[tokio::test]
async fn t_120_a_lease_that_waits_after_an_outage_of_all_nodes() -> Result {
    let mut scene = in_memory().await?;
    scene.create(work("")).await?;
    scene.claim("work").await?;
    scene.wait_s(31);
    // F-11: the first node back after more than 5 s without any; the lease of 30 s waits another 30 s.
    scene.tasks.tick("node_heartbeat").await?;
    let reasons = scene.explain(member(1)).await?;
    assert_eq!(reasons.to_string(), "execution \"work\" is active: leased by worker \"w1\" until 00:01:01");
    assert_eq!(reasons.waiting.reasons[0].expected_ms, Some(START_MS + 61_000));
    assert_eq!(reasons.waiting.reasons[0].owner.to_string(), "worker \"w1\"");
    Ok(())
}

#[tokio::test]
async fn t_120_an_attempt_that_ran_too_long() -> Result {
    let mut scene = in_memory().await?;
    let mut new = work("");
    new.policy.attempt_timeout_ms = Some(10_000);
    new.policy.deadline_ms = Some(3_600_000);
    scene.create(new).await?;
    scene.claim("work").await?;
    let reasons = scene.explain(member(1)).await?;
    assert_eq!(reasons.waiting.reasons[0].expected_ms, Some(START_MS + 10_000), "the timeout comes before the lease's end");
    assert_eq!(reasons.to_string().lines().nth(1), Some("  it expires at 01:00:00"));
    scene.wait_s(11);
    assert_eq!(scene.explain(member(1)).await?.waiting.reasons[0].owner.to_string(), "background worker attempt_timeout");
    scene.tasks.tick("attempt_timeout").await?;
    assert_eq!(scene.explain(member(1)).await?.waiting.state, "delayed");
    scene.follow(ExecutionId(1)).await?;
    Ok(())
}
