//! PB-16: a process that holds open runs and leases is killed; how soon another one claims, and has everything that was overdue handled.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use levada_base::World;
use levada_store::{DueKind, Store, Token};
use levada_tasks::spec::{ClaimRequest, GraphEdge, RunGraph};
use levada_tasks::{Settings, Tasks};

use super::Bench;
use super::figure::{Figures, Target};
use super::pb03_submit::plain;
use super::stores::{Kind, Place, Stores, open_postgres, open_sqlite};
use super::work::{Watch, call};

const RUNS: usize = 100_000;
const CALLERS: usize = 64;
/// Leases that the killed process holds, as short as can be.
const LEASES: usize = 2_000;
const TTL_MS: i64 = 1_000;
/// The longest that the overdue may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// What the process says when it has everything.
const READY: &str = "ready";

/// The process that is killed.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    #[arg(long, value_enum)]
    store: Kind,
    #[arg(long)]
    location: String,
    #[arg(long)]
    runs: usize,
}

pub async fn run<S: Stores>(bench: &Bench<S>) -> Result<Figures> {
    let mut figures = Figures::default();
    let place = bench.stores.place().await?;
    let Some(location) = place.location() else { return Ok(figures) };
    let runs = bench.scaled(RUNS);
    let mut child = Process::start(S::Place::KIND, &location, runs)?;
    child.ready()?;
    child.kill()?;
    // The leases run out while nobody is there.
    tokio::time::sleep(Duration::from_millis(TTL_MS.unsigned_abs() * 2)).await;

    let watch = Watch::new();
    let began = watch.now();
    let tasks = bench.open(&place, "bench").await?;
    let request = ClaimRequest::of_lane("default", "after", 1, Token(0));
    let claimed = tasks.claim(ClaimRequest { token: watch.token(), ..request }).await?;
    let first = watch.now() - began;
    ensure!(claimed.len() == 1, "{} claimed after the restart", claimed.len());
    let overdue = overdue(&tasks, &watch, began).await?;
    let five = Target::at_most(5.0, None);
    figures.add(format!("start to first claim, {runs} open runs"), "s", first.as_secs_f64(), bench.target(five, five));
    let thirty = Target::at_most(30.0, None);
    let name = format!("start to {LEASES} overdue leases handled");
    figures.add(name, "s", overdue.as_secs_f64(), bench.target(thirty, thirty));
    tasks.close(super::CLOSE_LIMIT).await?;
    Ok(figures)
}

/// Until no lease is overdue.
async fn overdue<S: Store>(tasks: &Tasks<S>, watch: &Watch, began: Duration) -> Result<Duration> {
    loop {
        let now_ms = tasks.now().await?;
        let due = tasks.store().next_due(DueKind::Lease).await?;
        let took = watch.now() - began;
        if due.is_none_or(|due_ms| due_ms > now_ms) {
            return Ok(took);
        }
        ensure!(took < PATIENCE, "leases are overdue still");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A process that is killed at the latest when the value is dropped.
struct Process(Child);

impl Process {
    fn start(kind: Kind, location: &str, runs: usize) -> Result<Self> {
        let store = format!("{kind:?}").to_lowercase();
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["tasks-child", "--store", &store, "--location", location, "--runs", &runs.to_string()]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("a process to kill")?;
        Ok(Self(child))
    }

    fn ready(&mut self) -> Result<()> {
        let mut line = String::new();
        BufReader::new(self.0.stdout.take().context("what the process says")?).read_line(&mut line)?;
        ensure!(line.trim() == READY, "the process said {line:?}");
        Ok(())
    }

    fn kill(&mut self) -> Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already, unless something went wrong before.
        let _ = self.kill();
    }
}

/// Submits the runs, takes the leases, says so, and waits for its end.
pub fn child(arguments: &Arguments) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match arguments.store {
            Kind::Sqlite => hold(open_sqlite(&arguments.location)?, arguments.runs).await,
            Kind::Postgres => hold(open_postgres(&arguments.location, "child").await?, arguments.runs).await,
            Kind::Memory => bail!("what is in memory does not outlive the process"),
        }
    })
}

async fn hold<S: Store>(store: S, runs: usize) -> Result<()> {
    let tasks = Tasks::open(store, Settings::default(), World::real()).await?;
    let submitting = tasks.clone();
    call(CALLERS, runs, move |_| {
        let tasks = submitting.clone();
        async move {
            tasks.submit_run(pair()).await?;
            Ok(())
        }
    })
    .await?;
    let watch = Watch::new();
    for _ in 0..LEASES.min(runs / 2).div_ceil(500) {
        let request = ClaimRequest { ttl_ms: TTL_MS, ..ClaimRequest::of_lane("default", "before", 500, watch.token()) };
        tasks.claim(request).await?;
    }
    println!("{READY}");
    std::future::pending().await
}

fn pair() -> RunGraph {
    let edges = vec![GraphEdge::success("first", "second")];
    RunGraph { name: "pair".to_owned(), nodes: vec![plain("first"), plain("second")], edges, ..RunGraph::default() }
}
