//! An order is quoted, charged, packed and shipped: ten executions, of which one is cancelled because it is not needed any more, one
//! is tried twice, one fails without harm, and one is left behind by a worker that crashes.
//!
//! ```text
//! cargo run -p levada-tasks --example orders                                 # a SQLite file in the directory for temporary files
//! cargo run -p levada-tasks --example orders -- /var/lib/shop.db             # a SQLite file of your choice
//! cargo run -p levada-tasks --example orders -- postgres://me@localhost/shop # a PostgreSQL database
//! ```
//!
//! Kill it at any moment and start it again: it goes on where it was and ends with the same results.

mod graph;
mod handlers;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use levada_base::{Error, World};
use levada_store::Store;
use levada_store_postgres::PostgresStore;
use levada_store_sqlite::SqliteStore;
use levada_tasks::rules::Created;
use levada_tasks::spec::ClaimRequest;
use levada_tasks::worker::Worker;
use levada_tasks::{Settings, Tasks};

#[tokio::main]
async fn main() -> ExitCode {
    match run(std::env::args().nth(1)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(store: Option<String>) -> Result<(), Error> {
    let world = World::real();
    match store {
        Some(url) if url.starts_with("postgres") => {
            eprintln!("store: PostgreSQL, schema \"levada\"");
            let settings = levada_store_postgres::Settings::new(&url);
            let store = PostgresStore::open(settings, world.clone()).await?;
            order(store, world).await
        }
        path => {
            let path = path.map_or_else(|| std::env::temp_dir().join("levada-orders.db"), PathBuf::from);
            eprintln!("store: SQLite, {}", path.display());
            let store = SqliteStore::open(levada_store_sqlite::Settings::new(path), world.clone())?;
            order(store, world).await
        }
    }
}

/// Everything below is the same for every store.
async fn order<S: Store>(store: S, world: World) -> Result<(), Error> {
    let tasks = Tasks::open(store, Settings::default(), world.clone()).await?;

    // The request key makes a second start find the first one's run.
    let submitted = tasks.submit_run(graph::order("1234")).await?;
    match &submitted {
        Created::Created(_) => eprintln!("order 1234 is submitted"),
        Created::Existing(_) => eprintln!("order 1234 was submitted by an earlier start: this one goes on where that was"),
    }
    let run = submitted.into_inner().run;

    crash(&tasks, &world).await?;

    let worker = Worker::builder(tasks.clone(), world)
        .name("warehouse")
        .lane("default")
        .lane("packing")
        .lease(Duration::from_secs(2))
        .on("receive", handlers::receive)
        .on("quote", handlers::quote)
        .on("choose", handlers::choose)
        .on("charge", handlers::charge)
        .on("loyalty", handlers::loyalty)
        .on("pack", handlers::pack)
        .on("ship", handlers::ship)
        .on("report", handlers::report)
        .build()?
        .start();

    let ended = tasks.wait_for_run(run, Duration::from_secs(60)).await?;
    worker.drain(Duration::from_secs(5)).await;
    show::results(&tasks, &ended.run).await?;
    tasks.close(Duration::from_secs(10)).await?;
    Ok(())
}

/// A worker that takes what there is to pack, and is never heard of again: it does not renew its lease and reports nothing.
async fn crash<S: Store>(tasks: &Tasks<S>, world: &World) -> Result<(), Error> {
    let token = levada_store::Token::new(world.now().millis(), [world.random(), world.random()]);
    let mut request = ClaimRequest::of_lane("packing", "clumsy", 1, token);
    request.ttl_ms = 1_000;
    tasks.claim(request).await?;
    Ok(())
}
