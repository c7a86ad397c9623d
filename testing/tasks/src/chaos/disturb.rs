//! Who disturbs a load: processes are killed (T-102), servers restart (T-105), transactions fail (T-106).

use std::path::Path;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use levada_base::World;
use levada_store_postgres::Settings;
use levada_testing_postgres::{Database, Mode, Server};

use super::live::{INLINE_RUN_MAX, endure, place, settled};
use super::pace;
use super::place::Place;
use super::sabotage::{Sabotage, Strike};
use super::verdict::Verdict;
use crate::ring0::Dice;

/// Runs that a process works through before the next load.
const RUNS_PER_KILL: u64 = 4;
/// A process lives at most so long before it is killed.
const LIFE_MS: u64 = 600;
/// A load that nobody disturbs any longer ends within this.
const PATIENCE: Duration = Duration::from_secs(120);
/// What a transaction may be refused with: contention of three kinds, and a statement's timeout.
const STATES: [&str; 4] = ["40001", "40P01", "55P03", "57014"];

/// T-102: kills processes of a load on one store, `processes` at a time, and lets the last ones end.
///
/// # Errors
/// What was lost, doubled or left over.
pub async fn kills(program: &Path, store: &str, ledger: &Path, seed: u64, kills: u64, processes: usize) -> Result<Verdict> {
    let mut dice = Dice::new(seed);
    let runs = kills * RUNS_PER_KILL;
    let start = |number: u64| {
        let mut command = Command::new(program);
        command.args(["process", "--store", store, "--first-run", "0"]).args(["--runs", &runs.to_string()]);
        command.args(["--seed", &number.to_string(), "--ledger"]).arg(ledger);
        command.spawn().context("a process cannot be started")
    };
    let mut number = seed.wrapping_mul(1_000_000);
    let mut living = Vec::new();
    for _ in 0..kills {
        while living.len() < processes {
            number += 1;
            living.push(start(number)?);
        }
        let life = Duration::from_millis(50 + dice.word() % LIFE_MS);
        pace::pass(life).await;
        let mut one: Child = living.swap_remove(dice.up_to(living.len()));
        // A process that has ended already cannot be killed, which is fine.
        one.kill().ok();
        one.wait()?;
    }
    if living.is_empty() {
        living.push(start(number + 1)?);
    }
    for mut process in living {
        let status = tokio::task::spawn_blocking(move || process.wait()).await??;
        ensure!(status.success(), "the last process ended with {status}");
    }
    settled(&place(store), runs, ledger).await
}

/// T-105: a server stops, at once or orderly, and starts again while two nodes work on it.
///
/// # Errors
/// What was lost, doubled or left over.
pub async fn restarts(server: Server, runs: u64, pauses: &[Duration], ledger: &Path) -> Result<(Verdict, u64)> {
    let database = server.create_database()?;
    let place = Place::Postgres(Settings::new(database.url()));
    let (mut server, mut done) = (Some(server), 0);
    let over = AtomicBool::new(false);
    let disturb = async {
        for (n, pause) in pauses.iter().enumerate() {
            pace::pass(*pause).await;
            if over.load(Ordering::Relaxed) {
                break;
            }
            let mode = if n.is_multiple_of(2) { Mode::Immediate } else { Mode::Fast };
            let mut taken = server.take().context("the server is in use")?;
            let back = tokio::task::spawn_blocking(move || taken.restart(mode).map(|()| taken)).await??;
            server = Some(back);
            done += 1;
        }
        Ok(())
    };
    let limit = PATIENCE + pauses.iter().sum();
    let verdict = tokio::time::timeout(limit, endure(&[place.clone(), place], runs, ledger, &over, disturb)).await;
    Ok((verdict.context("the load did not end")??, done))
}

/// T-106: one transaction in ten fails with contention or a timeout.
///
/// # Errors
/// What was lost, doubled or left over, or a refusal that is none of those that callers must expect.
pub async fn failures(database: &Database, runs: u64, ledger: &Path) -> Result<Verdict> {
    let settings = Settings::new(database.url());
    let place = Place::Postgres(settings.clone());
    drop(place.open(INLINE_RUN_MAX, World::real()).await?);
    let sabotage = Sabotage::install(database, &settings.schema)?;
    sabotage.arm(Strike::Raise { sqlstate: STATES[0], permille: 100 })?;
    let over = AtomicBool::new(false);
    let disturb = async {
        for sqlstate in STATES.iter().cycle().take_while(|_| !over.load(Ordering::Relaxed)) {
            sabotage.arm(Strike::Raise { sqlstate, permille: 100 })?;
            pace::pass(Duration::from_millis(200)).await;
        }
        sabotage.disarm().map(|_| ())
    };
    let verdict = endure(&[place.clone(), place], runs, ledger, &over, disturb).await?;
    for code in verdict.book.refused.keys() {
        ensure!(EXPECTED.contains(&code.as_str()), "refused with {code}, which nobody expects: {:?}", verdict.book.refused);
    }
    Ok(verdict)
}

/// What a caller must expect: contention, an unreachable store, an unknown outcome, a lost lease, an end by somebody else.
const EXPECTED: [&str; 9] = ["LV-T701", "LV-T702", "LV-T704", "LV-T101", "LV-T102", "LV-T103", "LV-T104", "LV-T203", "LV-T805"];
