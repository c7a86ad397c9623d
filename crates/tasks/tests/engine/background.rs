//! Background work: every due kind fires, by wake-ups alone and by ticks alone, and looking at nothing costs next to nothing.

use std::time::Duration;

use levada_base::World;
use levada_store::alphabets::{EventKind, FailureClass, Outcome, PublicState};
use levada_store::{Filter, MemoryStore, RunId, Store, Token};
use levada_tasks::rules::RegisterWorker;
use levada_tasks::spec::{
    ClaimRequest, Complete, Delay, ExecutionPolicy, GraphEdge, NewCondition, NewExecution, NewRun, NewSchedule, Payload,
    Recurrence, RunGraph, RunOptions,
};
use levada_tasks::{BackgroundSettings, Settings, Tasks, WorkerSettings};
use tokio::time::timeout;

use crate::node::{Node, Result, any_of, chain, wide};
use crate::store::Probed;

const GUARD: Duration = Duration::from_secs(60);

fn with_policy(policy: ExecutionPolicy) -> NewExecution {
    NewExecution { policy, ..NewExecution::of_kind("work") }
}

#[tokio::test]
async fn t_013_leases_timeouts_deadlines_and_delays_fire() -> Result {
    let node = Node::open().await?;
    node.tasks.tick("node_heartbeat").await?;
    node.advance_ms(60_000);
    // A node was away that long: it says so, and the grace of leases is over before anything is claimed.
    node.tasks.tick("node_heartbeat").await?;
    node.advance_ms(4_000);
    let timed = ExecutionPolicy { attempt_timeout_ms: Some(5_000), ..ExecutionPolicy::default() };
    let timed = node.tasks.create_execution(with_policy(timed)).await?.into_inner().0;
    let late = ExecutionPolicy { deadline_ms: Some(6_000), ..ExecutionPolicy::default() };
    let late = node.tasks.create_execution(with_policy(late)).await?.into_inner().0;
    let delayed = node.tasks.create_execution(NewExecution::of_kind("work")).await?.into_inner().0;
    let leased = node.tasks.create_execution(NewExecution::of_kind("work")).await?.into_inner().0;
    let claimed = node.claim(4).await?;
    let until_ms = node.tasks.now().await? + 10_000;
    let handle = claimed[2].handle;
    node.tasks.delay(vec![Delay { handle, until_ms }]).await?;
    assert!(node.tasks.tick("attempt_timeout").await?.is_idle());
    node.advance_ms(5_000);
    assert_eq!(node.tasks.tick("attempt_timeout").await?.count("retried"), 1);
    assert_eq!(node.state(timed).await?, PublicState::Delayed);
    node.advance_ms(1_000);
    assert_eq!(node.tasks.tick("deadline").await?.count("expired"), 1);
    assert_eq!(node.state(late).await?, PublicState::Expired);
    node.advance_ms(4_000);
    let promoted = node.tasks.tick("due_promote").await?;
    assert_eq!(promoted.count("promoted"), 2, "the delayed one, and the retry");
    assert_eq!(node.state(delayed).await?, PublicState::Ready);
    node.advance_ms(50_000);
    assert_eq!(node.tasks.tick("lease_expiry").await?.count("reclaimed"), 1);
    assert_eq!(node.state(leased).await?, PublicState::Ready);
    Ok(())
}

#[tokio::test]
async fn t_013_runs_conditions_and_sweeps_fire() -> Result {
    let node = Node::open().await?;
    let options = RunOptions { deadline_ms: Some(2_000), retention_ms: 1_000, ..RunOptions::default() };
    let short = node.submit(RunGraph { options, ..wide(2) }).await?;
    let building = node.tasks.create_run(NewRun::default()).await?.into_inner().run;
    let staged = node.tasks.create_execution(NewExecution { staged: true, ..NewExecution::of_kind("work") }).await?;
    let expires_ms = Some(node.tasks.now().await? + 3_000);
    let on_condition = GraphEdge {
        is_condition: true,
        condition: NewCondition { expires_ms, ..NewCondition::default() },
        ..GraphEdge::success("watermark", "m0")
    };
    let waits = node.submit(RunGraph { edges: vec![on_condition], ..wide(1) }).await?;
    let worker = RegisterWorker {
        worker: "w".to_owned(),
        instance: "i".to_owned(),
        lanes: ["default".to_owned()].into(),
        capabilities: Default::default(),
        max_concurrent: 1,
        ttl_ms: 4_000,
    };
    node.tasks.register_worker(worker).await?;
    node.advance_ms(2_000);
    assert_eq!(node.tasks.tick("deadline").await?.count("expired"), 1);
    node.drain().await?;
    assert_eq!(node.outcome(short).await?, Some(Outcome::Expired));
    node.advance_ms(1_000);
    assert_eq!(node.tasks.tick("waitpoint_expiry").await?.count("missed"), 1);
    assert_eq!(node.outcome(waits).await?, Some(Outcome::Succeeded), "a branch that is not taken fails nothing");
    node.advance_ms(1_000);
    assert_eq!(node.tasks.tick("retention").await?.count("deleted"), 1);
    assert!(node.tasks.describe_run(short).await.is_err());
    assert_eq!(node.tasks.tick("sweep").await?.count("workers_lost"), 1);
    node.advance_ms(3_600_000);
    let swept = node.tasks.tick("sweep").await?;
    assert_eq!(swept.count("never_sealed"), 2, "the run and the execution");
    assert_eq!(node.outcome(building).await?, Some(Outcome::Cancelled));
    assert_eq!(node.state(staged.into_inner().0).await?, PublicState::Cancelled);
    Ok(())
}

#[tokio::test]
async fn t_013_a_schedule_fires_once_per_nominal_time() -> Result {
    let node = Node::open().await?;
    let new = NewSchedule {
        id: None,
        namespace: "default".to_owned(),
        name: "hourly".to_owned(),
        when: Recurrence::Every { ms: 3_600_000, anchor_ms: 0 },
        start_ms: None,
        end_ms: None,
        jitter_ms: 0,
        missed: levada_store::alphabets::MissedPolicy::One,
        paused: false,
        graph: wide(1),
    };
    let schedule = node.tasks.create_schedule(new).await?.into_inner().0;
    let next = node.tasks.next_fires(schedule, 3).await?;
    let now_ms = node.tasks.now().await?;
    let hour = |n| (now_ms / 3_600_000 + n) * 3_600_000;
    assert_eq!(next, [hour(1), hour(2), hour(3)]);
    assert_eq!(crate::node::code(node.tasks.next_fires(schedule, 0).await), "LV-T001");
    assert!(node.tasks.tick("schedule").await?.is_idle());
    for _ in 0..3 {
        node.advance_ms(3_600_000);
        assert_eq!(node.tasks.tick("schedule").await?.count("fired"), 1);
        assert!(node.tasks.tick("schedule").await?.is_idle());
    }
    assert_eq!(node.tasks.list_runs(Default::default(), None, 10).await?.items.len(), 3);
    Ok(())
}

#[tokio::test]
async fn t_038_a_step_with_nothing_due_asks_once_per_kind() -> Result {
    let (world, clock) = World::sim(7);
    let store = Probed::new(MemoryStore::new(world.clone()));
    let node = Node::on(store.clone(), world, clock, Settings::without_background()).await?;
    for _ in 0..100 {
        node.tasks.create_execution(NewExecution::of_kind("work")).await?;
    }
    for (worker, reads) in [
        ("settle", 1),
        ("edge_cancel_dispatch", 1),
        ("edge_cancel_reconcile", 1),
        ("cancel_backlog", 2),
        ("awaited_ends", 1),
        ("lease_expiry", 1),
        ("attempt_timeout", 1),
        ("deadline", 2),
        ("due_promote", 1),
        ("waitpoint_expiry", 1),
        ("schedule", 1),
        ("retention", 2),
        ("sweep", 4),
    ] {
        let before = store.asked();
        assert!(node.tasks.tick(worker).await?.is_idle());
        let after = store.asked();
        let asked = [after[0] - before[0], after[1] - before[1], after[2] - before[2]];
        assert_eq!(asked, [reads, 0, 0], "{worker}");
    }
    Ok(())
}

/// Works off whatever comes, for ever.
async fn work<S: Store>(tasks: &Tasks<S>) -> Result {
    let mut token = 0;
    loop {
        token += 1;
        let request = ClaimRequest { wait_ms: 30_000, ..ClaimRequest::of_lane("default", "w", 1, Token(token)) };
        for claimed in tasks.claim(request).await? {
            let item = Complete { handle: claimed.handle, result: Payload::Void, facts: Default::default() };
            tasks.complete(vec![item], None).await?;
        }
    }
}

pub fn background(ticks: bool, wakes: bool) -> Settings {
    // Quick ticks, because this is real time; how quick they are by themselves is checked elsewhere.
    let quick = WorkerSettings { tick_ms: Some(20), ..WorkerSettings::default() };
    let names = ["settle", "edge_cancel_dispatch", "due_promote", "lease_expiry", "cancel_backlog"];
    let workers = names.map(|name| (name.to_owned(), quick.clone())).into();
    Settings { background: BackgroundSettings { enabled: true, ticks, wakes, workers }, ..Settings::default() }
}

/// A chain and a fan-in of large runs, losers that are cancelled, a delay that ends: on a node with these settings.
pub async fn everything_moves<S: Store>(store: S, world: World, settings: Settings) -> Result {
    let tasks = Tasks::open(store, settings, world).await?;
    let chained = tasks.submit_run(chain(3)).await?.into_inner().run;
    let ended = timeout(GUARD, work_through(&tasks, chained, 3)).await;
    assert!(ended.is_ok_and(|ended| ended.is_ok()), "the chain came to its end");
    let raced = tasks.submit_run(any_of(3)).await?.into_inner().run;
    let ended = timeout(GUARD, work_through(&tasks, raced, 4)).await;
    assert!(ended.is_ok_and(|ended| ended.is_ok()), "the losers were cancelled");
    let due_ms = Some(tasks.now().await? + 50);
    tasks.create_execution(NewExecution { due_ms, ..NewExecution::of_kind("work") }).await?;
    let request = ClaimRequest { wait_ms: 30_000, ..ClaimRequest::of_lane("default", "late", 1, Token(u128::MAX)) };
    assert_eq!(tasks.claim(request).await?.len(), 1, "the delay ended");
    tasks.close(Duration::from_secs(10)).await
}

/// Completes whatever of a run comes until all of its members have ended.
async fn work_through<S: Store>(tasks: &Tasks<S>, run: RunId, members: usize) -> Result {
    let kinds = vec![EventKind::Ended, EventKind::RunEnded];
    let mut feed = tasks.subscribe(Filter { run: Some(run), kinds, ..Filter::default() }, None);
    let worker = {
        let tasks = tasks.clone();
        tokio::spawn(async move { work(&tasks).await })
    };
    let mut seen = 0;
    while seen < members + 1 {
        seen += feed.next().await?.events.len();
    }
    worker.abort();
    Ok(())
}

#[tokio::test]
async fn t_037_hops_need_no_tick() -> Result {
    let world = World::real();
    let store = Probed::new(MemoryStore::with_inline_run_max(world.clone(), 0));
    everything_moves(store, world, background(false, true)).await
}

#[tokio::test]
async fn t_037_hops_need_no_wake_up() -> Result {
    let world = World::real();
    let store = Probed::new(MemoryStore::with_inline_run_max(world.clone(), 0)).deaf();
    everything_moves(store, world, background(true, false)).await
}

#[tokio::test]
async fn t_012_a_retry_is_promoted_when_it_is_due() -> Result {
    let node = Node::open().await?;
    node.tasks.create_execution(NewExecution::of_kind("work")).await?;
    let handle = node.claim(1).await?[0].handle;
    node.fail(handle, FailureClass::Transient).await?;
    node.advance_ms(799);
    node.drain().await?;
    assert_eq!(node.claim(1).await?, [], "1 s less its jitter at least");
    node.advance_ms(402);
    node.drain().await?;
    assert_eq!(node.claim(1).await?.len(), 1);
    assert_eq!(node.tasks.attempts(handle.execution).await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn t_042_events_are_dropped_when_they_are_old() -> Result {
    let node = Node::open().await?;
    node.tasks.create_execution(NewExecution::of_kind("work")).await?;
    node.advance_ms(7 * 86_400_000);
    node.tasks.create_execution(NewExecution::of_kind("work")).await?;
    node.tasks.tick("event_retention").await?;
    assert_eq!(node.events(EventKind::ExecutionCreated).await?.len(), 2, "a week is not over");
    // Events go span by span, eleven of which make the week.
    node.advance_ms(7 * 86_400_000 / 11 + 1);
    node.tasks.tick("event_retention").await?;
    assert_eq!(node.events(EventKind::ExecutionCreated).await?.len(), 1);
    Ok(())
}
