//! Leases after an outage of all engine nodes: nobody could renew them, so they wait a while to be renewed.

use levada_base::World;
use levada_store::alphabets::PublicState;
use levada_store::rows::Facts;
use levada_store::{MemoryStore, Token};
use levada_tasks::rules::{Claimed, Written};
use levada_tasks::spec::{ClaimRequest, Complete, NewExecution, Payload, Renew};
use levada_tasks::{Settings, Tasks, WorkerSettings};

use crate::node::{Node, Result, chain, code};

#[tokio::test]
async fn t_055_leases_wait_a_while_after_an_outage_of_all_nodes() -> Result {
    let node = Node::open().await?;
    node.tasks.tick("node_heartbeat").await?;
    node.advance_ms(30_000);
    node.tasks.create_execution(NewExecution::of_kind("work")).await?;
    node.tasks.tick("node_heartbeat").await?;
    let claimed = node.claim(1).await?;
    node.advance_ms(60_000);
    node.tasks.tick("node_heartbeat").await?;
    assert!(node.tasks.tick("lease_expiry").await?.is_idle(), "nobody was there to renew it with");
    assert_eq!(node.state(claimed[0].handle.execution).await?, PublicState::Active);
    for _ in 0..30 {
        node.advance_ms(1_000);
        node.tasks.tick("node_heartbeat").await?;
    }
    assert_eq!(node.tasks.tick("lease_expiry").await?.count("reclaimed"), 1);
    Ok(())
}

/// Settings of a node that does background work; each step but heartbeats, which go by the real clock, is made by the test.
fn by_hand() -> Settings {
    let mut settings = Settings::default();
    for name in ["settle", "edge_cancel_dispatch", "edge_cancel_reconcile", "cancel_backlog", "awaited_ends"]
        .into_iter()
        .chain(["gauges", "event_retention", "lease_expiry", "attempt_timeout", "deadline", "due_promote"])
        .chain(["waitpoint_expiry", "retention", "schedule", "sweep"])
    {
        settings.background.workers.insert(name.to_owned(), WorkerSettings { enabled: false, ..WorkerSettings::default() });
    }
    settings
}

/// A node that was heard of a moment ago, for the second time.
async fn alive(settings: &Settings) -> Result<Node> {
    let (world, clock) = World::sim(7);
    let node = Node::on(MemoryStore::new(world.clone()), world, clock, settings.clone()).await?;
    node.tasks.tick("node_heartbeat").await?;
    node.advance_ms(31_000);
    node.tasks.tick("node_heartbeat").await?;
    Ok(node)
}

/// A process that stood still finds its leases overdue before its heartbeat comes round again.
#[tokio::test]
async fn t_055_a_node_that_was_away_itself_takes_no_lease_away() -> Result {
    for (is_swept, renews) in [(false, true), (true, true), (false, false), (true, false)] {
        let node = alive(&by_hand()).await?;
        node.tasks.create_execution(NewExecution::of_kind("work")).await?;
        let handle = node.claim(1).await?[0].handle;
        node.advance_ms(600_000);
        if is_swept {
            assert!(node.tasks.tick("lease_expiry").await?.is_idle(), "nobody could renew it");
        }
        if renews {
            let renewed = node.tasks.renew(vec![Renew { handle, ttl_ms: 30_000 }]).await?;
            assert!(renewed[0].is_ok(), "{renewed:?}");
        }
        node.complete(handle).await?;
    }
    Ok(())
}

/// A node without background work learns of an outage from those that have some, or from their silence.
#[tokio::test]
async fn t_055_a_node_without_background_work_renews_within_the_grace() -> Result {
    for (back_for_s, is_kept) in [(None, true), (Some(0), true), (Some(29), true), (Some(30), false)] {
        let node = alive(&by_hand()).await?;
        let submits = Tasks::open(node.tasks.store().clone(), Settings::without_background(), World::real()).await?;
        node.tasks.create_execution(NewExecution::of_kind("work")).await?;
        let handle = node.claim(1).await?[0].handle;
        node.advance_ms(600_000);
        if let Some(seconds) = back_for_s {
            node.tasks.tick("node_heartbeat").await?;
            for _ in 0..seconds {
                node.advance_ms(1_000);
                node.tasks.tick("node_heartbeat").await?;
            }
        }
        let renewed = submits.renew(vec![Renew { handle, ttl_ms: 30_000 }]).await?.remove(0);
        assert_eq!(code(renewed), if is_kept { "none" } else { "LV-T102" }, "{back_for_s:?}");
    }
    Ok(())
}

/// An end that is late is made again within the grace, and with it what it claims: the first try could not claim what the end makes ready.
#[tokio::test]
async fn t_055_what_a_late_end_claims_is_handed_over() -> Result {
    let node = alive(&by_hand()).await?;
    node.submit(chain(2)).await?;
    let late = node.claim_named("m0").await?;
    node.tasks.create_execution(NewExecution::of_kind("work")).await?;
    let long = ClaimRequest { ttl_ms: 3_600_000, ..ClaimRequest::of_lane("default", "worker-1", 1, Token(76)) };
    let punctual = node.tasks.claim(long).await?[0].handle;
    node.advance_ms(600_000);
    let items = [late, punctual].map(|handle| Complete { handle, result: Payload::Void, facts: Facts::default() });
    let next = ClaimRequest::of_lane("default", "worker-1", 5, Token(77));
    let (results, claimed) = node.tasks.complete(items.into(), Some(next.clone())).await?;
    assert!(results.iter().all(|result| matches!(result, Ok(Written::Applied(_)))), "{results:?}");
    assert_eq!(claimed.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["m1"]);
    let handles = |claimed: &[Claimed]| claimed.iter().map(|one| one.handle).collect::<Vec<_>>();
    assert_eq!(handles(&node.tasks.claim(next).await?), handles(&claimed), "nothing else is held under its token");
    Ok(())
}
