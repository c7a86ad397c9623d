//! The same on SQLite: what is created is claimable, marks are settled, losers are dispatched, a joint commit is all or nothing.

use levada_base::World;
use levada_store::Store;
use levada_store::alphabets::{Outcome, PublicState};
use levada_store_sqlite::SqliteStore;
use levada_tasks::Settings;
use levada_tasks::rules::HoldExecution;
use levada_tasks::spec::NewExecution;

use crate::node::{Node, Result, any_of, chain, code, wide};

async fn open() -> Result<Node<SqliteStore>> {
    let (world, clock) = World::sim(7);
    Node::on(SqliteStore::in_memory(world.clone())?, world, clock, Settings::without_background()).await
}

#[tokio::test]
async fn t_001_t_028_sqlite_runs_chains_without_background_work() -> Result {
    let node = open().await?;
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

#[tokio::test]
async fn t_065_sqlite_settles_large_runs_and_dispatches_losers() -> Result {
    let node = open().await?;
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

#[tokio::test]
async fn t_077_sqlite_joint_commits_are_bound_to_what_they_read() -> Result {
    let node = open().await?;
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
