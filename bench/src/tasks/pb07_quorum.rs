//! PB-7: any of many, all of them active: from the reply to the winner's completion until the last loser ended.

use anyhow::{Result, ensure};
use levada_store::alphabets::{EventKind, PublicState};
use levada_store::{Filter, RunId, Store};
use levada_tasks::Tasks;
use levada_tasks::spec::{ClaimRequest, GraphEdge, GraphNode, GroupPolicy, RunGraph};

use super::Bench;
use super::figure::{Figures, Target};
use super::latency::Latencies;
use super::pb03_submit::plain;
use super::stores::Stores;
use super::work::{Watch, complete};

/// Losers; how often; the most milliseconds at the 99th percentile, on PostgreSQL and SQLite.
const CASES: [(usize, usize, f64, f64); 3] = [(10, 100, 30.0, 25.0), (100, 30, 100.0, 60.0), (1_000, 10, 400.0, 300.0)];

/// Executions of one claim.
const CLAIM: u32 = 500;

pub async fn run<S: Stores>(bench: &Bench<S>) -> Result<Figures> {
    let mut figures = Figures::default();
    for (losers, times, postgres, sqlite) in CASES {
        let node = bench.node().await?;
        let before = node.counts();
        let mut latencies = Latencies::default();
        for _ in 0..times {
            latencies.add(race(&node.tasks, losers).await?);
        }
        node.expect(PublicState::Cancelled, losers * times).await?;
        let p99 = bench.target(Target::at_most(postgres, None), Target::at_most(sqlite, None));
        figures.latency(&format!("{losers} losers end"), &latencies, None, p99);
        node.cost(&mut figures, before, times);
        node.close().await?;
    }
    Ok(figures)
}

/// One run: the time from the winner's reply to the event of the last loser.
async fn race<S: Store>(tasks: &Tasks<S>, losers: usize) -> Result<std::time::Duration> {
    let watch = Watch::new();
    let run = RunId(watch.token().0);
    tasks.submit_run(RunGraph { id: Some(run), ..any_of(losers + 1) }).await?;
    let mut claimed = Vec::new();
    while claimed.len() < losers + 1 {
        let request = ClaimRequest::of_lane("default", "worker", CLAIM, watch.token());
        let more = tasks.claim(request).await?;
        ensure!(!more.is_empty(), "only {} of {} could be claimed", claimed.len(), losers + 1);
        claimed.extend(more);
    }
    let filter = Filter { run: Some(run), kinds: vec![EventKind::Ended], ..Filter::default() };
    let mut feed = tasks.subscribe(filter, None);
    let winner = claimed.split_off(losers);
    complete(tasks, winner, None).await?;
    let replied = watch.now();
    let mut ended = 0;
    while ended < losers + 1 {
        ended += feed.next().await?.events.len();
    }
    ensure!(ended == losers + 1, "{ended} ends of {}", losers + 1);
    let took = watch.now().saturating_sub(replied);
    let last = tasks.claim(ClaimRequest::of_lane("join", "worker", 1, watch.token())).await?;
    ensure!(last.len() == 1, "the race has {} winners", last.len());
    complete(tasks, last, None).await?;
    Ok(took)
}

fn any_of(upstreams: usize) -> RunGraph {
    let name = |number: usize| format!("n{number}");
    let mut join = GraphNode { group: Some(GroupPolicy::any_of()), ..plain("join") };
    "join".clone_into(&mut join.execution.lane);
    let mut nodes: Vec<_> = (0..upstreams).map(|number| plain(&name(number))).collect();
    nodes.push(join);
    let edges = (0..upstreams).map(|number| GraphEdge::success(&name(number), "join")).collect();
    RunGraph { name: "race".to_owned(), nodes, edges, ..RunGraph::default() }
}
