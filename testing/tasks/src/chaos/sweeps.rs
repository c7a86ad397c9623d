//! The long sweeps, as the tool runs them: what the gate tries a little, in full.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use levada_testing_postgres::{database, server};

use super::cut::{Report, Stand, Sweep as Depth};
use super::history::{Every, play};
use super::operation::Operation;
use super::place::Place;
use super::verdict::Verdict;
use super::{abort, disturb, meet};
use crate::ring0::Dice;

/// A long sweep.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Sweep {
    /// Cuts and ends of backends at every statement of every operation, on PostgreSQL.
    Cuts {
        /// Only this operation.
        #[arg(long)]
        only: Option<String>,
    },
    /// Ends of the process at every statement of every operation, on SQLite.
    Aborts {
        #[arg(long)]
        only: Option<String>,
    },
    /// Every ordered pair of calls at the same moment, on both.
    Pairs {
        #[arg(long, default_value_t = 1_000)]
        times: usize,
        /// Only pairs whose names contain this.
        #[arg(long)]
        only: Option<String>,
    },
    /// Kills of processes under load, on SQLite and on PostgreSQL.
    Kills {
        #[arg(long, default_value_t = 1)]
        seed: u64,
        #[arg(long, default_value_t = 1_000)]
        kills: u64,
    },
    /// Restarts of the server under load.
    Restarts {
        #[arg(long, default_value_t = 10)]
        minutes: u64,
        #[arg(long, default_value_t = 5_000)]
        runs: u64,
    },
    /// Transactions that fail, one in ten.
    Failures {
        #[arg(long, default_value_t = 5_000)]
        runs: u64,
    },
    /// The same random histories on all stores.
    Histories {
        #[arg(long, default_value_t = 0)]
        seed: u64,
        #[arg(long, default_value_t = 10_000)]
        count: u64,
        #[arg(long, default_value_t = 40)]
        steps: usize,
    },
}

/// Runs it and prints what it came to.
///
/// # Errors
/// What failed, with how to try it again.
pub async fn run(sweep: Sweep) -> Result<()> {
    match sweep {
        Sweep::Cuts { only } => cuts(only.as_deref()).await,
        Sweep::Aborts { only } => aborts(only.as_deref()).await,
        Sweep::Pairs { times, only } => pairs(times, only.as_deref()).await,
        Sweep::Kills { seed, kills } => killed(seed, kills).await,
        Sweep::Restarts { minutes, runs } => restarted(minutes, runs).await,
        Sweep::Failures { runs } => failed(runs).await,
        Sweep::Histories { seed, count, steps } => histories(seed, count, steps).await,
    }
}

async fn killed(seed: u64, kills: u64) -> Result<()> {
    let program = std::env::current_exe().context("this program cannot be found")?;
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("tasks.db");
    let ledger = directory.path().join("sqlite.ledger");
    told_of("SQLite", &disturb::kills(&program, &file.to_string_lossy(), &ledger, seed, kills, 1).await?);
    abort::whole(&file)?;
    if let Some(database) = database() {
        let ledger = directory.path().join("postgres.ledger");
        told_of("PostgreSQL", &disturb::kills(&program, &database.url(), &ledger, seed, kills, 2).await?);
    }
    Ok(())
}

async fn restarted(minutes: u64, runs: u64) -> Result<()> {
    let Some(server) = server(&levada_testing_postgres::Settings::fast()) else { return Ok(()) };
    let directory = tempfile::tempdir()?;
    let mut dice = Dice::new(minutes);
    let (mut pauses, mut left) = (Vec::new(), Duration::from_secs(minutes * 60));
    while left > Duration::ZERO {
        let pause = Duration::from_millis(5_000 + dice.word() % 35_000).min(left);
        pauses.push(pause);
        left -= pause;
    }
    let (verdict, restarts) = disturb::restarts(server, runs, &pauses, &directory.path().join("ledger")).await?;
    println!("{restarts} restarts");
    told_of("PostgreSQL", &verdict);
    Ok(())
}

async fn failed(runs: u64) -> Result<()> {
    let Some(database) = database() else { return Ok(()) };
    let directory = tempfile::tempdir()?;
    told_of("PostgreSQL", &disturb::failures(&database, runs, &directory.path().join("ledger")).await?);
    Ok(())
}

fn told_of(store: &str, verdict: &Verdict) {
    let Verdict { runs, executions, effects, recorded, book } = verdict;
    println!(
        "{store}: {runs} runs, {executions} executions, {effects} effects, {recorded} results, refused {:?}",
        book.refused
    );
}

fn operations(only: Option<&str>) -> impl Iterator<Item = Operation> {
    Operation::ALL.iter().copied().filter(move |operation| only.is_none_or(|name| name == operation.name()))
}

fn told(operation: Operation, report: &Report) -> usize {
    println!("{}: {} cases, {} stopped, {} failed", operation.name(), report.cases, report.fired, report.failures.len());
    report.failures.iter().for_each(|failure| println!("{failure}\n"));
    report.failures.len()
}

async fn cuts(only: Option<&str>) -> Result<()> {
    let Some(database) = database() else { return Ok(()) };
    let stand = Stand::start(&database).await?;
    let mut failed = 0;
    for operation in operations(only) {
        failed += told(operation, &stand.sweep(operation, Depth::Full).await?);
    }
    ensure!(failed == 0, "{failed} failed; try one again with: chaos-tasks cuts --only <operation>");
    Ok(())
}

async fn aborts(only: Option<&str>) -> Result<()> {
    let program = std::env::current_exe().context("this program cannot be found")?;
    let mut failed = 0;
    for operation in operations(only) {
        failed += told(operation, &abort::sweep(&program, operation, 1, 1).await?);
    }
    ensure!(failed == 0, "{failed} failed; try one again with: chaos-tasks aborts --only <operation>");
    Ok(())
}

async fn pairs(times: usize, only: Option<&str>) -> Result<()> {
    let wanted = |pair: &[super::pair::Call; 2]| only.is_none_or(|text| format!("{pair:?}").contains(text));
    let pairs: Vec<_> = meet::pairs().filter(wanted).collect();
    let on_sqlite = meet::on_sqlite(&pairs, times).await?;
    println!("SQLite: {} pairs, {} failed", on_sqlite.pairs, on_sqlite.failures.len());
    let mut failures = on_sqlite.failures;
    if let Some(database) = database() {
        let on_postgres = meet::on_postgres(&database, &pairs, times).await?;
        println!("PostgreSQL: {} pairs, {} failed", on_postgres.pairs, on_postgres.failures.len());
        failures.extend(on_postgres.failures);
    }
    failures.iter().for_each(|failure| println!("{failure}\n"));
    ensure!(failures.is_empty(), "{} failed; try one again with: chaos-tasks pairs --only '[Claim, Renew]'", failures.len());
    Ok(())
}

async fn histories(seed: u64, count: u64, steps: usize) -> Result<()> {
    let own = server(&levada_testing_postgres::Settings::fast());
    let mut played = [0; 3];
    for seed in seed..seed + count {
        let again = |wrong| anyhow!("{wrong}\ntry again with: chaos-tasks histories --seed {seed} --count 1 --steps {steps}");
        played[0] += play(seed, steps, &Place::Memory, Every(1)).await.map_err(again)?;
        played[1] += play(seed, steps, &Place::SqliteMemory, Every(1)).await.map_err(again)?;
        if let Some(server) = &own
            && seed % 10 == 0
        {
            let database = server.create_database()?;
            let settings = levada_store_postgres::Settings::new(database.url());
            let place = Place::Postgres(levada_store_postgres::Settings { listen: false, ..settings });
            played[2] += play(seed, steps, &place, Every(5)).await.map_err(again)?;
        }
    }
    let [memory, sqlite, postgres] = played;
    println!("{count} histories: {memory} steps in memory, {sqlite} on SQLite, {postgres} on PostgreSQL");
    Ok(())
}
