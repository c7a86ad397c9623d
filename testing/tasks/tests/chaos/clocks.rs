//! Clocks that step, stand still, are earlier after a restart, or are wrong on every node.

use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use levada_base::{Clock, Timestamp, World};
use levada_store::Store;
use levada_store_postgres::Settings;
use levada_tasks::spec::{ClaimRequest, Renew};
use levada_tasks::{Settings as Engine, Tasks};
use levada_testing_postgres::{Database, Plan, Proxy, When, database};
use levada_testing_tasks::chaos::clock::{Step, live_through, set, steps, watch};
use levada_testing_tasks::chaos::node::Node;
use levada_testing_tasks::chaos::place::{AnyStore, Place};
use levada_testing_tasks::chaos::scene::{RUN, done, execution, member, race, request};

const DAY: Duration = Duration::from_secs(86_400);

async fn stepped(place: &Place) -> Result<()> {
    for step in steps() {
        let node = Node::open(place, 64).await?;
        let scene = set(&node).await.map_err(|wrong| anyhow!(wrong))?;
        live_through(&node, &scene, step).await.map_err(|wrong| anyhow!(wrong))?;
    }
    Ok(())
}

#[tokio::test]
async fn t_115_clock_steps_in_memory() -> Result<()> {
    stepped(&Place::Memory).await
}

#[tokio::test]
async fn t_115_clock_steps_on_sqlite() -> Result<()> {
    stepped(&Place::SqliteMemory).await
}

#[tokio::test]
async fn t_115_a_restart_with_an_earlier_clock() -> Result<()> {
    for earlier in [Duration::from_secs(1), Duration::from_secs(3_600), DAY] {
        let directory = tempfile::tempdir()?;
        let place = Place::Sqlite(levada_store_sqlite::Settings::new(directory.path().join("tasks.db")));
        let node = Node::open(&place, 64).await?;
        let scene = set(&node).await.map_err(|wrong| anyhow!(wrong))?;
        node.pass(10_000);
        // A commit keeps the time: what passed until then does not come back.
        node.tasks.create_execution(execution(RUN, 9, "kept")).await?;
        node.tasks.cancel_execution(member(RUN, 9), "operator").await?;
        drop(node);
        let (world, clock) = World::sim(2);
        clock.turn_back(earlier);
        let node = Node::open_in(&place, 64, world, clock).await?;
        watch(&node, &scene, Step::Back(earlier), 10_000).await.map_err(|wrong| anyhow!("{earlier:?}: {wrong}"))?;
    }
    Ok(())
}

/// The machine's clock, wrong by so many milliseconds.
struct Wrong {
    right: World,
    by_ms: i64,
}

impl Clock for Wrong {
    fn now(&self) -> Timestamp {
        Timestamp(self.right.now().0 + self.by_ms * 1_000)
    }

    fn elapsed(&self) -> Duration {
        self.right.clock().elapsed()
    }
}

fn wrong_by(by_ms: i64) -> World {
    World::real().with_clock(Wrong { right: World::real(), by_ms })
}

async fn node_in(place: &Place, world: World) -> Result<Tasks<AnyStore>> {
    let store = place.open(64, world.clone()).await?;
    Ok(Tasks::open(store, Engine::without_background(), world).await?)
}

const NOW_MS: &str = "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

#[tokio::test]
async fn t_027_wrong_clocks_of_nodes_change_nothing_on_postgres() -> Result<()> {
    let Some(database) = database() else { return Ok(()) };
    let place = Place::Postgres(Settings { listen: false, ..Settings::new(database.url()) });
    let day_ms = i64::try_from(DAY.as_millis())?;
    let early_ms: i64 = database.sql(NOW_MS)?.parse()?;
    let [ahead, behind] = [node_in(&place, wrong_by(day_ms)).await?, node_in(&place, wrong_by(-day_ms)).await?];
    ahead.submit_run(race(RUN)).await?;
    let handles: Vec<_> = behind.claim(request(1, 3)).await?.into_iter().map(|claimed| claimed.handle).collect();
    ensure!(handles.len() == 3, "three race");
    for node in [&ahead, &behind] {
        node.tick_all().await?;
        ensure!(node.claim(request(2, 3)).await?.is_empty(), "a live lease was taken");
    }
    for (node, handle) in [(&ahead, handles[0]), (&behind, handles[1])] {
        let renewed = node.renew(vec![Renew { handle, ttl_ms: 30_000 }]).await?.remove(0);
        ensure!(renewed.is_ok(), "{renewed:?}");
    }
    ensure!(ahead.complete(vec![done(handles[0])], None).await?.0.remove(0).is_ok(), "the winner is recorded");
    let rows = ahead.store().dump().await?;
    let late_ms: i64 = database.sql(NOW_MS)?.parse()?;
    let times = rows.events.values().map(|event| event.at_ms);
    let times = times.chain(rows.executions.values().flat_map(|row| [Some(row.created_ms), row.ended_ms]).flatten());
    for at_ms in times {
        ensure!((early_ms..=late_ms).contains(&at_ms), "{at_ms} is not the server's time, {early_ms}..{late_ms}");
    }
    for until_ms in rows.executions.values().filter_map(|row| row.lease_until_ms) {
        ensure!((early_ms + 30_000..=late_ms + 30_000).contains(&until_ms), "a lease of 30 s ends at {until_ms}");
    }
    Ok(())
}

const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
const LEASES: &str = "SELECT count(*) FROM levada.execution \
                      WHERE lease_until_ms > extract(epoch FROM clock_timestamp()) * 1000";

/// Asks until the answer is this.
async fn until(database: &Database, sql: &str, answer: &str) -> Result<()> {
    while tokio::task::block_in_place(|| database.sql(sql))? != answer {
        tokio::task::yield_now().await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_027_waiting_for_a_lock_revives_no_lease() -> Result<()> {
    let Some(database) = database() else { return Ok(()) };
    let proxy = Proxy::start(database.address()).await?;
    let settings = Settings { listen: false, ..Settings::new(database.url()) };
    let slow = Place::Postgres(Settings { url: proxy.url(&database), ..settings.clone() });
    let (node, slow) = (node_in(&Place::Postgres(settings), World::real()).await?, node_in(&slow, World::real()).await?);
    for (id, renews) in [(0, true), (1, false)] {
        node.create_execution(execution(RUN, id, "waiting")).await?;
        let claim = ClaimRequest { ttl_ms: 1_500, ..request(10 + id, 1) };
        let handle = node.claim(claim).await?.remove(0).handle;
        // Somebody has the row, and keeps it until the lease has ended.
        proxy.set(Plan::HoldBefore(When::Commit));
        let (slow, worker) = (slow.clone(), node.clone());
        let holding = tokio::spawn(async move { slow.hold(member(RUN, id), "operator").await.map(|_| ()) });
        proxy.struck().await;
        let call = tokio::spawn(async move {
            if renews {
                worker.renew(vec![Renew { handle, ttl_ms: 30_000 }]).await?.remove(0).map(|_| ())
            } else {
                worker.complete(vec![done(handle)], None).await?.0.remove(0).map(|_| ())
            }
        });
        until(&database, WAITING, "1").await?;
        until(&database, LEASES, "0").await?;
        proxy.set(Plan::Pass);
        holding.await??;
        let told = call.await?.map_err(|error| error.code().to_string());
        ensure!(told == Err("LV-T102".to_owned()), "renews {renews}: {told:?}");
    }
    Ok(())
}
