//! Poison: rows that cannot be handled, or not even loaded, are left alone for a while and listed; they never block the others.

use levada_base::{Error, World, codes};
use levada_store::alphabets::PublicState;
use levada_store::{Command, DueKind, ExecutionId, MemoryStore, RecordKey, Scope, State, Store};
use levada_tasks::spec::{CancelRun, ExecutionPolicy, NewExecution};
use levada_tasks::{Settings, WorkerSettings};

use crate::awaited::waiting_for;
use crate::node::{Node, Result, wide};
use crate::store::Probed;

/// A node whose workers take so many rows at once.
async fn with_batches(rows: u32) -> Result<(Node<Probed>, Probed)> {
    let (world, clock) = World::sim(7);
    let store = Probed::new(MemoryStore::new(world.clone()));
    let mut settings = Settings::without_background();
    for worker in ["attempt_timeout", "due_promote"] {
        let own = WorkerSettings { batch: Some(rows), ..WorkerSettings::default() };
        settings.background.workers.insert(worker.to_owned(), own);
    }
    Ok((Node::on(store.clone(), world, clock, settings).await?, store))
}

#[tokio::test]
async fn t_067_rows_that_cannot_be_handled_do_not_starve_good_ones() -> Result {
    let (node, store) = with_batches(50).await?;
    let timed = |attempt_timeout_ms| {
        let policy = ExecutionPolicy { attempt_timeout_ms: Some(attempt_timeout_ms), ..ExecutionPolicy::default() };
        NewExecution { policy, ..NewExecution::of_kind("work") }
    };
    let mut bad = Vec::new();
    for _ in 0..50 {
        bad.push(node.tasks.create_execution(timed(1_000)).await?.into_inner().0);
    }
    bad.sort_unstable();
    let policy = store.dump().await?.policies.into_keys().collect::<Vec<_>>();
    for _ in 0..100 {
        node.tasks.create_execution(timed(1_001)).await?;
    }
    assert_eq!(node.claim(150).await?.len(), 150);
    let gone = policy.into_iter().map(|id| Command::Delete(RecordKey::Policy(id))).collect::<Vec<_>>();
    store.transact(Scope::EngineNodes, move |_: &State| Ok((gone.clone(), ()))).await?;
    node.advance_ms(1_001);
    let mut steps = Vec::new();
    for _ in 0..3 {
        let report = node.tasks.tick("attempt_timeout").await?;
        assert_eq!(report.left_alone, bad, "they are listed");
        steps.push((report.count("errors"), report.count("retried")));
    }
    assert_eq!(steps, [(50, 0), (0, 50), (0, 50)]);
    node.advance_ms(1_000);
    assert_eq!(node.tasks.tick("attempt_timeout").await?.count("errors"), 50, "they are tried again");
    Ok(())
}

#[tokio::test]
async fn t_067_rows_that_cannot_be_loaded_do_not_starve_good_ones() -> Result {
    let (node, store) = with_batches(100).await?;
    let now_ms = node.tasks.now().await?;
    let mut ids = Vec::new();
    for n in 0..40 {
        let new = NewExecution { due_ms: Some(now_ms + 1_000 + n), ..NewExecution::of_kind("work") };
        ids.push(node.tasks.create_execution(new).await?.into_inner().0);
    }
    // They are due first, so every batch meets them that does not leave them out.
    let bad: [ExecutionId; 3] = [ids[0], ids[1], ids[2]];
    store.fail(move |scope| {
        let Scope::Due(DueKind::Promote, wanted) = scope else { return None };
        let meets = bad.iter().any(|id| !wanted.except.contains(id));
        meets.then(|| Error::new(codes::LV_T710, "execution.phase of it holds 9"))
    });
    node.advance_ms(2_000);
    node.drain().await?;
    for id in &ids {
        let expected = if bad.contains(id) { PublicState::Delayed } else { PublicState::Ready };
        assert_eq!(node.state(*id).await?, expected);
    }
    store.heal();
    node.advance_ms(30_000);
    assert_eq!(node.tasks.tick("due_promote").await?.count("promoted"), 3, "once they can be loaded they are handled");
    Ok(())
}

/// BW-21: what a worker leaves alone by itself is listed, whichever worker it is.
#[tokio::test]
async fn t_117_runs_that_are_left_alone_are_listed() -> Result {
    let (node, store) = with_batches(100).await?;
    let cancelled = node.submit(wide(501)).await?;
    node.tasks.cancel_run(cancelled, CancelRun::all("too late", "ann")).await?;
    let ended = node.tasks.create_execution(NewExecution::of_kind("work")).await?.into_inner().0;
    let waits = node.submit(waiting_for(&format!("execution:{ended}"))).await?;
    node.tasks.cancel_execution(ended, "ann").await?;
    store.fail(|scope| (!matches!(scope, Scope::Due(..))).then(|| Error::new(codes::LV_T710, "run.phase of it holds 9")));
    for (worker, run) in [("cancel_backlog", cancelled), ("awaited_ends", waits)] {
        for errors in [1, 0] {
            let report = node.tasks.tick(worker).await?;
            assert_eq!((report.count("errors"), report.left_alone), (errors, vec![ExecutionId(run.0)]), "{worker}");
        }
    }
    store.heal();
    node.advance_ms(1_000);
    node.drain().await?;
    assert!(node.outcome(cancelled).await?.is_some() && node.outcome(waits).await?.is_some(), "nothing was lost");
    Ok(())
}
