//! PB-14: ten thousand leases of 30 s, kept alive as workers do: at a third of their time, 500 by a call.

use std::time::Duration;

use anyhow::{Result, ensure};
use levada_store::{Cursor, Filter};
use levada_tasks::spec::{ClaimRequest, NewExecution, Renew};

use super::Bench;
use super::figure::{Figures, Target};
use super::latency::Latencies;
use super::stores::Stores;
use super::work::{Watch, submit};
use crate::measure::Measuring;

const LEASES: usize = 10_000;
const TTL_MS: i64 = 30_000;
const BATCH: usize = 500;
const CALLERS: usize = 64;
/// A third of the time of a lease: every lease is renewed once.
const ROUND: Duration = Duration::from_secs(10);

pub async fn run<S: Stores>(bench: &Bench<S>) -> Result<Figures> {
    let mut figures = Figures::default();
    let node = bench.node().await?;
    submit(&node.tasks, CALLERS, LEASES, |_| NewExecution::of_kind("bench")).await?;
    let watch = Watch::new();
    let mut handles = Vec::new();
    while handles.len() < LEASES {
        let request = ClaimRequest { ttl_ms: TTL_MS, ..ClaimRequest::of_lane("default", "worker", 500, watch.token()) };
        let claimed = node.tasks.claim(request).await?;
        ensure!(!claimed.is_empty(), "only {} leases", handles.len());
        handles.extend(claimed.into_iter().map(|claimed| claimed.handle));
    }
    let last = end_of_log(&node.tasks).await?;
    let (before, measuring) = (node.counts(), Measuring::start()?);
    let mut latencies = Latencies::default();
    let mut every = tokio::time::interval(ROUND / u32::try_from(LEASES / BATCH)?);
    for some in handles.chunks(BATCH) {
        every.tick().await;
        let began = watch.now();
        let items = some.iter().map(|handle| Renew { handle: *handle, ttl_ms: TTL_MS }).collect();
        for result in node.tasks.renew(items).await? {
            result?;
        }
        latencies.add(watch.now() - began);
    }
    every.tick().await;
    let cost = measuring.stop()?;
    let share = cost.cpu.as_secs_f64() / cost.wall.as_secs_f64() * 100.0;
    let tenth = Target::at_most(10.0, None);
    figures.add("CPU of this process while 10000 leases are kept", "% of a core", share, bench.embedded(tenth));
    figures.latency("renewal of 500", &latencies, None, None);
    node.cost(&mut figures, before, LEASES / BATCH);
    let events = node.tasks.events(last, &Filter::default(), 10).await?.events.len();
    let none = Target::at_most(0.0, None);
    figures.add("events written", "", events as f64, bench.target(none, none));
    node.close().await?;
    Ok(figures)
}

/// Behind the last event that is there.
async fn end_of_log<S: levada_store::Store>(tasks: &levada_tasks::Tasks<S>) -> Result<Cursor> {
    let mut cursor = Cursor::default();
    loop {
        let page = tasks.events(cursor, &Filter::default(), 1_000).await?;
        if page.events.is_empty() {
            return Ok(page.next);
        }
        cursor = page.next;
    }
}
