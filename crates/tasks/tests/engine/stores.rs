//! The same on the stores that survive a crash: what is created is claimable, marks are settled, losers are dispatched, a joint commit
//! is all or nothing, and a node moves everything by wake-ups alone.

use levada_base::World;
use levada_store::Store;
use levada_store::alphabets::{Outcome, PublicState};
use levada_store_postgres::PostgresStore;
use levada_store_sqlite::SqliteStore;
use levada_tasks::Settings;
use levada_tasks::rules::HoldExecution;
use levada_tasks::spec::NewExecution;
use levada_testing_postgres::database;

use crate::awaited::ends_resolve_conditions;
use crate::background::{background, everything_moves};
use crate::events::{limited_to, old_cursors_are_refused, sweeps_and_lists_honour_namespaces};
use crate::node::{Node, Result, any_of, chain, code, wide};
use crate::words::zero_is_in_no_row;

async fn node<S: Store>(make: impl AsyncFnOnce(World) -> Result<S>) -> Result<Node<S>> {
    let (world, clock) = World::sim(7);
    Node::on(make(world.clone()).await?, world, clock, Settings::without_background()).await
}

async fn sqlite(world: World) -> Result<SqliteStore> {
    SqliteStore::in_memory(world)
}

async fn postgres(url: String, world: World) -> Result<PostgresStore> {
    PostgresStore::open(levada_store_postgres::Settings::new(url), world).await
}

async fn chains_need_no_background_work<S: Store>(node: Node<S>) -> Result {
    node.tasks.create_execution(NewExecution::of_kind("work")).await?;
    assert_eq!(node.claim(10).await?.len(), 1);
    let run = node.submit(chain(3)).await?;
    for name in ["m0", "m1", "m2"] {
        let handle = node.claim_named(name).await?;
        node.complete(handle).await?;
    }
    assert_eq!(node.outcome(run).await?, Some(Outcome::Succeeded));
    Ok(())
}

async fn losers_of_large_runs_are_dispatched<S: Store>(node: Node<S>) -> Result {
    let raced = node.submit(any_of(100)).await?;
    let winner = node.claim_named("m0").await?;
    node.complete(winner).await?;
    assert_eq!(node.tasks.tick("settle").await?.count("fired"), 1);
    let report = node.tasks.tick("edge_cancel_dispatch").await?;
    assert_eq!((report.count("dispatched"), report.count("cancelled")), (1, 99));
    node.drain().await?;
    let join = node.claim_named("join").await?;
    node.complete(join).await?;
    node.drain().await?;
    assert_eq!(node.outcome(raced).await?, Some(Outcome::Succeeded));
    Ok(())
}

async fn joint_commits_are_bound_to_what_they_read<S: Store>(node: Node<S>) -> Result {
    let run = node.submit(wide(2)).await?;
    let (first, second) = (node.member(run, "m0").await?, node.member(run, "m1").await?);
    let hold = |execution| HoldExecution { execution, actor: "ann".to_owned() };
    let plans = vec![node.tasks.plan(hold(first)).await?, node.tasks.plan(hold(second)).await?];
    node.tasks.change_priority(second, 5, "bob").await?;
    assert_eq!(code(node.tasks.commit(plans, Vec::new()).await), "LV-T218");
    let plans = vec![node.tasks.plan(hold(first)).await?, node.tasks.plan(hold(second)).await?];
    node.tasks.commit(plans, Vec::new()).await?;
    assert_eq!([node.state(first).await?, node.state(second).await?], [PublicState::Held; 2]);
    assert!(node.tasks.store().dump().await?.executions.values().all(|row| row.operator_hold));
    Ok(())
}

macro_rules! on_both {
    ($($test:ident: $scenario:ident,)*) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $test() -> super::Result {
                super::$scenario(super::node(super::sqlite).await?).await
            })*
        }

        mod on_postgres {
            $(#[tokio::test]
            async fn $test() -> super::Result {
                let Some(database) = super::database() else { return Ok(()) };
                let url = database.url();
                super::$scenario(super::node(async |world| super::postgres(url, world).await).await?).await
            })*
        }
    };
}

on_both! {
    t_001_t_028_chains_need_no_background_work: chains_need_no_background_work,
    t_028_ends_resolve_conditions_of_other_runs: ends_resolve_conditions,
    t_022_a_cursor_older_than_the_events_is_refused: old_cursors_are_refused,
    g_08_zero_is_in_no_row: zero_is_in_no_row,
    t_065_losers_of_large_runs_are_dispatched: losers_of_large_runs_are_dispatched,
    t_077_joint_commits_are_bound_to_what_they_read: joint_commits_are_bound_to_what_they_read,
}

#[tokio::test]
async fn t_021_sweeps_and_lists_of_limited_nodes_on_sqlite() -> Result {
    let (world, clock) = World::sim(7);
    let store = SqliteStore::in_memory(world.clone())?;
    let node = async |settings| Node::on(store.clone(), world.clone(), clock.clone(), settings).await;
    let (red, blue) = (node(limited_to("red")).await?, node(limited_to("blue")).await?);
    sweeps_and_lists_honour_namespaces(node(Settings::without_background()).await?, red, blue).await
}

#[tokio::test]
async fn t_021_sweeps_and_lists_of_limited_nodes_on_postgres() -> Result {
    let Some(database) = database() else { return Ok(()) };
    let (world, clock) = World::sim(7);
    let node = async |settings| {
        let store = postgres(database.url(), world.clone()).await?;
        Node::on(store, world.clone(), clock.clone(), settings).await
    };
    let (red, blue) = (node(limited_to("red")).await?, node(limited_to("blue")).await?);
    sweeps_and_lists_honour_namespaces(node(Settings::without_background()).await?, red, blue).await
}

#[tokio::test]
async fn t_037_sqlite_needs_no_tick() -> Result {
    let world = World::real();
    everything_moves(SqliteStore::in_memory(world.clone())?, world, background(false, true)).await
}

#[tokio::test]
async fn t_037_postgres_needs_no_tick() -> Result {
    let Some(database) = database() else { return Ok(()) };
    let world = World::real();
    let store = postgres(database.url(), world.clone()).await?;
    everything_moves(store, world, background(false, true)).await
}
