//! A load on a store in real time, with all background work, while somebody disturbs it; and the process that does nothing else, to be killed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use levada_base::{Kind, World};
use levada_store::{Query, Store};
use levada_tasks::{Settings, Tasks};

use super::ledger::Ledger;
use super::load::Load;
use super::pace;
use super::place::{AnyStore, Place};
use super::verdict::{Verdict, judge};

/// A node closes within this.
const CLOSE: Duration = Duration::from_secs(10);
/// How often, and how long apart, a node is asked whether it is still behind its load.
const LOOKS: u32 = 300;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// Runs of at most so many members are settled where they end: runs of a load are larger, so that marks are used, too.
pub const INLINE_RUN_MAX: i32 = 3;

/// What a process of a load is told.
#[derive(Debug, Clone, clap::Args)]
pub struct Process {
    /// The URL of a PostgreSQL database, or the path of a SQLite file.
    #[arg(long)]
    pub store: String,
    #[arg(long)]
    pub ledger: PathBuf,
    #[arg(long)]
    pub seed: u64,
    #[arg(long)]
    pub first_run: u64,
    #[arg(long)]
    pub runs: u64,
}

/// The place that a word names.
#[must_use]
pub fn place(store: &str) -> Place {
    if store.starts_with("postgres://") {
        Place::Postgres(levada_store_postgres::Settings::new(store))
    } else {
        Place::Sqlite(levada_store_sqlite::Settings::new(store))
    }
}

/// Opens a node in the world as it is, with all background work.
///
/// # Errors
/// What the store says.
pub async fn open(place: &Place) -> Result<Tasks<AnyStore>> {
    let world = World::real();
    let store = place.open(INLINE_RUN_MAX, world.clone()).await?;
    Ok(Tasks::open(store, Settings::default(), world).await?)
}

/// The process: works until everything it submitted has ended.
///
/// # Errors
/// What the engine says and no load may meet.
pub async fn run(process: Process) -> Result<()> {
    let tasks = open(&place(&process.store)).await?;
    let ledger = Ledger::append_to(&process.ledger)?.printed();
    load(&process).work(&tasks, &ledger, Arc::new(AtomicBool::new(false))).await?;
    Ok(tasks.close(CLOSE).await?)
}

fn load(process: &Process) -> Load {
    Load { seed: process.seed, first_run: process.first_run, runs: process.runs, workers: 4, batch: 3 }
}

/// Works through a load on several nodes in this process; `disturb` runs beside it and ends soon after the ledger has, which is when all
/// runs have ended. Then judges.
///
/// # Errors
/// What is wrong.
pub async fn endure(places: &[Place], runs: u64, book: &Ledger, disturb: impl Future<Output = Result<()>>) -> Result<Verdict> {
    let mut nodes = Vec::new();
    for place in places {
        nodes.push(open(place).await?);
    }
    let working = nodes.iter().enumerate().map(|(n, tasks)| {
        let own = Load { seed: n as u64, first_run: 0, runs, workers: 3, batch: 3 };
        let (tasks, book) = (tasks.clone(), book.clone());
        tokio::spawn(async move { own.work(&tasks, &book, Arc::new(AtomicBool::new(false))).await })
    });
    let working: Vec<_> = working.collect();
    let all = async {
        let mut worked = Ok(());
        for node in working {
            worked = worked.and(node.await.map_err(anyhow::Error::from).flatten());
        }
        book.end();
        worked
    };
    tokio::try_join!(all, disturb)?;
    for tasks in &nodes {
        caught_up(tasks).await?;
    }
    let retries = nodes.iter().map(|tasks| tasks.store().retries()).sum();
    for tasks in nodes {
        tasks.close(CLOSE).await?;
    }
    let place = places.first().context("a load without a node")?;
    Ok(Verdict { retries, ..settled(place, runs, book.path()).await? })
}

/// Waits for what the background work still has to do: under faults it may be behind the load (G-9). What it never does is left to the
/// judge.
async fn caught_up(tasks: &Tasks<AnyStore>) -> Result<()> {
    for _ in 0..LOOKS {
        let pending = Query::PendingCancels { namespaces: None, older_than_ms: 0, limit: 1 };
        match tasks.store().read(pending).await {
            Ok(page) if page.rows.cancel_pending.is_empty() => break,
            // The last outage may not be over for this node yet.
            Err(error) if error.kind() != Kind::Unavailable => return Err(error.into()),
            Ok(_) | Err(_) => {}
        }
        pace::pass(BETWEEN_LOOKS).await;
    }
    Ok(())
}

/// What was left by a load that is over.
///
/// # Errors
/// What is wrong.
pub async fn settled(place: &Place, runs: u64, ledger: &Path) -> Result<Verdict> {
    let rows = place.open(INLINE_RUN_MAX, World::real()).await?.dump().await?;
    let verdict = judge(&rows, ledger)?;
    ensure!(verdict.runs as u64 == runs, "{} of {runs} runs are there", verdict.runs);
    Ok(verdict)
}
