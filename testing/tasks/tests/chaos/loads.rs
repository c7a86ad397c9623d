//! A mixed load that is disturbed: nothing is lost, nothing recorded twice, nothing left over.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use levada_testing_postgres::{Settings, database, server};
use levada_testing_tasks::chaos::{abort, disturb};

const PROGRAM: &str = env!("CARGO_BIN_EXE_chaos-tasks");

#[tokio::test]
async fn t_102_processes_are_killed_on_sqlite() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("tasks.db");
    let ledger = directory.path().join("ledger");
    disturb::kills(Path::new(PROGRAM), &file.to_string_lossy(), &ledger, 1, 10, 1).await?;
    abort::whole(&file)
}

#[tokio::test]
async fn t_102_processes_are_killed_on_postgres() -> Result<()> {
    let Some(database) = database() else { return Ok(()) };
    let directory = tempfile::tempdir()?;
    disturb::kills(Path::new(PROGRAM), &database.url(), &directory.path().join("ledger"), 2, 10, 2).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_105_the_server_restarts() -> Result<()> {
    let Some(server) = server(&Settings::fast()) else { return Ok(()) };
    let directory = tempfile::tempdir()?;
    let pauses = [Duration::from_millis(700); 4];
    let (verdict, restarts) = disturb::restarts(server, 150, &pauses, &directory.path().join("ledger")).await?;
    ensure!(restarts > 0, "the load ended before the server stopped");
    ensure!(verdict.recorded > 0, "nothing was done");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_106_transactions_fail() -> Result<()> {
    let Some(database) = database() else { return Ok(()) };
    let directory = tempfile::tempdir()?;
    let verdict = disturb::failures(&database, 40, &directory.path().join("ledger")).await?;
    ensure!(verdict.recorded > 0, "nothing was done");
    Ok(())
}
