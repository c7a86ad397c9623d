//! What a node that is stopped under load leaves behind: nothing, however often it is opened and closed.

use std::time::Duration;

use levada_base::World;
use levada_store::alphabets::EventKind;
use levada_store::{Filter, MemoryStore, Store};
use levada_store_postgres::PostgresStore;
use levada_store_sqlite::SqliteStore;
use levada_tasks::worker::{Stop, Worker};
use levada_tasks::{Settings, Tasks};
use levada_testing_postgres::database;

use crate::node::{Result, chain, wide};

const PATIENCE: Duration = Duration::from_secs(10);

async fn done() -> std::result::Result<(), Stop> {
    Ok(())
}

/// Two nodes with a worker each, closed while the workers work, and then the workers.
async fn stopped_under_load<S: Store>(first: S, second: S, world: &World) -> Result {
    let first = Tasks::open(first, Settings::default(), world.clone()).await?;
    let second = Tasks::open(second, Settings::default(), world.clone()).await?;
    let ends = Filter { kinds: vec![EventKind::Ended], ..Filter::default() };
    let mut feed = first.subscribe(ends, None);
    let mut workers = Vec::new();
    for tasks in [&first, &second] {
        workers.push(Worker::builder(tasks.clone(), world.clone()).max_concurrent(4).on("work", done).build()?.start());
    }
    first.submit_run(chain(4)).await?;
    second.submit_run(wide(16)).await?;
    feed.next().await?;
    drop(feed);
    first.clone().close(PATIENCE).await?;
    second.close(PATIENCE).await?;
    for worker in workers {
        worker.stop().await;
    }
    Ok(())
}

/// Tasks that live on the runtime, files and sockets that are open, and threads.
fn present() -> [usize; 3] {
    let entries = |directory: &str| std::fs::read_dir(directory).map_or(0, Iterator::count);
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    [tasks, entries("/proc/self/fd"), entries("/proc/self/task")]
}

#[tokio::test]
async fn t_117_nodes_in_memory_are_opened_and_closed_a_hundred_times() -> Result {
    let world = World::real();
    let store = MemoryStore::new(world.clone());
    let before = present();
    for _ in 0..100 {
        stopped_under_load(store.clone(), store.clone(), &world).await?;
    }
    assert_eq!(present(), before, "tasks, files, threads");
    Ok(())
}

#[tokio::test]
async fn t_117_nodes_on_sqlite_are_opened_and_closed_a_hundred_times() -> Result {
    let directory = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let settings = levada_store_sqlite::Settings::new(directory.path().join("tasks.db"));
    let world = World::real();
    let before = present();
    for _ in 0..100 {
        let store = SqliteStore::open(settings.clone(), world.clone())?;
        stopped_under_load(store.clone(), store.clone(), &world).await?;
        store.close();
    }
    assert_eq!(present(), before, "tasks, files, threads");
    Ok(())
}

/// Fewer times: each opens two pools of connections.
#[tokio::test]
async fn t_117_nodes_on_postgres_are_opened_and_closed_again_and_again() -> Result {
    let Some(database) = database() else { return Ok(()) };
    let world = World::real();
    let [tasks, ..] = present();
    for _ in 0..10 {
        let open = async || PostgresStore::open(levada_store_postgres::Settings::new(database.url()), world.clone()).await;
        stopped_under_load(open().await?, open().await?, &world).await?;
    }
    let connections = || {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'levada'";
        database.sql(sql).unwrap_or_else(|error| panic!("{error}"))
    };
    // The server takes a moment to see that a client is gone.
    let gone = async {
        while present()[0] > tasks || connections() != "0" {
            tokio::task::yield_now().await;
        }
    };
    let gone = tokio::time::timeout(Duration::from_secs(60), gone).await;
    assert!(gone.is_ok(), "{} connections, {:?}", connections(), present());
    Ok(())
}
