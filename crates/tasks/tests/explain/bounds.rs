//! An explanation has a size that does not grow with the graph, says what it leaves out, and costs a constant number of statements.

use levada_base::World;
use levada_store::limits::{REASONS_DEPTH_MAX, REASONS_LISTED_MAX};
use levada_store::{ExecutionId, MemoryStore, Subject};
use levada_store_postgres::PostgresStore;
use levada_tasks::rules::explain::{Waiting, Why};
use levada_tasks::spec::{GraphEdge, RunGraph};
use levada_testing_postgres::{Proxy, database};

use crate::scene::{RUN, Result, Scene, in_memory, member, node};

fn named(n: usize) -> String {
    format!("m{n}")
}

/// Each member waits for the one before.
fn chain(members: usize) -> RunGraph {
    let edges = (1..members).map(|n| GraphEdge::success(&named(n - 1), &named(n))).collect();
    RunGraph { nodes: (0..members).map(|n| node(&named(n))).collect(), edges, ..RunGraph::default() }
}

/// The last member waits for all others.
fn fan_in(members: usize) -> RunGraph {
    let last = named(members - 1);
    let edges = (0..members - 1).map(|n| GraphEdge::success(&named(n), &last)).collect();
    RunGraph { edges, ..chain(members) }
}

/// How many edges below each other are listed.
fn depth(waiting: &Waiting) -> usize {
    let below = waiting.reasons.iter().filter_map(|reason| match &reason.why {
        Why::EdgeOpen { upstream, .. } => Some(1 + depth(upstream)),
        _ => None,
    });
    below.max().unwrap_or(0)
}

#[tokio::test]
async fn t_120_a_deep_graph_is_followed_so_far_and_says_so() -> Result {
    let mut scene = in_memory().await?;
    scene.submit(chain(REASONS_DEPTH_MAX + 3)).await?;
    let reasons = scene.explain(member(REASONS_DEPTH_MAX as u128 + 3)).await?;
    assert_eq!(depth(&reasons.waiting), REASONS_DEPTH_MAX);
    let said = reasons.to_string();
    assert!(said.ends_with("its 1 open edge: not followed"), "{said}");
    let whole = scene.explain(member(REASONS_DEPTH_MAX as u128 + 1)).await?.to_string();
    assert!(whole.ends_with("no live worker of lane \"default\" is registered"), "{whole}");
    Ok(())
}

#[tokio::test]
async fn t_120_many_edges_are_counted() -> Result {
    let mut scene = in_memory().await?;
    scene.submit(fan_in(21)).await?;
    let reasons = scene.explain(member(21)).await?;
    assert_eq!((reasons.waiting.reasons.len(), reasons.waiting.more), (REASONS_LISTED_MAX as usize, 12));
    let said = reasons.to_string();
    assert_eq!(said.lines().next(), Some("execution \"m20\" waits for 20 of 20 edges"));
    assert_eq!(said.lines().last(), Some("  and 12 more edges"));
    Ok(())
}

#[tokio::test]
async fn t_120_the_members_of_a_large_run_are_counted() -> Result {
    let (world, clock) = World::sim(7);
    let mut scene = Scene::on(MemoryStore::new(world.clone()), world, clock).await?;
    scene.submit(chain(5_000)).await?;
    let reasons = scene.explain(Subject::Run(RUN)).await?;
    let counts: Vec<_> =
        reasons.members.iter().map(|members| (members.state.word(), members.count, members.listed.len())).collect();
    assert_eq!(counts, [("ready", 1, 1), ("waiting_edges", 4_999, 8)]);
    let said = reasons.to_string();
    assert_eq!(said.lines().last(), Some("    and 4991 more"));
    assert!(said.lines().count() < 40, "{said}");
    Ok(())
}

#[tokio::test]
async fn t_030_an_explanation_is_one_statement_whatever_the_graph() -> Result {
    let Some(database) = database() else { return Ok(()) };
    let proxy = Proxy::start(database.address()).await.expect("a proxy");
    let (world, clock) = World::sim(7);
    let settings = quiet(proxy.url(&database));
    let mut scene = Scene::on(PostgresStore::open(settings, world.clone()).await?, world, clock).await?;
    scene.submit(fan_in(2_000)).await?;
    for subject in [Subject::Run(RUN), member(2_000), member(1), Subject::Execution(ExecutionId(1_999))] {
        scene.tasks.explain(subject).await?;
        proxy.reset();
        scene.tasks.explain(subject).await?;
        assert_eq!(proxy.counts().work, 1, "{subject:?}");
    }
    Ok(())
}

/// One connection for everything, so that no other one has to prepare the statement again, and nothing but calls.
fn quiet(url: String) -> levada_store_postgres::Settings {
    levada_store_postgres::Settings { drivers: 1, pool: 1, listen: false, ..levada_store_postgres::Settings::new(url) }
}
