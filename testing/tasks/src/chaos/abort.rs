//! T-101 on SQLite: a process that ends itself at the n-th statement of a call, for every n. What it leaves is a whole file; the next process
//! makes the same call and goes on.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use levada_base::{SimClock, World};
use levada_store_sqlite::{Settings, SqliteStore};

use super::cut::{Report, expected};
use super::node::Node;
use super::operation::{Operation, Ready};
use super::outcome::{Outcome, said};
use super::place::{AnyStore, Place};

/// Statements of one call that a sweep looks for before it gives up.
const STATEMENTS_MAX: u64 = 1_000_000;
const FILE: &str = "tasks.db";
/// The signal by which a process ends itself.
const ABORTED: i32 = 6;

/// What the process that ends itself is told.
#[derive(Debug, Clone, clap::Args)]
pub struct Step {
    /// The database file.
    #[arg(long)]
    pub file: PathBuf,
    /// Which operation, by its place in the list.
    #[arg(long)]
    pub operation: usize,
    /// What the scene says, as JSON.
    #[arg(long)]
    pub ready: String,
    /// How far the scene's clock is.
    #[arg(long)]
    pub elapsed_ms: u64,
    /// Before which statement of the call the process ends, from 1.
    #[arg(long)]
    pub at: u64,
}

/// Makes the call of a step; the process ends in the middle of it, unless the call has fewer statements.
///
/// # Errors
/// What the store or the engine says.
pub async fn run(step: Step) -> Result<()> {
    let operation = *Operation::ALL.get(step.operation).context("no such operation")?;
    let ready: Ready = serde_json::from_str(&step.ready)?;
    let (armed, seen) = (Arc::new(AtomicBool::new(false)), AtomicU64::new(0));
    let fuse = Arc::clone(&armed);
    let probe = Arc::new(move |_: &'static str| {
        if fuse.load(Ordering::Relaxed) && seen.fetch_add(1, Ordering::Relaxed) + 1 == step.at {
            std::process::abort();
        }
    });
    let (world, clock) = world_at(Duration::from_millis(step.elapsed_ms));
    let settings = settings(&step.file, operation);
    let store = SqliteStore::open_probed(settings, world.clone(), probe)?;
    let node = Node::over(AnyStore::from(store), world, clock).await?;
    armed.store(true, Ordering::Relaxed);
    operation.call(&node, &ready).await?;
    Ok(())
}

/// Sweeps every `every`-th statement of a call, fewer of those far behind unless it is every one, beginning with `first`; `program` runs a [`Step`] after the word "step".
///
/// # Errors
/// What went wrong with the test itself; the engine's failures are in the report.
pub async fn sweep(program: &Path, operation: Operation, first: u64, every: usize) -> Result<Report> {
    let undisturbed = expected(operation).await?;
    let directory = tempfile::tempdir()?;
    let scene = directory.path().join("scene");
    std::fs::create_dir(&scene)?;
    let (ready, elapsed) = prepare(&scene, operation).await?;
    let mut report = Report::default();
    let mut at = first;
    while at < STATEMENTS_MAX {
        let place = directory.path().join(format!("at-{at}"));
        copy(&scene, &place)?;
        let status = step(program, &place, operation, &ready, elapsed, at)?;
        report.cases += 1;
        let left = match whole(&place.join(FILE)) {
            Ok(()) => went_on(&place, operation, &ready, elapsed, &undisturbed).await,
            Err(wrong) => Err(wrong.to_string()),
        };
        if let Err(wrong) = left {
            report.failures.push(format!("{} ended at statement {at}: {wrong}", operation.name()));
        }
        std::fs::remove_dir_all(&place)?;
        if status.success() {
            return Ok(report);
        }
        report.fired += 1;
        // A call that runs one statement for each of a thousand rows is looked at less closely the further it is.
        let further = if every > 1 || operation.is_wide() { at * every as u64 / 16 } else { 0 };
        at += (every as u64).max(further);
    }
    bail!("{} has more than {STATEMENTS_MAX} statements", operation.name())
}

/// Plays up to the call and closes the file.
async fn prepare(scene: &Path, operation: Operation) -> Result<(Ready, Duration)> {
    let place = Place::Sqlite(settings(&scene.join(FILE), operation));
    let node = Node::open(&place, operation.inline_run_max()).await?;
    let ready = operation.prepare(&node).await?;
    Ok((ready, node.world.clock().elapsed()))
}

fn step(program: &Path, place: &Path, operation: Operation, ready: &Ready, elapsed: Duration, at: u64) -> Result<ExitStatus> {
    let mut command = Command::new(program);
    command.arg("step").arg("--file").arg(place.join(FILE)).args(["--at", &at.to_string()]);
    let index = Operation::ALL.iter().position(|other| *other == operation).context("an operation that is not listed")?;
    command.args(["--operation", &index.to_string(), "--ready", &serde_json::to_string(ready)?]);
    command.args(["--elapsed-ms", &elapsed.as_millis().to_string()]).current_dir(place);
    let output = command.output().context("the step cannot be started")?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let ended_itself = output.status.signal() == Some(ABORTED);
    ensure!(ended_itself || output.status.success(), "the step did not end as it should: {said}");
    Ok(output.status)
}

/// The same call by the next process, and then to the end.
async fn went_on(
    place: &Path,
    operation: Operation,
    ready: &Ready,
    elapsed: Duration,
    undisturbed: &Outcome,
) -> Result<(), String> {
    let (world, clock) = world_at(elapsed);
    let place = Place::Sqlite(settings(&place.join(FILE), operation));
    let node = Node::open_in(&place, operation.inline_run_max(), world, clock).await.map_err(|error| said(&error))?;
    Outcome::of_call(operation, &node, ready).await?.same(undisturbed)
}

fn world_at(elapsed: Duration) -> (World, SimClock) {
    let (world, clock) = World::sim(1);
    clock.advance(elapsed);
    (world, clock)
}

fn settings(file: &Path, operation: Operation) -> Settings {
    Settings { inline_run_max: operation.inline_run_max(), ..Settings::new(file) }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Whether SQLite itself finds nothing wrong with a file.
///
/// # Errors
/// What it found.
pub fn whole(file: &Path) -> Result<()> {
    let connection = rusqlite::Connection::open(file)?;
    let found: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    ensure!(found == "ok", "integrity_check: {found}");
    let strays = connection.prepare("PRAGMA foreign_key_check")?.exists([])?;
    ensure!(!strays, "foreign_key_check found rows");
    Ok(())
}
