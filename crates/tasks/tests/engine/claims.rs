//! Claims that wait: woken by a commit, not by polling, and cheap however many there are.

use std::time::Duration;

use levada_base::World;
use levada_store::rows::Facts;
use levada_store::{MemoryStore, Store, Token};
use levada_tasks::rules::{Claimed, LaneChange};
use levada_tasks::spec::{ClaimRequest, Complete, NewExecution, Payload};
use levada_tasks::{Settings, Tasks};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::node::{Result, code};
use crate::store::Probed;

/// Long enough for a machine that does many other things.
const GUARD: Duration = Duration::from_secs(60);
/// More than there are seconds in [`GUARD`].
const TURNS: u128 = 100;

async fn open(store: Probed, world: World) -> Result<Tasks<Probed>> {
    Tasks::open(store, Settings::without_background(), world).await
}

fn waiting(instance: u128) -> ClaimRequest {
    ClaimRequest { wait_ms: 30_000, ..ClaimRequest::of_lane("default", &format!("w{instance}"), 1, Token(instance)) }
}

/// Claims that wait, once all of them have looked and found nothing.
async fn idle(tasks: &Tasks<Probed>, claims: u128) -> JoinSet<Result<usize>> {
    let before = tasks.store().claims();
    let mut set = JoinSet::new();
    for instance in 1..=claims {
        let tasks = tasks.clone();
        set.spawn(async move { tasks.claim(waiting(instance)).await.map(|claimed| claimed.len()) });
    }
    while u128::from(tasks.store().claims() - before) < claims {
        tokio::task::yield_now().await;
    }
    set
}

#[tokio::test]
async fn t_039_one_ready_row_wakes_one_of_a_thousand_waiting_claims() -> Result {
    let world = World::real();
    let tasks = open(Probed::new(MemoryStore::new(world.clone())), world).await?;
    let mut set = idle(&tasks, 1_000).await;
    let [reads_before, ..] = tasks.store().asked();
    tasks.create_execution(NewExecution::of_kind("work")).await?;
    let first = timeout(GUARD, set.join_next()).await;
    let Ok(Some(Ok(claimed))) = first else { panic!("nobody was woken") };
    assert_eq!(claimed?, 1);
    // Everything that was set off by the wake-up has run before this.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(tasks.store().claims(), 1_001, "one claim looked again");
    assert!(tasks.store().asked()[0] - reads_before <= 2, "a probe at most besides");
    assert_eq!(set.len(), 999);
    Ok(())
}

#[tokio::test]
async fn t_039_a_hundred_ready_rows_of_one_commit_reach_a_hundred_claims() -> Result {
    let world = World::real();
    let tasks = open(Probed::new(MemoryStore::new(world.clone())), world).await?;
    let mut set = idle(&tasks, 100).await;
    // One commit, so one wake-up for the route.
    tasks.submit_run(crate::node::wide(100)).await?;
    let mut given = 0;
    while let Ok(Some(claimed)) = timeout(GUARD, set.join_next()).await {
        given += claimed.unwrap_or_else(|error| panic!("{error}"))?;
    }
    assert_eq!(given, 100);
    Ok(())
}

#[tokio::test]
async fn t_039_a_place_in_a_full_lane_is_handed_on_by_a_wake_up() -> Result {
    let world = World::real();
    let tasks = open(Probed::new(MemoryStore::new(world.clone())), world).await?;
    tasks.change_lane("default", LaneChange::SetMaxActive(Some(1)), "operator").await?;
    tasks.submit_run(crate::node::wide(usize::try_from(TURNS).unwrap_or_default() + 1)).await?;
    let handed_on = async {
        let mut held = tasks.claim(waiting(1)).await?;
        for turn in 0..TURNS {
            let looks = tasks.store().claims();
            let waiter = tasks.clone();
            let next = tokio::spawn(async move { waiter.claim(waiting(2 + turn)).await });
            while tasks.store().claims() == looks {
                tokio::task::yield_now().await;
            }
            // It found the lane full.
            tasks.complete(held.into_iter().map(done).collect(), None).await?;
            held = next.await.unwrap_or_else(|error| panic!("{error}"))?;
            assert_eq!(held.len(), 1);
        }
        Result::Ok(())
    };
    // Probes alone would hand on one place in a second.
    timeout(GUARD, handed_on).await.unwrap_or_else(|_| panic!("places are left to probes"))
}

fn done(claimed: Claimed) -> Complete {
    Complete { handle: claimed.handle, result: Payload::Void, facts: Facts::default() }
}

#[tokio::test]
async fn t_111_a_claim_finds_work_although_every_wake_up_is_lost() -> Result {
    let world = World::real();
    let tasks = open(Probed::new(MemoryStore::new(world.clone())).deaf(), world).await?;
    let mut set = idle(&tasks, 3).await;
    tasks.create_execution(NewExecution::of_kind("work")).await?;
    let Ok(Some(Ok(claimed))) = timeout(GUARD, set.join_next()).await else { panic!("nobody was woken") };
    assert_eq!(claimed?, 1);
    Ok(())
}

#[tokio::test]
async fn t_111_wake_ups_that_come_late_and_again_give_each_row_to_one_claim() -> Result {
    let world = World::real();
    let tasks = open(Probed::new(MemoryStore::new(world.clone())).echoing(), world).await?;
    let mut set = idle(&tasks, 10).await;
    for _ in 0..5 {
        tasks.create_execution(NewExecution::of_kind("work")).await?;
    }
    for _ in 0..5 {
        let Ok(Some(Ok(claimed))) = timeout(GUARD, set.join_next()).await else { panic!("nobody was woken") };
        assert_eq!(claimed?, 1);
    }
    let held = tasks.store().dump().await?.executions.into_values().map(|row| (row.fence, row.attempt_no));
    assert_eq!(held.collect::<Vec<_>>(), [(1, 1); 5], "each was handed over once");
    Ok(())
}

#[tokio::test]
async fn a_claim_gives_up_after_its_wait_and_a_dropped_one_takes_nothing() -> Result {
    let world = World::real();
    let tasks = open(Probed::new(MemoryStore::new(world.clone())), world).await?;
    let short = ClaimRequest { wait_ms: 20, ..waiting(1) };
    assert_eq!(tasks.claim(short).await?, []);
    let mut dropped = idle(&tasks, 1).await;
    dropped.shutdown().await;
    tasks.create_execution(NewExecution::of_kind("work")).await?;
    assert_eq!(tasks.claim(waiting(2)).await?.len(), 1);
    let long = ClaimRequest { wait_ms: 30_001, ..waiting(3) };
    assert_eq!(code(tasks.claim(long).await), "LV-T001");
    Ok(())
}

#[tokio::test]
async fn t_018_a_claim_whose_time_is_over_while_it_looks_still_gives_what_it_finds() -> Result {
    let world = World::real();
    let tasks = open(Probed::new(MemoryStore::new(world.clone())), world).await?;
    tasks.create_execution(NewExecution::of_kind("work")).await?;
    let gate = tasks.store().hold_claims();
    let (waiter, short) = (tasks.clone(), ClaimRequest { wait_ms: 1, ..waiting(1) });
    let mut claim = tokio::spawn(async move { waiter.claim(short).await });
    let cut_off = timeout(Duration::from_millis(50), &mut claim).await;
    assert!(cut_off.is_err(), "what it was given would be lost");
    gate.add_permits(1);
    let claimed =
        timeout(GUARD, claim).await.unwrap_or_else(|_| panic!("it was answered")).unwrap_or_else(|error| panic!("{error}"))?;
    assert_eq!(claimed.len(), 1);
    Ok(())
}

#[tokio::test]
async fn t_018_a_repeated_claim_gives_what_its_token_already_has() -> Result {
    let world = World::real();
    let tasks = open(Probed::new(MemoryStore::new(world.clone())), world).await?;
    tasks.create_execution(NewExecution::of_kind("work")).await?;
    tasks.create_execution(NewExecution::of_kind("work")).await?;
    let first = tasks.claim(waiting(1)).await?;
    assert_eq!(tasks.claim(waiting(1)).await?, first);
    Ok(())
}

#[tokio::test]
async fn t_018_a_repeated_claim_gives_it_also_where_nothing_else_is_ready() -> Result {
    let world = World::real();
    let tasks = open(Probed::new(MemoryStore::new(world.clone())), world).await?;
    // Somebody waits all the time, so that probes are made and find nothing.
    let other = ClaimRequest { lanes: vec!["other".to_owned()], ..waiting(9) };
    let others = tokio::spawn({
        let tasks = tasks.clone();
        async move { tasks.claim(other).await.map(|claimed| claimed.len()) }
    });
    tasks.create_execution(NewExecution::of_kind("work")).await?;
    let given = tasks.claim(waiting(1)).await?;
    let [reads, ..] = tasks.store().asked();
    while tasks.store().asked()[0] < reads + 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(timeout(GUARD, tasks.claim(waiting(1))).await.unwrap_or_else(|_| panic!("it never looked"))?, given);
    others.abort();
    Ok(())
}

#[tokio::test]
async fn t_117_closing_a_node_ends_its_waiting_claims() -> Result {
    let world = World::real();
    let tasks = open(Probed::new(MemoryStore::new(world.clone())), world).await?;
    let mut set = idle(&tasks, 10).await;
    tasks.clone().close(GUARD).await?;
    while let Ok(Some(claimed)) = timeout(Duration::from_secs(20), set.join_next()).await {
        assert_eq!(claimed.unwrap_or_else(|error| panic!("{error}"))?, 0);
    }
    assert!(set.is_empty(), "none waits for its whole time");
    tasks.create_execution(NewExecution::of_kind("work")).await?;
    assert_eq!(tasks.claim(waiting(11)).await?.len(), 1, "operations still work");
    assert_eq!(tasks.claim(waiting(12)).await?, [], "and a claim no longer waits");
    Ok(())
}
