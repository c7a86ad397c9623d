//! PB-3: one graph of 10 000 nodes by one call; and runs of one node by many callers.

use anyhow::{Result, ensure};
use levada_store::alphabets::{PublicState, RunPhase};
use levada_tasks::rules::Created;
use levada_tasks::spec::{GraphEdge, GraphNode, NewExecution, RunGraph};

use super::Bench;
use super::figure::{Figures, Target};
use super::stores::Stores;
use super::work::{Watch, call};

const NODES: usize = 10_000;
/// Nodes of a layer; each waits for two of the layer before it.
const LAYER: usize = 100;
const RUNS: usize = 4_000;
const CALLERS: usize = 16;

pub async fn run<S: Stores>(bench: &Bench<S>) -> Result<Figures> {
    let mut figures = Figures::default();
    let node = bench.node().await?;
    let watch = Watch::new();
    let graph = layers();
    let edges = graph.edges.len();
    let before = node.counts();
    let began = watch.now();
    let created = node.tasks.submit_run(graph).await?;
    let took = (watch.now() - began).as_secs_f64();
    ensure!(matches!(&created, Created::Created(run) if run.phase == RunPhase::Running), "the graph gave {created:?}");
    node.expect(PublicState::Ready, LAYER).await?;
    node.expect(PublicState::WaitingEdges, NODES - LAYER).await?;
    let time = bench.target(Target::at_most(1.5, 0.6), Target::at_most(1.0, 0.4));
    figures.add(format!("one graph of {NODES} nodes and {edges} edges"), "s", took, time);
    node.cost(&mut figures, before, 1);
    node.size(&mut figures)?;
    node.close().await?;

    let node = bench.node().await?;
    let before = node.counts();
    let tasks = node.tasks.clone();
    let submitted = call(CALLERS, RUNS, move |_| {
        let tasks = tasks.clone();
        async move {
            let created = tasks.submit_run(single()).await?;
            ensure!(matches!(created, Created::Created(_)), "a run was there already");
            Ok(())
        }
    })
    .await?;
    node.expect(PublicState::Ready, RUNS).await?;
    let rate = bench.target(Target::at_least(1_500.0, 3_000.0), Target::at_least(2_500.0, 5_000.0));
    figures.add("runs of one node, 16 callers", "1/s", submitted.per_second(), rate);
    figures.latency("submit of one node", &submitted.latencies, None, None);
    node.cost(&mut figures, before, RUNS);
    node.close().await?;
    Ok(figures)
}

/// Layers of nodes, each with edges from two nodes of the layer before.
fn layers() -> RunGraph {
    let name = |number: usize| format!("n{number}");
    let nodes = (0..NODES).map(|number| plain(&name(number))).collect();
    let edges = (LAYER..NODES).flat_map(|number| {
        let above = number - LAYER;
        let beside = above - above % LAYER + (above + 1) % LAYER;
        [above, beside].map(|from| GraphEdge::success(&name(from), &name(number)))
    });
    RunGraph { name: "layers".to_owned(), nodes, edges: edges.collect(), ..RunGraph::default() }
}

fn single() -> RunGraph {
    RunGraph { name: "single".to_owned(), nodes: vec![plain("only")], ..RunGraph::default() }
}

/// A node that waits for all its upstreams.
pub fn plain(name: &str) -> GraphNode {
    GraphNode { execution: NewExecution::of_kind("bench").named(name), group: None }
}
