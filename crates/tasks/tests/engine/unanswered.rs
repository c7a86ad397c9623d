//! Verbs of operators whose reply is lost on PostgreSQL: they have the effect of one call, and its answer.

use levada_tasks::spec::{ReplayOptions, RestartOptions};
use levada_testing_postgres::{Plan, Proxy, When, database};

use crate::node::{Result, chain};
use crate::stores::{node, postgres};

#[tokio::test]
async fn t_104_a_lost_reply_begins_nothing_twice_and_takes_one_lease() -> Result {
    let Some(database) = database() else { return Ok(()) };
    let proxy = Proxy::start(database.address()).await.unwrap_or_else(|error| panic!("{error}"));
    let node = node(async |world| postgres(proxy.url(&database), world).await).await?;
    let run = node.submit(chain(2)).await?;
    for name in ["m0", "m1"] {
        let handle = node.claim_named(name).await?;
        node.complete(handle).await?;
    }
    let last = node.member(run, "m1").await?;
    proxy.set(Plan::CutAfter(When::Commit));
    assert_eq!(node.tasks.replay(last, ReplayOptions::default(), "ann").await?.generation, 1);
    assert_eq!(proxy.fired(), 1);
    node.claim_named("m1").await?;
    proxy.set(Plan::CutAfter(When::Commit));
    node.tasks.revoke_lease(last, "ann").await?;
    assert_eq!(proxy.fired(), 1);
    let handle = node.claim_named("m1").await?;
    node.complete(handle).await?;
    let first = node.member(run, "m0").await?;
    let mut both = [first, last];
    both.sort_unstable();
    let options = RestartOptions { cascade: true, ..RestartOptions::default() };
    proxy.set(Plan::CutAfter(When::Commit));
    assert_eq!(node.tasks.restart_run_from(run, first, options, "ann").await?.members, both);
    assert_eq!(proxy.fired(), 1);
    for (id, generation) in [(first, 1), (last, 2)] {
        assert_eq!(node.tasks.describe_execution(id).await?.execution.generation, generation);
    }
    Ok(())
}
