//! A mixed load that is disturbed: nothing is lost, nothing recorded twice, nothing left over.

use std::path::Path;

use anyhow::Result;
use levada_testing_postgres::{Settings, database, server};
use levada_testing_tasks::chaos::disturb::Moment;
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
    let moments = [Moment::Lines(60); 4];
    disturb::restarts(server, 60, &moments, &directory.path().join("ledger")).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_106_transactions_fail() -> Result<()> {
    let Some(database) = database() else { return Ok(()) };
    let directory = tempfile::tempdir()?;
    disturb::failures(&database, 40, &directory.path().join("ledger")).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_106_a_server_is_gone_is_a_replica_and_only_reads() -> Result<()> {
    let Some(server) = server(&Settings::fast()) else { return Ok(()) };
    let directory = tempfile::tempdir()?;
    disturb::outages(server, 40, 1, &directory.path().join("ledger")).await?;
    Ok(())
}
