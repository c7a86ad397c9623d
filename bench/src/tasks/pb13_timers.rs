//! PB-13: many executions due in one second; and how late a single one is.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use levada_store::alphabets::PublicState;
use levada_store::{DueKind, Store, Token};
use levada_tasks::Tasks;
use levada_tasks::spec::{ClaimRequest, NewExecution};

use super::Bench;
use super::figure::{Figures, Target};
use super::latency::Latencies;
use super::stores::Stores;
use super::work::{Watch, complete, submit};

const TIMERS: usize = 100_000;
const CALLERS: usize = 64;
const SINGLES: usize = 50;
/// How far ahead a single timer is.
const AHEAD_MS: i64 = 100;
/// The longest that all may take.
const PATIENCE: Duration = Duration::from_secs(120);

pub async fn run<S: Stores>(bench: &Bench<S>) -> Result<Figures> {
    let mut figures = Figures::default();
    let node = bench.node().await?;
    let count = bench.scaled(TIMERS);
    // Far enough ahead for all of them to be stored before.
    let due_ms = node.tasks.now().await? + 5_000 + i64::try_from(count)? / 2;
    let spread = move |number: usize| due_ms + i64::try_from(number * 1_000 / count.max(1)).unwrap_or(0);
    submit(&node.tasks, CALLERS, count, move |number| delayed("default", spread(number))).await?;
    let ready = all_ready(&node.tasks, due_ms).await?;
    node.expect(PublicState::Ready, count).await?;
    let time = bench.target(Target::at_most(4.0, None), Target::at_most(2.0, None));
    figures.add(format!("all of {count} due in a second are ready"), "s", ready.as_secs_f64(), time);
    let latencies = singles(&node.tasks).await?;
    let p99 = Target::at_most(50.0, None);
    figures.latency("a single timer is late", &latencies, None, bench.target(p99, p99));
    node.close().await?;
    Ok(figures)
}

fn delayed(lane: &str, due_ms: i64) -> NewExecution {
    NewExecution { due_ms: Some(due_ms), ..NewExecution::of_kind("bench").in_lane(lane) }
}

/// From the first due time until nothing is held by time any longer.
async fn all_ready<S: Store>(tasks: &Tasks<S>, due_ms: i64) -> Result<Duration> {
    let watch = Watch::new();
    let now_ms = tasks.now().await?;
    ensure!(now_ms < due_ms, "the timers were due before all of them were stored");
    let due = watch.now() + Duration::from_millis((due_ms - now_ms).unsigned_abs());
    while tasks.store().next_due(DueKind::Promote).await?.is_some() {
        ensure!(watch.now() < due + PATIENCE, "timers did not become ready");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(watch.now().saturating_sub(due))
}

/// From a due time until a waiting worker has the execution, by the store's clock at the start.
async fn singles<S: Store>(tasks: &Tasks<S>) -> Result<Latencies> {
    let watch = Arc::new(Watch::new());
    let mut latencies = Latencies::default();
    for _ in 0..SINGLES {
        let (now_ms, began) = (tasks.now().await?, watch.now());
        tasks.create_execution(delayed("single", now_ms + AHEAD_MS)).await?;
        let request = ClaimRequest { token: watch.token(), ..ClaimRequest::of_lane("single", "worker", 1, Token(0)) };
        let claimed = tasks.claim(ClaimRequest { wait_ms: 10_000, ..request }).await?;
        let took = watch.now() - began;
        ensure!(claimed.len() == 1, "a timer never came");
        latencies.add(took.saturating_sub(Duration::from_millis(AHEAD_MS.unsigned_abs())));
        complete(tasks, claimed, None).await?;
    }
    Ok(latencies)
}
