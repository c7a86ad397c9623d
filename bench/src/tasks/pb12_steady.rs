//! PB-12: a steady load at 70 % of what the store can do, with retention on: whether it slows down or grows.

use std::time::Duration;

use anyhow::{Result, ensure};
use levada_store::Store;
use levada_tasks::Tasks;
use levada_tasks::spec::{ExecutionPolicy, NewExecution};

use super::Bench;
use super::figure::{Figures, Target};
use super::stores::{Place, Stores};
use super::work::{Crew, drain, submit};
use crate::measure::resident;

/// Executions by which the speed is found.
const PROBE: usize = 4_000;
const SHARE: f64 = 0.7;
const CALLERS: usize = 16;
const WORKERS: usize = 16;
const INPUT_BYTES: usize = 4096;
/// Ended executions are kept for so long.
const KEPT_MS: i64 = 10_000;
/// The time is cut into so many parts; the first is for warming up.
const PARTS: u32 = 6;

pub async fn run<S: Stores>(bench: &Bench<S>) -> Result<Figures> {
    let mut figures = Figures::default();
    let node = bench.node().await?;
    // Both halves of the load run at once, so the speed is that of both together.
    let probe = load(&node.tasks, PROBE, None).await?;
    let rate = SHARE * PROBE as f64 / probe.as_secs_f64();
    let part = Duration::from_secs_f64(bench.minutes * 60.0 / f64::from(PARTS));
    let count = (rate * part.as_secs_f64()) as usize;
    ensure!(count >= WORKERS, "{rate:.0} executions a second are too few to load anything");
    let (mut speeds, mut memory, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..PARTS {
        let took = load(&node.tasks, count, Some(part)).await?;
        speeds.push(count as f64 / took.as_secs_f64());
        memory.push(resident()? as f64);
        sizes.push(node.place.bytes()?.unwrap_or(0) as f64);
    }
    let drift = |values: &[f64]| (1.0 - values[values.len() - 1] / values[1]) * 100.0;
    figures.add("load, create and claim and complete", "1/s", rate, None);
    let five = Target::at_most(5.0, None);
    figures.add("slower in the last part than in the second", "%", drift(&speeds), bench.target(five, five));
    figures.add("memory in the last part over the second", "%", -drift(&memory), None);
    figures.add("store in the last part over the second", "%", -drift(&sizes), None);
    node.size(&mut figures)?;
    node.close().await?;
    Ok(figures)
}

/// Creates and drains; spread over a span if one is given. Answers how long it took.
async fn load<S: Store>(tasks: &Tasks<S>, count: usize, span: Option<Duration>) -> Result<Duration> {
    let policy = ExecutionPolicy { retention_ms: KEPT_MS, ..ExecutionPolicy::default() };
    let make =
        move |_| NewExecution { policy: policy.clone(), ..NewExecution::of_kind("bench").with_input(vec![1; INPUT_BYTES]) };
    let paced = async {
        let Some(span) = span else { return submit(tasks, CALLERS, count, make).await.map(drop) };
        // A hundred portions, each at its time.
        let mut every = tokio::time::interval(span / 100);
        for portion in 0..100 {
            every.tick().await;
            let size = count * (portion + 1) / 100 - count * portion / 100;
            submit(tasks, CALLERS, size, make.clone()).await?;
        }
        Ok(())
    };
    let crew = Crew::new(WORKERS, 1).waiting();
    let (submitted, drained) = tokio::join!(paced, drain(tasks, &crew, count));
    submitted?;
    Ok(drained?.wall)
}
