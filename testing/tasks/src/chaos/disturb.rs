//! Who disturbs a load: processes are killed (T-102), servers restart (T-105), transactions fail and servers do not serve (T-106). Each
//! fault is proven to have struck; a load that nothing struck is an error.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use levada_base::World;
use levada_store_postgres::Settings;
use levada_testing_postgres::{Database, Mode, Server};

use super::ledger::Ledger;
use super::live::{INLINE_RUN_MAX, endure, place, settled};
use super::pace;
use super::place::Place;
use super::process::{Job, Process};
use super::sabotage::{Sabotage, Strike};
use super::verdict::Verdict;
use crate::ring0::Dice;

/// Runs of a load for each kill.
const RUNS_PER_KILL: u64 = 8;
/// A process is killed before it has written so many lines.
const LINES_PER_LIFE: u64 = 40;
/// What a transaction may be refused with: contention of three kinds, a statement's timeout, a disk, a server that only reads.
const STATES: [&str; 7] = ["40001", "40P01", "55P03", "57014", "53100", "25006", "58030"];
/// Those of them that are told at once: the server cannot write.
const CANNOT_WRITE: [&str; 3] = ["53100", "25006", "58030"];
/// Lines of the ledger for which one of them is in force, at least.
const LINES_PER_STATE: u64 = 15;
/// Lines of the ledger between two outages.
const LINES_BETWEEN: u64 = 30;
/// A load that nobody disturbs any longer ends within this.
const PATIENCE: Duration = Duration::from_secs(180);
/// An outage, with what the server needs to end and to begin again, is over within this.
const OUTAGE: Duration = Duration::from_secs(30);

/// T-102: kills processes of a load on one store, `processes` at a time, and lets the last ones end.
///
/// # Errors
/// What was lost, doubled or left over, or that the kills did not strike.
pub async fn kills(program: &Path, store: &str, ledger: &Path, seed: u64, kills: u64, processes: usize) -> Result<Verdict> {
    let mut dice = Dice::new(seed);
    let job = Job { program, store, ledger, runs: kills * RUNS_PER_KILL };
    let submitted = Arc::new(AtomicU64::new(0));
    let mut number = seed.wrapping_mul(1_000_000);
    let mut start = |first_run| {
        number += 1;
        Process::start(job, number, first_run, &submitted)
    };
    let (mut living, mut killed) = (Vec::new(), 0);
    for _ in 0..kills {
        while living.len() < processes {
            living.push(start(submitted.load(Ordering::Relaxed).min(job.runs))?);
        }
        let mut one: Process = living.swap_remove(dice.up_to(living.len()));
        one.lines(dice.word() % LINES_PER_LIFE).await;
        killed += u64::from(one.kill()?);
    }
    // The last one submits what was not, and waits for all.
    living.push(start(0)?);
    for process in living {
        let status = process.end().await?;
        ensure!(status.success(), "a process that nobody killed ended with {status}");
    }
    let verdict = settled(&self::place(store), job.runs, ledger).await?;
    ensure!(killed * 10 >= kills * 9, "only {killed} of {kills} processes were alive when they were killed");
    ensure!(verdict.crashed > 0, "no kill struck a worker that held something");
    Ok(verdict)
}

/// When a server is stopped next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// When so much more was done.
    Lines(u64),
    /// When so much time has passed. For long sweeps.
    Time(Duration),
}

/// T-105: a server stops, at once or orderly, and starts again while two nodes work on it. Returns how often.
///
/// # Errors
/// What was lost, doubled or left over, or that no call met a restart.
pub async fn restarts(server: Server, runs: u64, moments: &[Moment], ledger: &Path) -> Result<(Verdict, u64)> {
    let database = server.create_database()?;
    let place = Place::Postgres(Settings::new(database.url()));
    let book = Ledger::append_to(ledger)?;
    // Whoever holds the server keeps it running.
    let (mut kept, mut done) = (None, 0);
    let disturb = async {
        let mut server = server;
        for (n, moment) in moments.iter().enumerate() {
            let goes_on = match moment {
                Moment::Lines(lines) => book.more(*lines).await,
                Moment::Time(span) => tokio::select! {
                    () = pace::pass(*span) => true,
                    over = book.more(u64::MAX / 2) => over,
                },
            };
            if !goes_on {
                break;
            }
            let mode = if n.is_multiple_of(2) { Mode::Immediate } else { Mode::Fast };
            server = elsewhere(server, move |server| server.restart(mode)).await?;
            done += 1;
        }
        kept = Some(server);
        Ok(())
    };
    let places = [place.clone(), place];
    let all = endure(&places, runs, &book, disturb);
    let limit = moments.iter().fold(PATIENCE, |limit, moment| match moment {
        Moment::Time(span) => limit + *span,
        Moment::Lines(_) => limit,
    });
    let verdict = tokio::time::timeout(limit, all).await.context("the load did not end")??;
    ensure!(done == moments.len() as u64, "the load ended after {done} of {} restarts", moments.len());
    drop(kept);
    ensure!(verdict.retries > 0, "no call met a restart");
    Ok((verdict, done))
}

/// T-106: one transaction in ten fails, with each of [`STATES`] in turn. Returns how often each struck.
///
/// # Errors
/// What was lost, doubled or left over, a state that never struck, or a refusal that is none of those that callers must expect.
pub async fn failures(database: &Database, runs: u64, ledger: &Path) -> Result<(Verdict, BTreeMap<&'static str, u64>)> {
    let settings = Settings::new(database.url());
    let place = Place::Postgres(settings.clone());
    drop(place.open(INLINE_RUN_MAX, World::real()).await?);
    let sabotage = Sabotage::install(database, &settings.schema)?;
    let book = Ledger::append_to(ledger)?;
    let mut struck = BTreeMap::from(STATES.map(|state| (state, 0)));
    let disturb = async {
        let mut states = STATES.iter().cycle();
        let (mut goes_on, mut told) = (true, false);
        while goes_on && let Some(sqlstate) = states.next() {
            sabotage.arm(Strike::Raise { sqlstate, permille: 100 })?;
            goes_on = book.more(LINES_PER_STATE).await;
            while goes_on && sabotage.struck()?.times == 0 {
                goes_on = book.more(1).await;
            }
            // A strike may meet background work, which tells no caller.
            if goes_on && !told && CANNOT_WRITE.contains(sqlstate) {
                told = book.refusal("LV-T703").await;
                goes_on = told;
            }
            *struck.entry(sqlstate).or_default() += sabotage.disarm()?.times;
        }
        Ok(())
    };
    let verdict = endure(&[place.clone(), place], runs, &book, disturb).await?;
    ensure!(struck.values().all(|times| *times > 0), "not every failure struck: {struck:?}");
    // Contention is tried again where it is met; that a server cannot write is told at once.
    ensure!(
        verdict.book.refused.contains_key("LV-T703"),
        "nobody was told that the server cannot write: {:?}",
        verdict.book.refused
    );
    expected(&verdict)?;
    Ok((verdict, struck))
}

/// T-106, ST-34: a server that is not there, that is a replica, that only reads, and between these one that serves.
///
/// # Errors
/// What was lost, doubled or left over, or that an outage was not told by its code.
pub async fn outages(server: Server, runs: u64, rounds: usize, ledger: &Path) -> Result<Verdict> {
    let database = server.create_database()?;
    let settings = Settings { operation_timeout: Duration::from_millis(600), ..Settings::new(database.url()) };
    let place = Place::Postgres(settings);
    let book = Ledger::append_to(ledger)?;
    let (mut kept, mut told) = (None, 0);
    let disturb = async {
        let mut server = server;
        for outage in OUTAGES.into_iter().cycle().take(rounds * OUTAGES.len()) {
            if !book.more(LINES_BETWEEN).await {
                break;
            }
            server = elsewhere(server, move |server| outage.begin(server)).await?;
            told += usize::from(book.refusal(outage.code()).await);
            server = elsewhere(server, move |server| outage.end(server)).await?;
        }
        kept = Some(server);
        Ok(())
    };
    let places = [place.clone(), place];
    let all = endure(&places, runs, &book, disturb);
    let limit = PATIENCE + OUTAGE * u32::try_from(rounds * OUTAGES.len()).unwrap_or(u32::MAX);
    let verdict = tokio::time::timeout(limit, all).await.context("the load did not end")??;
    ensure!(told == rounds * OUTAGES.len(), "the load ended after {told} of {} outages", rounds * OUTAGES.len());
    drop(kept);
    expected(&verdict)?;
    Ok(verdict)
}

/// What may be wrong with a whole server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outage {
    /// It is not there: connections are refused.
    Down,
    Replica,
    ReadOnly,
}

const OUTAGES: [Outage; 3] = [Outage::Down, Outage::Replica, Outage::ReadOnly];
const READ_ONLY: &str = "default_transaction_read_only";

impl Outage {
    fn code(self) -> &'static str {
        match self {
            Self::Down => "LV-T702",
            Self::Replica => "LV-T709",
            Self::ReadOnly => "LV-T703",
        }
    }

    fn begin(self, server: &mut Server) -> Result<()> {
        match self {
            Self::Down => server.stop(Mode::Fast),
            Self::Replica => server.become_replica(),
            Self::ReadOnly => server.reconfigure(READ_ONLY, "on"),
        }
    }

    fn end(self, server: &mut Server) -> Result<()> {
        match self {
            Self::Down => server.start_again(),
            Self::Replica => server.promote(),
            Self::ReadOnly => server.reconfigure(READ_ONLY, "off"),
        }
    }
}

/// Does something to a server that takes its time.
async fn elsewhere(mut server: Server, act: impl FnOnce(&mut Server) -> Result<()> + Send + 'static) -> Result<Server> {
    tokio::task::spawn_blocking(move || act(&mut server).map(|()| server)).await?
}

/// What a caller must expect: contention, a server that is not there, cannot write or is a replica, an unknown outcome, a lost lease, an
/// end by somebody else.
const EXPECTED: [&str; 11] =
    ["LV-T701", "LV-T702", "LV-T703", "LV-T704", "LV-T709", "LV-T101", "LV-T102", "LV-T103", "LV-T104", "LV-T203", "LV-T805"];

fn expected(verdict: &Verdict) -> Result<()> {
    for code in verdict.book.refused.keys() {
        ensure!(EXPECTED.contains(&code.as_str()), "refused with {code}, which nobody expects: {:?}", verdict.book.refused);
    }
    Ok(())
}
