//! The edge-cancel dispatcher and its reconciler: what each tick reports.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use levada_base::{Error, World, codes};
use levada_store::alphabets::{CancelState, PublicState};
use levada_store::rows::{CancelPending, Group};
use levada_store::{Command, ExecutionId, MemoryStore, Record, RunId, Scope, State, Store};
use levada_tasks::Settings;

use crate::node::{Node, Result, any_of};
use crate::store::Probed;

/// Runs of three, in each of which one member has won.
async fn fired<S: Store>(node: &Node<S>, runs: usize) -> Result<Vec<RunId>> {
    let mut ids = Vec::new();
    for _ in 0..runs {
        ids.push(node.submit(any_of(3)).await?);
        let winner = node.claim_named("m0").await?;
        node.complete(winner).await?;
        // The losers are held back, so that the next run's winner is first in the lane.
        for loser in ["m1", "m2", "join"] {
            let id = node.member(ids[ids.len() - 1], loser).await?;
            node.tasks.hold(id, "test").await?;
        }
    }
    Ok(ids)
}

async fn write(node: &Node, commands: Vec<Command>) -> Result {
    node.tasks.store().transact(Scope::EngineNodes, move |_: &State| Ok((commands.clone(), ()))).await
}

async fn pending<S: Store>(node: &Node<S>) -> Result<Vec<CancelPending>> {
    Ok(node.tasks.store().dump().await?.cancel_pending.into_values().collect())
}

#[tokio::test]
async fn t_065_fifty_five_groups_take_two_ticks() -> Result {
    let node = Node::open().await?;
    let runs = fired(&node, 55).await?;
    let first = node.tasks.tick("edge_cancel_dispatch").await?;
    assert_eq!((first.count("dispatched"), first.count("cancelled"), first.more), (50, 100, true));
    let second = node.tasks.tick("edge_cancel_dispatch").await?;
    assert_eq!((second.count("dispatched"), second.count("cancelled"), second.count("already_ended")), (5, 10, 5));
    assert!(node.tasks.tick("edge_cancel_dispatch").await?.is_idle(), "a repeated tick does nothing");
    for run in runs {
        let states = node.states(run).await?;
        assert_eq!((states.get("cancelled"), states.get("succeeded")), (Some(&2), Some(&1)), "{states:?}");
    }
    Ok(())
}

#[tokio::test]
async fn t_065_a_row_without_its_group_is_an_orphan() -> Result {
    let node = Node::open().await?;
    let child = ExecutionId(9);
    let row =
        CancelPending { child, run_id: RunId(1), namespace: "default".to_owned(), enqueued_ms: 0, not_before_ms: 0, tries: 0 };
    write(&node, vec![Command::Put(row.clone().into())]).await?;
    let report = node.tasks.tick("edge_cancel_dispatch").await?;
    assert_eq!((report.count("orphaned"), report.count("dispatched")), (1, 0));
    assert_eq!(pending(&node).await?, []);
    write(&node, vec![Command::Put(row.into())]).await?;
    let report = node.tasks.tick("edge_cancel_reconcile").await?;
    assert_eq!(report.count("removed_stale"), 1);
    assert_eq!(pending(&node).await?, []);
    Ok(())
}

/// Changes the group of the only pending row.
async fn change_group(node: &Node, change: impl Fn(&mut Group)) -> Result<ExecutionId> {
    let state = node.tasks.store().dump().await?;
    let child = *state.cancel_pending.keys().next().unwrap_or_else(|| panic!("nothing is pending"));
    let mut group = state.groups[&child].clone();
    change(&mut group);
    write(node, vec![Command::Put(Record::Group(group))]).await?;
    Ok(child)
}

#[tokio::test]
async fn t_065_a_group_that_is_done_is_left_to_the_reconciler() -> Result {
    let node = Node::open().await?;
    fired(&node, 1).await?;
    change_group(&node, |group| group.cancel_state = CancelState::Done).await?;
    let report = node.tasks.tick("edge_cancel_dispatch").await?;
    assert_eq!((report.count("skipped_for_reconciler"), report.count("cancelled")), (1, 0));
    assert_eq!(pending(&node).await?.len(), 1, "the row is left");
    assert!(node.tasks.tick("edge_cancel_reconcile").await?.is_idle(), "it is too young for the reconciler");
    node.advance_ms(5_001);
    assert_eq!(node.tasks.tick("edge_cancel_reconcile").await?.count("removed_stale"), 1);
    assert_eq!(pending(&node).await?, []);
    Ok(())
}

#[tokio::test]
async fn t_065_the_reconciler_never_cancels() -> Result {
    let node = Node::open().await?;
    let run = fired(&node, 1).await?[0];
    node.advance_ms(5_001);
    let report = node.tasks.tick("edge_cancel_reconcile").await?;
    assert_eq!(report.count("no_op"), 1);
    let loser = node.member(run, "m1").await?;
    assert_eq!(node.state(loser).await?, PublicState::Held);
    for name in ["m1", "m2"] {
        let id = node.member(run, name).await?;
        node.tasks.cancel_execution(id, "test").await?;
    }
    let report = node.tasks.tick("edge_cancel_reconcile").await?;
    assert_eq!(report.count("completed_drain"), 1);
    assert_eq!(pending(&node).await?, []);
    Ok(())
}

#[tokio::test]
async fn t_065_an_error_in_one_group_postpones_it_and_spares_the_rest() -> Result {
    let (world, clock) = World::sim(7);
    let store = Probed::new(MemoryStore::new(world.clone()));
    let node = Node::on(store.clone(), world, clock, Settings::without_background()).await?;
    fired(&node, 4).await?;
    let bad = *store.dump().await?.cancel_pending.keys().next().unwrap_or_else(|| panic!("nothing is pending"));
    let once = AtomicBool::new(true);
    store.fail(move |scope| {
        let hit = *scope == Scope::Group(bad) && once.swap(false, Ordering::Relaxed);
        hit.then(|| Error::new(codes::LV_T901, "rule X-23 violated: planted"))
    });
    let report = node.tasks.tick("edge_cancel_dispatch").await?;
    assert_eq!((report.count("errors"), report.count("dispatched")), (1, 3));
    let left: Vec<_> = store.dump().await?.cancel_pending.into_values().map(|row| (row.child, row.tries)).collect();
    assert_eq!(left, [(bad, 1)]);
    assert!(node.tasks.tick("edge_cancel_dispatch").await?.is_idle(), "it is left alone for a while");
    node.advance_ms(101);
    assert_eq!(node.tasks.tick("edge_cancel_dispatch").await?.count("dispatched"), 1);
    Ok(())
}

#[tokio::test]
async fn st_34_a_store_that_fails_now_and_then_stops_no_step() -> Result {
    let (world, clock) = World::sim(7);
    let store = Probed::new(MemoryStore::new(world.clone()));
    let node = Node::on(store.clone(), world, clock, Settings::without_background()).await?;
    fired(&node, 30).await?;
    let count = AtomicU32::new(0);
    store.fail(move |scope| {
        let hit = matches!(scope, Scope::Group(_)) && count.fetch_add(1, Ordering::Relaxed).is_multiple_of(3);
        hit.then(|| Error::new(codes::LV_T701, "planted"))
    });
    let report = node.tasks.tick("edge_cancel_dispatch").await?;
    assert_eq!((report.count("errors"), report.count("dispatched")), (10, 20));
    assert_eq!(report.next_due_ms, Some(node.tasks.store().now().await? + 50), "and it goes on soon");
    let left: Vec<_> = pending(&node).await?.into_iter().map(|row| row.tries).collect();
    assert_eq!(left, [0; 10], "none of them is to blame");
    Ok(())
}

#[tokio::test]
async fn st_34_a_store_that_is_away_ends_the_step() -> Result {
    let (world, clock) = World::sim(7);
    let store = Probed::new(MemoryStore::new(world.clone()));
    let node = Node::on(store.clone(), world, clock, Settings::without_background()).await?;
    fired(&node, 30).await?;
    store.fail(|scope| matches!(scope, Scope::Group(_)).then(|| Error::new(codes::LV_T702, "planted")));
    let before = store.asked()[2];
    let error = node.tasks.tick("edge_cancel_dispatch").await.expect_err("nothing could be done");
    assert_eq!((error.code(), store.asked()[2] - before), (codes::LV_T702, 3), "the others are not tried one by one");
    store.heal();
    let report = node.tasks.tick("edge_cancel_dispatch").await?;
    assert_eq!(report.count("dispatched"), 27, "three are left alone for a moment");
    node.advance_ms(50);
    assert_eq!(node.tasks.tick("edge_cancel_dispatch").await?.count("dispatched"), 3);
    Ok(())
}

#[tokio::test]
async fn t_067_failing_rows_do_not_starve_good_ones() -> Result {
    let (world, clock) = World::sim(7);
    let store = Probed::new(MemoryStore::new(world.clone()));
    let node = Node::on(store.clone(), world, clock, Settings::without_background()).await?;
    fired(&node, 50).await?;
    let bad: BTreeSet<_> = store.dump().await?.cancel_pending.into_keys().collect();
    node.advance_ms(1);
    fired(&node, 100).await?;
    let fails = Arc::new(parking_lot::Mutex::new(bad.clone()));
    store.fail(move |scope| {
        // The first transaction of a bad group fails; the one after it postpones the row.
        let hit = matches!(scope, Scope::Group(group) if fails.lock().remove(group));
        hit.then(|| Error::new(codes::LV_T901, "rule X-23 violated: planted"))
    });
    let reports = [
        node.tasks.tick("edge_cancel_dispatch").await?,
        node.tasks.tick("edge_cancel_dispatch").await?,
        node.tasks.tick("edge_cancel_dispatch").await?,
    ];
    assert_eq!(reports.map(|report| (report.count("errors"), report.count("dispatched"))), [(50, 0), (0, 50), (0, 50)]);
    let left: BTreeSet<_> = store.dump().await?.cancel_pending.into_keys().collect();
    assert_eq!(left, bad);
    Ok(())
}

#[tokio::test]
async fn t_067_groups_that_cannot_be_loaded_at_all_do_not_starve_good_ones() -> Result {
    let (world, clock) = World::sim(7);
    let store = Probed::new(MemoryStore::new(world.clone()));
    let node = Node::on(store.clone(), world, clock, Settings::without_background()).await?;
    fired(&node, 60).await?;
    let bad: BTreeSet<_> = store.dump().await?.cancel_pending.into_keys().collect();
    node.advance_ms(1);
    fired(&node, 100).await?;
    let fails = bad.clone();
    store.fail(move |scope| {
        let hit = matches!(scope, Scope::Group(group) if fails.contains(group));
        hit.then(|| Error::new(codes::LV_T710, "execution.phase of it holds 9"))
    });
    let mut dispatched = 0;
    for _ in 0..4 {
        dispatched += node.tasks.tick("edge_cancel_dispatch").await?.count("dispatched");
    }
    assert_eq!(dispatched, 100);
    let left: BTreeSet<_> = store.dump().await?.cancel_pending.into_keys().collect();
    assert_eq!(left, bad);
    node.advance_ms(6_000);
    let reports = [node.tasks.tick("edge_cancel_reconcile").await?, node.tasks.tick("edge_cancel_reconcile").await?];
    assert_eq!(reports.map(|report| report.count("errors")), [50, 10], "nor the reconciler");
    store.heal();
    node.advance_ms(30_000);
    assert_eq!(
        node.tasks.tick("edge_cancel_dispatch").await?.count("dispatched"),
        50,
        "once they can be loaded they are handled"
    );
    Ok(())
}

#[tokio::test]
async fn t_066_four_dispatchers_share_two_hundred_groups() -> Result {
    let (world, clock) = World::sim(7);
    let store = MemoryStore::new(world.clone());
    let mut nodes = Vec::new();
    for _ in 0..4 {
        nodes.push(Node::on(store.clone(), world.clone(), clock.clone(), Settings::without_background()).await?);
    }
    fired(&nodes[0], 200).await?;
    let (mut dispatched, mut cancelled) = (0, 0);
    while !store.dump().await?.cancel_pending.is_empty() {
        let ticks = nodes.iter().map(|node| node.tasks.tick("edge_cancel_dispatch"));
        for report in futures::future::try_join_all(ticks).await? {
            dispatched += report.count("dispatched");
            cancelled += report.count("cancelled");
        }
    }
    assert_eq!((dispatched, cancelled), (200, 400), "each group once, each loser once");
    Ok(())
}
