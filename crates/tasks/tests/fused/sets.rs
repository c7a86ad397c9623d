//! T-033 and T-043: what is done to many is done in as many statements as for few.

use levada_base::World;
use levada_store::Store;
use levada_store_postgres::PostgresStore;
use levada_store_sqlite::SqliteStore;
use levada_tasks::rules::Claimed;
use levada_tasks::spec::{
    CancelRun, ClaimRequest, Complete, GraphEdge, GraphNode, GroupPolicy, NewExecution, Payload, RunGraph,
};
use levada_tasks::{Settings, Tasks};
use levada_testing_postgres::database;

/// A node, and how many statements its store has sent.
struct Counted<S: Store> {
    tasks: Tasks<S>,
    count: fn(&S) -> u64,
}

impl<S: Store> Counted<S> {
    async fn on(make: impl AsyncFnOnce(World) -> S, count: fn(&S) -> u64) -> Self {
        let (world, _clock) = World::sim(1);
        let tasks = Tasks::open(make(world.clone()).await, Settings::without_background(), world).await.unwrap();
        Self { tasks, count }
    }

    /// How many statements an act takes.
    async fn statements(&self, act: impl AsyncFnOnce(&Tasks<S>)) -> u64 {
        let before = (self.count)(self.tasks.store());
        act(&self.tasks).await;
        (self.count)(self.tasks.store()) - before
    }

    async fn claim(&self, name: &str) -> Claimed {
        let request = ClaimRequest::of_lane("default", "w", 1, levada_store::Token(u128::from(rand_of(name))));
        let mut claimed = self.tasks.claim(request).await.unwrap();
        claimed.pop().unwrap()
    }
}

/// A token of a name.
fn rand_of(name: &str) -> u64 {
    name.bytes().fold(7, |token: u64, byte| token.wrapping_mul(31).wrapping_add(byte.into()))
}

fn member(name: &str) -> GraphNode {
    GraphNode { execution: NewExecution::of_kind("work").named(name), group: None }
}

fn wide(members: usize) -> RunGraph {
    RunGraph { name: "wide".to_owned(), nodes: (0..members).map(|n| member(&format!("m{n}"))).collect(), ..RunGraph::default() }
}

/// `join` waits for the first of the others.
fn any_of(members: usize) -> RunGraph {
    let mut graph = wide(members);
    graph.nodes.push(GraphNode { group: Some(GroupPolicy::any_of()), ..member("join") });
    graph.edges = (0..members).map(|n| GraphEdge::success(&format!("m{n}"), "join")).collect();
    graph
}

/// Each waits for the one before.
fn chain(members: usize) -> RunGraph {
    let edges = (1..members).map(|n| GraphEdge::success(&format!("m{}", n - 1), &format!("m{n}"))).collect();
    RunGraph { edges, ..wide(members) }
}

async fn losers<S: Store>(node: Counted<S>, most: u64) {
    let mut counts = Vec::new();
    for losers in [100, 300, 1_000] {
        node.tasks.submit_run(any_of(losers + 1)).await.unwrap();
        let winner = node.claim(&format!("{losers}")).await;
        let complete = Complete { handle: winner.handle, result: Payload::Void, facts: levada_store::rows::Facts::default() };
        assert!(node.tasks.complete(vec![complete], None).await.unwrap().0.iter().all(Result::is_ok));
        assert_eq!(node.tasks.tick("settle").await.unwrap().count("fired"), 1);
        let dispatch = async |tasks: &Tasks<S>| {
            let report = tasks.tick("edge_cancel_dispatch").await.unwrap();
            assert_eq!(report.count("cancelled"), u64::try_from(losers).unwrap());
        };
        counts.push(node.statements(dispatch).await);
        // The rest of this run is not there when the next one is looked at.
        let settle = async |tasks: &Tasks<S>| drop(tasks.tick_all().await.unwrap());
        node.statements(settle).await;
        let join = node.claim(&format!("join of {losers}")).await;
        let complete = Complete { handle: join.handle, result: Payload::Void, facts: levada_store::rows::Facts::default() };
        assert!(node.tasks.complete(vec![complete], None).await.unwrap().0.iter().all(Result::is_ok));
        node.statements(settle).await;
    }
    assert!(counts.iter().all(|count| *count == counts[0] && *count <= most), "{counts:?}");
}

async fn members<S: Store>(node: Counted<S>, most: u64) {
    let (mut at_once, mut in_steps) = (Vec::new(), Vec::new());
    for members in [100, 500] {
        let run = node.tasks.submit_run(wide(members)).await.unwrap().into_inner().run;
        let cancel = async |tasks: &Tasks<S>| drop(tasks.cancel_run(run, CancelRun::all("over", "ann")).await.unwrap());
        at_once.push(node.statements(cancel).await);
        node.tasks.tick_all().await.unwrap();
    }
    for members in [1_001, 2_001] {
        let run = node.tasks.submit_run(wide(members)).await.unwrap().into_inner().run;
        node.tasks.cancel_run(run, CancelRun::all("over", "ann")).await.unwrap();
        let step = async |tasks: &Tasks<S>| {
            let report = tasks.tick("cancel_backlog").await.unwrap();
            assert_eq!(report.count("cancelled"), 500);
        };
        in_steps.push(node.statements(step).await);
        while node.tasks.tick("cancel_backlog").await.unwrap().count("cancelled") > 0 {}
        node.tasks.tick("settle").await.unwrap();
    }
    assert!(at_once.iter().all(|count| *count == at_once[0] && *count <= most), "{at_once:?}");
    assert!(in_steps.iter().all(|count| *count == in_steps[0]), "{in_steps:?}");
}

async fn submit<S: Store>(node: Counted<S>, most: u64) {
    let mut counts = Vec::new();
    for size in [10, 100, 3_000] {
        counts.push(node.statements(async |tasks: &Tasks<S>| _ = tasks.submit_run(chain(size)).await.unwrap()).await);
    }
    assert!(counts.iter().all(|count| *count == counts[0] && *count <= most), "{counts:?}");
    let before = node.tasks.store().dump().await.unwrap();
    let mut cycle = chain(3_000);
    cycle.edges.push(GraphEdge::success("m2999", "m0"));
    let mut twice = wide(3_000);
    twice.nodes.push(member("m7"));
    for (graph, code) in [(cycle, "LV-T206"), (twice, "LV-T214")] {
        let refused = node.tasks.submit_run(graph).await.map(drop);
        assert_eq!(refused.err().map(|error| error.code().name()), Some(code));
    }
    assert_eq!(node.tasks.store().dump().await.unwrap(), before, "a failure leaves nothing");
}

macro_rules! on_both {
    ($($test:ident: $scenario:ident, $most:literal,)*) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $test() {
                let count = |store: &super::SqliteStore| store.statistics().statements;
                let make = async |world| super::SqliteStore::in_memory(world).unwrap();
                super::$scenario(super::Counted::on(make, count).await, u64::MAX).await;
            })*
        }

        mod on_postgres {
            $(#[tokio::test]
            async fn $test() {
                let Some(database) = super::database() else { return };
                let settings = levada_store_postgres::Settings { listen: false, ..levada_store_postgres::Settings::new(database.url()) };
                let count = |store: &super::PostgresStore| store.statistics().statements;
                let make = async |world| super::PostgresStore::open(settings, world).await.unwrap();
                super::$scenario(super::Counted::on(make, count).await, $most).await;
            })*
        }
    };
}

on_both! {
    // The list of what is pending, and a chunk.
    t_033_siblings_are_cancelled_as_a_set: losers, 7,
    t_033_members_are_cancelled_as_a_set: members, 9,
    t_043_submit_is_set_based: submit, 12,
}
