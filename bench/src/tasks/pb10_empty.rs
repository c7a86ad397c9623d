//! PB-10: nothing to do: what a thousand idle workers cost, and what a claim costs that finds nothing.

use std::time::Duration;

use anyhow::{Result, ensure};
use levada_store::Token;
use levada_tasks::spec::ClaimRequest;
use tokio::task::JoinSet;

use super::Bench;
use super::figure::{Figures, Target};
use super::stores::{Counts, Kind, Place, Stores};
use super::work::{Watch, call};
use crate::measure::{Measuring, bytes_written};

const WORKERS: usize = 1_000;
/// How long they wait: twice as long as a claim may, so that all come back.
const IDLE: Duration = Duration::from_secs(60);
/// How long the engine is watched alone before: what it does by itself is no claim's. The grace that follows a start is over then, too.
const ALONE: Duration = Duration::from_secs(35);
const CLAIMS: usize = 2_000;

pub async fn run<S: Stores>(bench: &Bench<S>) -> Result<Figures> {
    let mut figures = Figures::default();
    let node = bench.node().await?;
    // The background work has looked at everything once.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = node.counts();
    tokio::time::sleep(ALONE).await;
    let alone = rate(before, node.counts(), ALONE);
    let mut idle = JoinSet::new();
    for worker in 0..WORKERS {
        let (tasks, watch) = (node.tasks.clone(), Watch::new());
        idle.spawn(async move {
            loop {
                let request = ClaimRequest::of_lane("default", &format!("worker-{worker}"), 1, watch.token());
                let claimed = tasks.claim(ClaimRequest { wait_ms: 30_000, ..request }).await?;
                anyhow::ensure!(claimed.is_empty(), "an empty lane gave {claimed:?}");
            }
            #[expect(unreachable_code, reason = "names the type of the answer")]
            anyhow::Ok(())
        });
    }
    // All of them sit before the measuring begins.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (before, written, measuring) = (node.counts(), bytes_written()?, Measuring::start()?);
    tokio::time::sleep(IDLE).await;
    let (cost, after) = (measuring.stop()?, node.counts());
    ensure!(idle.len() == WORKERS && idle.try_join_next().is_none(), "an idle worker ended");
    idle.abort_all();
    if let (Some(together), Some(alone)) = (rate(before, after, cost.wall), alone) {
        let target = bench.target(Target::at_most(2.0, None), Target::at_most(2.0, None));
        figures.add("statements for the sake of 1000 workers that wait", "1/s", together - alone, target);
        figures.add("statements of the engine alone", "1/s", alone, None);
    }
    let share = cost.cpu.as_secs_f64() / cost.wall.as_secs_f64() * 100.0;
    figures.add("CPU of this process", "% of a core", share, bench.embedded(Target::at_most(2.0, None)));
    if S::Place::KIND == Kind::Sqlite {
        let bytes = (bytes_written()? - written) as f64;
        figures.add("bytes written to the disk", "", bytes, Some(Target::at_most(0.0, None)));
    }
    let before = node.counts();
    let (tasks, watch) = (node.tasks.clone(), Watch::new());
    let empty = call(1, CLAIMS, move |_| {
        let (tasks, token) = (tasks.clone(), watch.token());
        async move {
            let request = ClaimRequest { token, ..ClaimRequest::of_lane("empty", "worker", 1, Token(0)) };
            ensure!(tasks.claim(request).await?.is_empty(), "an empty lane gave work");
            Ok(())
        }
    })
    .await?;
    let p50 = bench.target(Target::at_most(1.0, None), Target::at_most(0.2, None));
    figures.latency("empty claim", &empty.latencies, p50, None);
    node.cost(&mut figures, before, CLAIMS);
    node.close().await?;
    Ok(figures)
}

/// Statements in a second; none where they are not counted.
fn rate(before: Counts, after: Counts, span: Duration) -> Option<f64> {
    Some((after.statements? - before.statements?) as f64 / span.as_secs_f64())
}
