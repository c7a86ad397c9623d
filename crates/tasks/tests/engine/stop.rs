//! Supervision: a worker that fails is restarted, one bad row holds nobody up, and a node that is closed leaves nothing behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use levada_base::{Error, World, codes};
use levada_store::{ExecutionId, MemoryStore, Scope, Store, Token};
use levada_tasks::rules::LaneChange;
use levada_tasks::spec::ClaimRequest;
use levada_tasks::{BackgroundStatus, Settings, Tasks};
use tokio::time::timeout;

use crate::node::{Node, Result, chain, code};
use crate::store::Probed;

const GUARD: Duration = Duration::from_secs(60);

fn status_of<S: Store>(tasks: &Tasks<S>, name: &str) -> BackgroundStatus {
    tasks.background().into_iter().find(|status| status.name == name).unwrap_or_default()
}

#[tokio::test]
async fn t_117_a_worker_that_panics_or_fails_is_restarted() -> Result {
    let world = World::real();
    failing_loop(MemoryStore::with_inline_run_max(world.clone(), 0), world).await
}

/// A node whose heartbeat panics, then fails, then goes on.
pub async fn failing_loop<S: Store>(below: S, world: World) -> Result {
    let store = Probed::new(below);
    let hits = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&hits);
    store.fail(move |scope| {
        if !matches!(scope, Scope::EngineNodes) {
            return None;
        }
        match count.fetch_add(1, Ordering::Relaxed) {
            0 => panic!("planted"),
            1 => Some(Error::new(codes::LV_T702, "store unreachable: planted")),
            _ => None,
        }
    });
    let tasks = Tasks::open(store.clone(), Settings::default(), world).await?;
    // Others go on all the while.
    tasks.change_lane("mail", LaneChange::Pause, "ann").await?;
    let recovered = timeout(GUARD, async {
        while hits.load(Ordering::Relaxed) < 3 {
            tokio::task::yield_now().await;
        }
    });
    assert!(recovered.await.is_ok(), "it came back after a panic and after an error");
    assert!(status_of(&tasks, "settle").ticks >= 1);
    store.heal();
    tasks.close(Duration::from_secs(10)).await
}

#[tokio::test]
async fn t_013_every_worker_is_started_by_default() -> Result {
    let world = World::real();
    let tasks = Tasks::open(MemoryStore::new(world.clone()), Settings::default(), world).await?;
    let started: Vec<_> = tasks.background().iter().map(|status| status.name).collect();
    let all: Vec<_> = tasks.tick_all().await?.iter().map(|(name, _)| *name).collect();
    assert_eq!(started, all);
    tasks.close(Duration::from_secs(10)).await
}

#[tokio::test]
async fn t_117_a_poison_run_is_postponed_and_the_others_are_settled() -> Result {
    let (world, clock) = World::sim(7);
    let store = Probed::new(MemoryStore::with_inline_run_max(world.clone(), 0));
    let node = Node::on(store.clone(), world, clock, Settings::without_background()).await?;
    let (bad, good) = (node.submit(chain(1)).await?, node.submit(chain(1)).await?);
    for claimed in node.claim(2).await? {
        node.complete(claimed.handle).await?;
    }
    store.fail(move |scope| (*scope == Scope::Marks(bad)).then(|| Error::new(codes::LV_T901, "rule E-2 violated: planted")));
    let report = node.tasks.tick("settle").await?;
    assert_eq!((report.count("errors"), report.count("runs_ended")), (1, 1));
    assert_eq!(report.left_alone, [ExecutionId(bad.0)], "it is listed");
    assert!(node.outcome(good).await?.is_some());
    store.heal();
    node.advance_ms(1_000);
    assert_eq!(node.tasks.tick("settle").await?.left_alone, []);
    assert!(node.outcome(bad).await?.is_some(), "nothing was lost");
    Ok(())
}

#[tokio::test]
async fn t_117_a_node_that_is_dropped_ends_its_loops() -> Result {
    let world = World::real();
    let loops = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = loops();
    let tasks = Tasks::open(MemoryStore::new(world.clone()), Settings::default(), world).await?;
    assert!(loops() > before);
    drop(tasks);
    let ended = timeout(GUARD, async {
        while loops() > before {
            tokio::task::yield_now().await;
        }
    });
    assert!(ended.await.is_ok());
    Ok(())
}

#[test]
fn background_work_needs_a_runtime_and_says_so() {
    let world = World::real();
    let open = Tasks::open(MemoryStore::new(world.clone()), Settings::default(), world.clone());
    assert_eq!(code(futures::executor::block_on(open)), "LV-T001");
    let tasks = Tasks::open(MemoryStore::new(world.clone()), Settings::without_background(), world);
    let Ok(tasks) = futures::executor::block_on(tasks) else { panic!("a node without loops needs none") };
    let waits = ClaimRequest { wait_ms: 10, ..ClaimRequest::of_lane("default", "w", 1, Token(1)) };
    assert_eq!(code(futures::executor::block_on(tasks.claim(waits))), "LV-T001");
}
