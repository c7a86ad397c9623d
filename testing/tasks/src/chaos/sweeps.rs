//! The long sweeps, as the tool runs them: what the gate tries a little, in full.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use levada_testing_postgres::{database, server};

use super::cut::{Report, Stand, Sweep as Depth};
use super::history::{Every, play};
use super::operation::Operation;
use super::place::Place;
use super::verdict::Verdict;
use super::{abort, disturb, meet, refuse};
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
    /// Every ordered pair of calls, on both: one held at every transaction or statement, and at the same moment so many times.
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
    /// Failures that do not go away, in every operation.
    Refusals {
        #[arg(long)]
        only: Option<String>,
    },
    /// Transactions that fail, one in ten, and servers that do not serve.
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
        Sweep::Refusals { only } => refusals(only.as_deref()).await,
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
    let (mut moments, mut left) = (Vec::new(), Duration::from_secs(minutes * 60));
    while left > Duration::ZERO {
        let pause = Duration::from_millis(5_000 + dice.word() % 35_000).min(left);
        moments.push(disturb::Moment::Time(pause));
        left -= pause;
    }
    let (verdict, restarts) = disturb::restarts(server, runs, &moments, &directory.path().join("ledger")).await?;
    println!("{restarts} restarts");
    told_of("PostgreSQL", &verdict);
    Ok(())
}

async fn failed(runs: u64) -> Result<()> {
    let Some(database) = database() else { return Ok(()) };
    let directory = tempfile::tempdir()?;
    let (verdict, struck) = disturb::failures(&database, runs, &directory.path().join("ledger")).await?;
    println!("struck {struck:?}");
    told_of("PostgreSQL", &verdict);
    let Some(server) = server(&levada_testing_postgres::Settings::fast()) else { return Ok(()) };
    let rounds = usize::try_from(runs / 100)?.max(1);
    told_of("outages", &disturb::outages(server, runs, rounds, &directory.path().join("outages")).await?);
    Ok(())
}

fn told_of(store: &str, verdict: &Verdict) {
    let Verdict { runs, executions, effects, recorded, crashed, retries, book } = verdict;
    println!(
        "{store}: {runs} runs, {executions} executions, {effects} effects, {recorded} results, {crashed} crashed attempts, \
         {retries} transactions begun again, refused {:?}",
        book.refused
    );
}

fn operations(only: Option<&str>) -> impl Iterator<Item = Operation> {
    Operation::ALL.iter().copied().filter(move |operation| only.is_none_or(|name| name == operation.name()))
}

fn told(operation: Operation, report: &Report) -> usize {
    let Report { cases, fired, alone, failures } = report;
    println!("{}: {cases} cases, {fired} stopped, {alone} of one statement, {} failed", operation.name(), failures.len());
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
    let mut failures = Vec::new();
    let mut told = |store: &str, met: meet::Met| {
        let meet::Met { count, held, merged, passed_over, failures: wrong } = met;
        println!("{store}: {} pairs met {count} times, {held} held, {merged} merged, {} failed", pairs.len(), wrong.len());
        println!("a claim passed over: {passed_over:?}");
        failures.extend(wrong);
    };
    told("SQLite", meet::on_sqlite(&pairs, 2 * times).await?);
    if let Some(database) = database() {
        told("PostgreSQL, held at every statement", meet::on_postgres(&database, &pairs, meet::Points::All).await?);
    }
    if let Some(database) = database() {
        told("PostgreSQL, at once", meet::at_once(&database, &pairs, times).await?);
    }
    failures.iter().for_each(|failure| println!("{failure}\n"));
    ensure!(failures.is_empty(), "{} failed; try one again with: chaos-tasks pairs --only '[Claim, Renew]'", failures.len());
    Ok(())
}

/// Every failure that does not go away, in every operation.
async fn refusals(only: Option<&str>) -> Result<()> {
    let Some(database) = database() else { return Ok(()) };
    let stand = Stand::start(&database).await?;
    let mut failed = 0;
    for operation in operations(only) {
        for failure in refuse::FAILURES {
            if let Err(wrong) = stand.refuse(operation, *failure).await? {
                println!("{} {failure:?}: {wrong}\n", operation.name());
                failed += 1;
            }
        }
        println!("{}: {} failures", operation.name(), refuse::FAILURES.len());
    }
    ensure!(failed == 0, "{failed} failed; try one again with: chaos-tasks refusals --only <operation>");
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
