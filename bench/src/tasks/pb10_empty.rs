//! PB-10: nothing to do: what a thousand idle workers cost, and what a claim costs that finds nothing.

use std::time::Duration;

use anyhow::{Result, ensure};
use levada_store::Token;
use levada_tasks::spec::ClaimRequest;
use tokio::task::JoinSet;

use super::Bench;
use super::figure::{Figures, Target};
use super::stores::{Kind, Place, Stores};
use super::work::{Watch, call};
use crate::measure::{Measuring, bytes_written};

const WORKERS: usize = 1_000;
const IDLE: Duration = Duration::from_secs(20);
const CLAIMS: usize = 2_000;

pub async fn run<S: Stores>(bench: &Bench<S>) -> Result<Figures> {
    let mut figures = Figures::default();
    let node = bench.node().await?;
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
    if let (Some(after), Some(before)) = (after.statements, before.statements) {
        let rate = (after - before) as f64 / cost.wall.as_secs_f64();
        let target = bench.target(Target::at_most(2.0, None), Target::at_most(2.0, None));
        figures.add("statements of transactions while 1000 workers wait", "1/s", rate, target);
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
