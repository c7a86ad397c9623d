//! How many statements the calls of workers take: one, whatever their size, in one round trip.

use levada_base::World;
use levada_store::Token;
use levada_store::alphabets::FailureClass;
use levada_store::rows::Facts;
use levada_store_postgres::{PostgresStore, Settings};
use levada_tasks::Tasks;
use levada_tasks::rules::{Claimed, LaneChange};
use levada_tasks::spec::{ClaimRequest, Complete, Fail, Failure, GraphNode, NewExecution, Payload, Renew, RunGraph, Skip};
use levada_testing_postgres::{Database, Proxy, database};

const SIZES: [u32; 3] = [1, 50, 500];

/// A node on a store whose statements are counted.
pub struct Node {
    pub tasks: Tasks<PostgresStore>,
    proxy: Proxy,
}

impl Node {
    pub async fn on(database: &Database) -> Self {
        let proxy = Proxy::start(database.address()).await.unwrap();
        let settings = Settings { drivers: 1, pool: 1, listen: false, ..Settings::new(proxy.url(database)) };
        let (world, _clock) = World::sim(1);
        let store = PostgresStore::open(settings, world.clone()).await.unwrap();
        let tasks = Tasks::open(store, levada_tasks::Settings::without_background(), world).await.unwrap();
        Self { tasks, proxy }
    }

    /// Ready members of one run, which is settled later if they are more than 64.
    async fn submit(&self, members: u32) {
        let node = |n| GraphNode { execution: NewExecution::of_kind("work").named(&format!("m{n}")), group: None };
        let graph = RunGraph { name: "wide".to_owned(), nodes: (0..members).map(node).collect(), ..RunGraph::default() };
        self.tasks.submit_run(graph).await.unwrap();
    }

    pub async fn create(&self, n: u32) {
        let new = |_| self.tasks.create_execution(NewExecution::of_kind("work"));
        futures::future::try_join_all((0..n).map(new)).await.unwrap();
    }

    pub async fn claim(&self, n: u32, token: u128) -> Vec<Claimed> {
        self.tasks.claim(request(n, token)).await.unwrap()
    }

    /// Statements and round trips since the last time.
    pub fn counted(&self) -> (u64, u64) {
        let counts = self.proxy.counts();
        self.proxy.reset();
        (counts.work, counts.round_trips)
    }

    async fn renew(&self, claimed: &[Claimed]) {
        let items = claimed.iter().map(|one| Renew { handle: one.handle, ttl_ms: 9_000 }).collect();
        assert!(self.tasks.renew(items).await.unwrap().iter().all(Result::is_ok));
    }

    async fn complete(&self, claimed: &[Claimed]) {
        let complete = |one: &Claimed| Complete { handle: one.handle, result: Payload::Void, facts: Facts::default() };
        let items = claimed.iter().map(complete).collect();
        assert!(self.tasks.complete(items, None).await.unwrap().0.iter().all(Result::is_ok));
    }
}

pub fn request(n: u32, token: u128) -> ClaimRequest {
    ClaimRequest::of_lane("default", "w", n, Token(token))
}

/// The first of each kind also prepares its statement.
async fn warm(node: &Node) {
    node.create(3).await;
    let claimed = node.claim(3, 1).await;
    node.renew(&claimed).await;
    node.complete(&claimed).await;
}

#[tokio::test]
async fn t_030_claims_renewals_and_ends_are_one_statement_each() {
    let Some(database) = database() else { return };
    let node = Node::on(&database).await;
    warm(&node).await;
    for n in SIZES {
        node.create(n).await;
        node.counted();
        let claimed = node.claim(n, u128::from(n) + 10).await;
        assert_eq!(claimed.len(), n as usize);
        assert_eq!(node.counted(), (1, 1), "claim {n}");
        node.renew(&claimed).await;
        assert_eq!(node.counted(), (1, 1), "renew {n}");
        node.complete(&claimed).await;
        assert_eq!(node.counted(), (1, 1), "complete {n}");
        assert!(node.claim(n, 3).await.is_empty());
        assert_eq!(node.counted(), (1, 1), "empty claim");
    }
}

#[tokio::test]
async fn t_030_ends_that_are_settled_later_are_one_statement() {
    let Some(database) = database() else { return };
    let node = Node::on(&database).await;
    warm(&node).await;
    for n in [65, 500] {
        node.submit(n).await;
        let claimed = node.claim(n, u128::from(n) + 10).await;
        assert_eq!(claimed.len(), n as usize);
        node.counted();
        node.complete(&claimed).await;
        assert_eq!(node.counted(), (1, 1), "deferred end {n}");
        node.tasks.tick("settle").await.unwrap();
    }
}

#[tokio::test]
async fn t_030_other_ends_of_workers_are_one_statement() {
    let Some(database) = database() else { return };
    let node = Node::on(&database).await;
    warm(&node).await;
    node.create(100).await;
    let claimed = node.claim(100, 2).await;
    let (failed, skipped) = claimed.split_at(50);
    node.counted();
    let failure = Failure { class: FailureClass::Permanent, code: String::new(), message: String::new() };
    let items = failed.iter().map(|one| Fail { handle: one.handle, failure: failure.clone() }).collect();
    assert!(node.tasks.fail(items, None).await.unwrap().0.iter().all(Result::is_ok));
    assert_eq!(node.counted(), (1, 1), "failures for good");
    let items = skipped.iter().map(|one| Skip { handle: one.handle, reason: String::new() }).collect();
    assert!(node.tasks.skip(items).await.unwrap().iter().all(Result::is_ok));
    assert_eq!(node.counted(), (1, 1), "skips");
}

#[tokio::test]
async fn t_030_what_does_not_fit_keeps_to_its_budget() {
    let Some(database) = database() else { return };
    let node = Node::on(&database).await;
    warm(&node).await;
    node.submit(5).await;
    let claimed = node.claim(5, 2).await;
    node.complete(&claimed[..1]).await;
    node.counted();
    for member in claimed[1..].chunks(2) {
        node.complete(member).await;
        assert!(node.counted().0 <= 4, "members of a run that is settled where they end");
    }
    node.tasks.change_lane("default", LaneChange::SetMaxActive(Some(60)), "ann").await.unwrap();
    node.create(50).await;
    node.claim(1, 3).await;
    node.counted();
    assert_eq!(node.claim(49, 4).await.len(), 49);
    assert!(node.counted().0 <= 4, "a lane with a limit");
}
