//! One history in which everything happens that can happen in this release: what metrics, events and reads are checked by.

use levada_store::alphabets::{FailureClass, MissedPolicy, Outcome};
use levada_store::rows::Facts;
use levada_store::{RunId, ScheduleId, Store};
use levada_tasks::rules::{LaneChange, RegisterWorker};
use levada_tasks::spec::{
    CancelRun, Delay, ExecutionPolicy, Fragment, NewExecution, NewSchedule, Recurrence, Renew, ReplayOptions, Resolution,
    RestartOptions,
};

use crate::awaited::waiting_for;
use crate::node::{Node, Result, any_of, chain, node as member, wide};

/// An hour: schedules fire that often.
const HOUR_MS: u64 = 3_600_000;

/// Everything, on a node whose runs are settled by marks.
pub async fn everything<S: Store>(node: &Node<S>) -> Result {
    siblings(node).await?;
    leases(node).await?;
    operators(node).await?;
    runs(node).await?;
    backlog(node).await?;
    schedules(node).await?;
    places(node).await
}

/// Lets time pass with a node that is alive all the while, so that nobody takes it for an outage.
async fn pass_seconds<S: Store>(node: &Node<S>, seconds: u64) -> Result {
    for _ in 0..seconds {
        node.advance_ms(1_000);
        node.tasks.tick("node_heartbeat").await?;
    }
    Ok(())
}

async fn create<S: Store>(node: &Node<S>, policy: ExecutionPolicy) -> Result<levada_store::ExecutionId> {
    let new = NewExecution { policy, ..NewExecution::of_kind("work") };
    Ok(node.tasks.create_execution(new).await?.into_inner().0)
}

/// A group that fires and cancels its losers, one of which another group spares, and one that is withdrawn.
async fn siblings<S: Store>(node: &Node<S>) -> Result {
    let mut graph = any_of(3);
    // It needs m1 still when "join" has fired.
    graph.nodes.push(member("other"));
    graph.edges.push(levada_tasks::spec::GraphEdge::success("m1", "other"));
    let run = node.submit(graph).await?;
    let winner = node.claim_named("m0").await?;
    node.tasks.tick("gauges").await?;
    node.complete(winner).await?;
    node.tasks.tick("gauges").await?;
    node.tasks.tick("settle").await?;
    node.advance_ms(6_000);
    node.tasks.tick("gauges").await?;
    node.tasks.tick("edge_cancel_reconcile").await?;
    node.drain().await?;
    node.tasks.cancel_execution(node.member(run, "other").await?, "ann").await?;
    node.drain().await?;
    end_all(node).await
}

/// Leases that are lost in every way, attempts that are parked, fail and run too long.
async fn leases<S: Store>(node: &Node<S>) -> Result {
    pass_seconds(node, 60).await?;
    let timed = ExecutionPolicy { attempt_timeout_ms: Some(5_000), ..ExecutionPolicy::default() };
    create(node, timed).await?;
    let late = ExecutionPolicy { deadline_ms: Some(5_000), ..ExecutionPolicy::default() };
    create(node, late).await?;
    assert_eq!(node.claim(2).await?.len(), 2);
    pass_seconds(node, 5).await?;
    node.drain().await?;
    let handle = claim_new(node).await?;
    node.tasks.revoke_lease(handle.execution, "ann").await?;
    let stale = node.tasks.renew(vec![Renew { handle, ttl_ms: 1_000 }]).await?;
    assert!(stale.iter().all(std::result::Result::is_err), "a revoked lease is not renewed");
    let handle = node.claim(1).await?[0].handle;
    let until_ms = node.tasks.now().await? + 2_000;
    node.tasks.delay(vec![Delay { handle, until_ms }]).await?;
    pass_seconds(node, 2).await?;
    node.drain().await?;
    let handle = node.claim(1).await?[0].handle;
    node.fail(handle, FailureClass::Transient).await?;
    pass_seconds(node, 2).await?;
    node.drain().await?;
    end_all(node).await?;
    claim_new(node).await?;
    pass_seconds(node, 31).await?;
    node.drain().await?;
    end_all(node).await
}

async fn claim_new<S: Store>(node: &Node<S>) -> Result<levada_tasks::spec::Handle> {
    end_all(node).await?;
    create(node, ExecutionPolicy::default()).await?;
    Ok(node.claim(1).await?[0].handle)
}

/// Completes whatever can be claimed, until nothing can.
async fn end_all<S: Store>(node: &Node<S>) -> Result {
    loop {
        let claimed = node.claim(100).await?;
        if claimed.is_empty() {
            return Ok(());
        }
        for one in claimed {
            node.complete(one.handle).await?;
        }
        node.drain().await?;
    }
}

async fn operators<S: Store>(node: &Node<S>) -> Result {
    let id = create(node, ExecutionPolicy::default()).await?;
    node.tasks.hold(id, "ann").await?;
    node.tasks.release(id, "ann").await?;
    node.tasks.change_priority(id, 7, "ann").await?;
    node.tasks.override_outcome(id, Outcome::Failed, None, "ann").await?;
    node.tasks.replay(id, ReplayOptions::default(), "ann").await?;
    end_all(node).await
}

async fn runs<S: Store>(node: &Node<S>) -> Result {
    let run = node.submit(waiting_for("watermark")).await?;
    node.tasks.pause_run(run, "ann").await?;
    node.tasks.resume_run(run, "ann").await?;
    let fragment = Fragment { key: "more".to_owned(), nodes: vec![member("extra")], edges: Vec::new() };
    let revision = node.tasks.describe_run(run).await?.run.revision;
    node.tasks.extend_run(run, revision, fragment, None).await?;
    node.tasks.resolve_condition(run, "watermark", Resolution::Satisfied(Facts::default())).await?;
    end_all(node).await?;
    let from = node.member(run, "extra").await?;
    node.tasks.restart_run_from(run, from, RestartOptions { cascade: false, force: false, generation: None }, "ann").await?;
    end_all(node).await
}

/// A run that is too large to be cancelled in one transaction.
async fn backlog<S: Store>(node: &Node<S>) -> Result {
    let run: RunId = node.submit(wide(501)).await?;
    node.tasks.cancel_run(run, CancelRun::all("too late", "ann")).await?;
    node.tasks.tick("gauges").await?;
    node.drain().await
}

/// A schedule that fires, one that missed its times, and one whose run is refused.
async fn schedules<S: Store>(node: &Node<S>) -> Result {
    let schedule: ScheduleId = node.tasks.create_schedule(hourly("open", "default")).await?.into_inner().0;
    node.tasks.create_schedule(hourly("refused", "closed")).await?;
    node.tasks.change_lane("closed", LaneChange::Disable, "ann").await?;
    node.advance_ms(HOUR_MS);
    node.drain().await?;
    node.advance_ms(3 * HOUR_MS);
    node.drain().await?;
    node.tasks.pause_schedule(schedule, "ann").await?;
    end_all(node).await
}

fn hourly(name: &str, lane: &str) -> NewSchedule {
    let mut graph = chain(1);
    lane.clone_into(&mut graph.nodes[0].execution.lane);
    NewSchedule {
        id: None,
        namespace: "default".to_owned(),
        name: name.to_owned(),
        when: Recurrence::Every { ms: i64::try_from(HOUR_MS).unwrap_or(i64::MAX), anchor_ms: 0 },
        start_ms: None,
        end_ms: None,
        jitter_ms: 0,
        missed: MissedPolicy::One,
        paused: false,
        graph,
    }
}

/// A worker that is registered and not heard of any more.
async fn places<S: Store>(node: &Node<S>) -> Result {
    let worker = RegisterWorker {
        worker: "w".to_owned(),
        instance: "i".to_owned(),
        lanes: ["default".to_owned()].into(),
        capabilities: Default::default(),
        max_concurrent: 1,
        ttl_ms: 4_000,
    };
    node.tasks.register_worker(worker).await?;
    node.tasks.tick("gauges").await?;
    pass_seconds(node, 5).await?;
    node.drain().await
}
