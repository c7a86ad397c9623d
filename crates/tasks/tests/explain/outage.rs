//! A store that does not answer is a reason like others.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};

use levada_base::{Code, Error, World, codes};
use levada_store::{Cursor, DueKind, EventPage, Filter, MemoryStore, Page, Plan, Query, Scope, State, Store, WakeReceiver};

use crate::scene::{Result, Scene, member, work};

/// A store whose reads fail when told to.
struct Broken {
    below: MemoryStore,
    is_down: AtomicBool,
    code: Code,
}

impl Store for Broken {
    fn transact<R: Send + 'static>(
        &self,
        scope: Scope,
        plan: impl Plan<R> + 'static,
    ) -> impl Future<Output = Result<R>> + Send {
        self.below.transact(scope, plan)
    }

    async fn read(&self, query: Query) -> Result<Page> {
        match self.is_down.load(Ordering::Relaxed) {
            true => Err(Error::new(self.code, "store unreachable: connection refused")),
            false => self.below.read(query).await,
        }
    }

    async fn events(&self, after: Cursor, filter: &Filter, limit: u32) -> Result<EventPage> {
        self.below.events(after, filter, limit).await
    }

    async fn next_due(&self, kind: DueKind) -> Result<Option<i64>> {
        self.below.next_due(kind).await
    }

    async fn now(&self) -> Result<i64> {
        self.below.now().await
    }

    fn wake(&self) -> WakeReceiver {
        self.below.wake()
    }

    async fn dump(&self) -> Result<State> {
        self.below.dump().await
    }

    fn instance(&self) -> u128 {
        self.below.instance()
    }
}

async fn scene(code: Code) -> Result<Scene<Broken>> {
    let (world, clock) = World::sim(7);
    let broken = Broken { below: MemoryStore::new(world.clone()), is_down: AtomicBool::new(false), code };
    let mut scene = Scene::on(broken, world, clock).await?;
    scene.create(work("")).await?;
    scene.tasks.store().is_down.store(true, Ordering::Relaxed);
    Ok(scene)
}

#[tokio::test]
async fn t_120_the_store_does_not_answer() -> Result {
    let mut scene = scene(codes::LV_T702).await?;
    let expected = "execution \"<work>\" is unknown: the store does not answer (LV-T702): store unreachable: connection refused \
         [an operator, until the store answers]";
    scene.expect(member(1), &[expected]).await?;
    scene.tasks.store().is_down.store(false, Ordering::Relaxed);
    scene.follow(levada_store::ExecutionId(1)).await?;
    Ok(())
}

#[tokio::test]
async fn t_120_damaged_rows_are_an_error() -> Result {
    let scene = scene(codes::LV_T710).await?;
    let error = scene.tasks.explain(member(1)).await.expect_err("it is damaged");
    assert_eq!(error.code(), codes::LV_T710);
    Ok(())
}
