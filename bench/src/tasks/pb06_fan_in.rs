//! PB-6: 10 000 executions that one waits for: how much the edges cost, and how soon after the last end the join can be had.

use anyhow::{Context, Result, ensure};
use levada_store::alphabets::PublicState;
use levada_tasks::spec::{ClaimRequest, GraphEdge, RunGraph};

use super::Bench;
use super::figure::{Figures, Target};
use super::pb02_batched::{BATCH, WORKERS, submit_and_drain};
use super::pb03_submit::plain;
use super::stores::Stores;
use super::work::{Crew, Watch, complete, drain};

const UPSTREAMS: usize = 10_000;

pub async fn run<S: Stores>(bench: &Bench<S>) -> Result<Figures> {
    let mut figures = Figures::default();
    let node = bench.node().await?;
    let alone = submit_and_drain(&node, UPSTREAMS, &mut Figures::default()).await?;
    node.close().await?;

    let node = bench.node().await?;
    let watch = Watch::new();
    let before = node.counts();
    node.tasks.submit_run(fan_in()).await?;
    let (waiter, clock) = (node.tasks.clone(), watch.clone());
    let waiting = tokio::spawn(async move {
        let request = ClaimRequest::of_lane("join", "join", 1, clock.token());
        loop {
            let claimed = waiter.claim(ClaimRequest { wait_ms: 30_000, ..request.clone() }).await?;
            if !claimed.is_empty() {
                return anyhow::Ok((claimed, clock.now()));
            }
        }
    });
    let drained = drain(&node.tasks, &Crew::new(WORKERS, BATCH), UPSTREAMS).await?;
    let ended = watch.now();
    let (join, got) = waiting.await.context("the worker of the join")??;
    ensure!(join.len() == 1, "{} joins", join.len());
    complete(&node.tasks, join, None).await?;
    node.expect(PublicState::Succeeded, UPSTREAMS + 1).await?;
    figures.add("drain of 10000 upstreams, 50 at a time", "1/s", drained.per_second(), None);
    figures.add("the same without edges (PB-2)", "1/s", alone.per_second(), None);
    let share = Target::at_least(0.6, None);
    figures.add("with edges to without", "", drained.per_second() / alone.per_second(), bench.target(share, share));
    let lag = bench.target(Target::at_most(250.0, None), Target::at_most(200.0, None));
    figures.add("last end to join claimed", "ms", got.saturating_sub(ended).as_secs_f64() * 1e3, lag);
    node.cost(&mut figures, before, UPSTREAMS);
    node.close().await?;
    Ok(figures)
}

fn fan_in() -> RunGraph {
    let name = |number: usize| format!("n{number}");
    let mut join = plain("join");
    "join".clone_into(&mut join.execution.lane);
    let mut nodes: Vec<_> = (0..UPSTREAMS).map(|number| plain(&name(number))).collect();
    nodes.push(join);
    let edges = (0..UPSTREAMS).map(|number| GraphEdge::success(&name(number), "join")).collect();
    RunGraph { name: "fan-in".to_owned(), nodes, edges, ..RunGraph::default() }
}
