//! Races of two nodes that leave something behind for later.

use anyhow::{Result, ensure};
use levada_base::World;
use levada_store::Store;
use levada_store::alphabets::{CancelPolicy, Hold, Outcome, Phase};
use levada_store::limits::CANCEL_LOOK_AGAIN_MS;
use levada_store_postgres::Settings;
use levada_tasks::spec::CancelRun;
use levada_testing_postgres::{Plan, Proxy, When, database};
use levada_testing_tasks::chaos::node::Node;
use levada_testing_tasks::chaos::place::Place;
use levada_testing_tasks::chaos::scene::{RUN, race};

/// A member's lease is taken away by a transaction that does not see the cancel of its large run, while the cancel does not see the member as
/// waiting. Nobody claims in its lane.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_072_a_member_given_back_while_its_run_is_cancelled_ends_without_a_claim() -> Result<()> {
    let Some(database) = database() else { return Ok(()) };
    let proxy = Proxy::start(database.address()).await?;
    let settings = Settings { listen: false, ..Settings::new(database.url()) };
    let slow = Place::Postgres(Settings { url: proxy.url(&database), ..settings.clone() });
    let (world, clock) = World::sim(1);
    let node = Node::open_in(&Place::Postgres(settings), 0, world.clone(), clock.clone()).await?;
    let slow = Node::open_in(&slow, 0, world, clock).await?;
    node.tasks.submit_run(race(RUN)).await?;
    let handle = node.claim_one(1).await?.handle;
    let held = handle.execution;

    proxy.set(Plan::HoldBefore(When::Commit));
    let giving_back = tokio::spawn({
        let slow = slow.clone();
        async move { slow.tasks.give_back(handle).await }
    });
    proxy.struck().await;
    let cancel = CancelRun { policy: CancelPolicy::CancelPending, ..CancelRun::all("enough", "operator") };
    node.tasks.cancel_run(RUN, cancel).await?;
    proxy.set(Plan::Pass);
    giving_back.await??;

    everything(&node).await?;
    let missed = node.tasks.store().dump().await?.executions[&held].clone();
    ensure!((missed.phase, missed.hold) == (Phase::Runnable, Hold::None), "the race did not come about: {missed:?}");
    node.pass(CANCEL_LOOK_AGAIN_MS);
    everything(&node).await?;
    let rows = node.tasks.store().dump().await?;
    ensure!(rows.executions[&held].outcome == Some(Outcome::Cancelled), "{:?}", rows.executions[&held]);
    ensure!(rows.runs[&RUN].open_before_finalizers() == 0 && !rows.runs[&RUN].cancel_backlog, "{:?}", rows.runs[&RUN]);
    Ok(())
}

/// Everything in the background, often enough for what one worker leaves to another.
async fn everything(node: &Node) -> Result<()> {
    for _ in 0..5 {
        node.tasks.tick_all().await?;
    }
    Ok(())
}
