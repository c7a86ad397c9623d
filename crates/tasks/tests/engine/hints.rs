//! T-111 on PostgreSQL: what one node makes ready reaches a claim that waits on another, whatever becomes of the hint.

use levada_base::World;
use levada_store::Token;
use levada_store_postgres::PostgresStore;
use levada_tasks::spec::{ClaimRequest, NewExecution};
use levada_tasks::{Settings, Tasks};
use levada_testing_postgres::{Plan, Proxy, database};

use crate::node::Result;

async fn node(url: String, listen: bool) -> Result<Tasks<PostgresStore>> {
    let world = World::real();
    let settings = levada_store_postgres::Settings { listen, ..levada_store_postgres::Settings::new(url) };
    Tasks::open(PostgresStore::open(settings, world.clone()).await?, Settings::without_background(), world).await
}

/// A claim sits down at one node, and has looked in vain, before work is made at the other.
async fn reaches(from: &Tasks<PostgresStore>, to: &Tasks<PostgresStore>) -> Result {
    let (waiter, calls) = (to.clone(), to.store().statistics().calls);
    let request = ClaimRequest { wait_ms: 30_000, ..ClaimRequest::of_lane("default", "w", 1, Token(1)) };
    let claim = tokio::spawn(async move { waiter.claim(request).await });
    while to.store().statistics().calls == calls {
        tokio::task::yield_now().await;
    }
    from.create_execution(NewExecution::of_kind("work")).await?;
    let claimed = claim.await.unwrap_or_else(|error| panic!("{error}"))?;
    assert_eq!(claimed.len(), 1);
    Ok(())
}

#[tokio::test]
async fn t_111_a_node_behind_a_pooler_without_listen_finds_work() -> Result {
    let Some(database) = database() else { return Ok(()) };
    reaches(&node(database.url(), true).await?, &node(database.url(), false).await?).await
}

#[tokio::test]
async fn t_111_a_node_whose_listening_connection_is_half_open_finds_work() -> Result {
    let Some(database) = database() else { return Ok(()) };
    let proxy = Proxy::start(database.address()).await.unwrap_or_else(|error| panic!("{error}"));
    let (from, to) = (node(database.url(), true).await?, node(proxy.url(&database), true).await?);
    while !proxy.trace().iter().any(|statement| statement.text.starts_with("LISTEN")) {
        tokio::task::yield_now().await;
    }
    proxy.set(Plan::Deaf);
    reaches(&from, &to).await?;
    proxy.struck().await;
    Ok(())
}
