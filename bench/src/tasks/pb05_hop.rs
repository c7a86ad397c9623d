//! PB-5: on an idle engine, from the commit of an upstream's end until its child is in the hands of a worker that waits for it. The worker
//! is on the same engine node, and on another one.

use anyhow::{Context, Result, ensure};
use levada_store::Store;
use levada_tasks::Tasks;
use levada_tasks::spec::{ClaimRequest, GraphEdge, RunGraph};

use super::Bench;
use super::figure::{Figures, Target};
use super::latency::Latencies;
use super::pb03_submit::plain;
use super::stores::{Kind, Place, Stores};
use super::work::{Watch, complete};

const HOPS: usize = 300;

pub async fn run<S: Stores>(bench: &Bench<S>) -> Result<Figures> {
    let mut figures = Figures::default();
    let node = bench.node().await?;
    let p50 = bench.target(Target::at_most(5.0, None), Target::at_most(6.0, None));
    let p99 = bench.target(Target::at_most(25.0, None), Target::at_most(25.0, None));
    figures.latency("hop, same node", &hops(&node.tasks, &node.tasks).await?, p50, p99);
    if S::Place::KIND == Kind::Postgres {
        let other = bench.open(&node.place, "other").await?;
        let latencies = hops(&node.tasks, &other).await?;
        figures.latency("hop, two nodes", &latencies, Some(Target::at_most(15.0, None)), Some(Target::at_most(60.0, None)));
        other.close(super::CLOSE_LIMIT).await?;
    }
    node.close().await?;
    Ok(figures)
}

async fn hops<S: Store>(here: &Tasks<S>, there: &Tasks<S>) -> Result<Latencies> {
    let watch = Watch::new();
    let mut latencies = Latencies::default();
    for _ in 0..HOPS {
        here.submit_run(pair()).await?;
        let first = here.claim(ClaimRequest { token: watch.token(), ..request("first") }).await?;
        ensure!(first.len() == 1, "{} claimed of the first", first.len());
        let (waiter, clock) = (there.clone(), watch.clone());
        let waiting = tokio::spawn(async move {
            let request = ClaimRequest { token: clock.token(), wait_ms: 30_000, ..request("second") };
            let claimed = waiter.claim(request).await;
            (claimed, clock.now())
        });
        // The other side sits and waits by now: it looked in vain.
        idle(there).await?;
        complete(here, first, None).await?;
        let ended = watch.now();
        let (claimed, got) = waiting.await.context("the waiting worker")?;
        let second = claimed?;
        ensure!(second.len() == 1, "{} claimed of the second", second.len());
        latencies.add(got.saturating_sub(ended));
        complete(there, second, None).await?;
    }
    Ok(latencies)
}

/// Lets a claim that was begun look and sit down: a call that goes through the same queue is answered after it.
async fn idle<S: Store>(tasks: &Tasks<S>) -> Result<()> {
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let nothing = tasks.claim(ClaimRequest { token: Watch::new().token(), ..request("nothing") }).await?;
    ensure!(nothing.is_empty(), "an empty lane gave {nothing:?}");
    Ok(())
}

fn request(lane: &str) -> ClaimRequest {
    ClaimRequest::of_lane(lane, lane, 1, levada_store::Token(0))
}

/// Two nodes in lanes of their own, one after the other.
fn pair() -> RunGraph {
    let nodes = ["first", "second"].map(|name| {
        let mut node = plain(name);
        name.clone_into(&mut node.execution.lane);
        node
    });
    let edges = vec![GraphEdge::success("first", "second")];
    RunGraph { name: "pair".to_owned(), nodes: nodes.into(), edges, ..RunGraph::default() }
}
