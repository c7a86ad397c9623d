//! Every statement of every operation and background worker, on PostgreSQL.

use anyhow::{Result, ensure};
use levada_testing_postgres::database;
use levada_testing_tasks::chaos::cut::{Stand, Sweep, expected};
use levada_testing_tasks::chaos::operation::Operation;

/// Sweeps one in `of` of the operations.
async fn swept(part: usize, of: usize) -> Result<()> {
    let Some(database) = database() else { return Ok(()) };
    let stand = Stand::start(&database).await?;
    let (mut cases, mut failures) = (0, Vec::new());
    for operation in Operation::ALL.iter().skip(part).step_by(of) {
        let report = stand.sweep(*operation, Sweep::InTurn).await?;
        cases += report.cases;
        failures.extend(report.failures);
    }
    ensure!(failures.is_empty(), "{} of {cases} failed\n{}", failures.len(), failures.join("\n\n"));
    Ok(())
}

#[tokio::test]
async fn every_scene_ends_well_when_nothing_is_in_its_way() -> Result<()> {
    for operation in Operation::ALL {
        expected(*operation).await?;
    }
    Ok(())
}

#[tokio::test]
async fn t_101_a_cut_at_every_statement_first_part() -> Result<()> {
    swept(0, 4).await
}

#[tokio::test]
async fn t_101_a_cut_at_every_statement_second_part() -> Result<()> {
    swept(1, 4).await
}

#[tokio::test]
async fn t_101_a_cut_at_every_statement_third_part() -> Result<()> {
    swept(2, 4).await
}

#[tokio::test]
async fn t_101_a_cut_at_every_statement_fourth_part() -> Result<()> {
    swept(3, 4).await
}

#[tokio::test]
async fn t_101_calls_of_one_statement_are_cut_at_it() -> Result<()> {
    let Some(database) = database() else { return Ok(()) };
    let stand = Stand::start(&database).await?;
    for operation in
        [Operation::Claim, Operation::Renew, Operation::CompleteAlone, Operation::CompleteMarked, Operation::FailAlone]
    {
        let report = stand.sweep(operation, Sweep::Full).await?;
        ensure!(report.alone > 0, "{} has no statement of its own", operation.name());
        ensure!(report.failures.is_empty(), "{}", report.failures.join("\n\n"));
    }
    Ok(())
}
