//! A stop at every statement of what must happen once: the end of an execution and its settling, the cancel of those who lost, a result with
//! the next claim.

use std::path::Path;

use anyhow::{Result, ensure};
use levada_testing_postgres::database;
use levada_testing_tasks::chaos::abort;
use levada_testing_tasks::chaos::cut::{Report, Stand, Sweep};
use levada_testing_tasks::chaos::operation::Operation;

const PROGRAM: &str = env!("CARGO_BIN_EXE_chaos-tasks");

fn no_failure(operation: Operation, report: &Report) -> Result<()> {
    ensure!(report.fired > 0, "nothing was stopped in {}", operation.name());
    let failures = &report.failures;
    ensure!(failures.is_empty(), "{} of {} failed\n{}", failures.len(), report.cases, failures.join("\n\n"));
    Ok(())
}

/// Every kind of stop at every statement. What is left must be what an undisturbed call leaves, to the row: one event of the end, one of the
/// group, one attempt of the child.
async fn on_postgres(operations: &[Operation]) -> Result<()> {
    let Some(database) = database() else { return Ok(()) };
    let stand = Stand::start(&database).await?;
    for operation in operations {
        no_failure(*operation, &stand.sweep(*operation, Sweep::Full).await?)?;
    }
    Ok(())
}

/// The process ends at every statement.
async fn on_sqlite(operations: &[Operation], every: usize) -> Result<()> {
    for operation in operations {
        no_failure(*operation, &abort::sweep(Path::new(PROGRAM), *operation, 1, every).await?)?;
    }
    Ok(())
}

/// The end of an upstream and what follows for its child: where it ends, or by a mark.
const ENDS: [Operation; 3] = [Operation::CompleteInline, Operation::CompleteMarked, Operation::Settle];
/// From the firing of a group to the end of those who lost.
const LOSERS: [Operation; 3] = [Operation::CompleteInline, Operation::Dispatch, Operation::Reconcile];

#[tokio::test]
async fn t_004_no_downstream_is_lost_on_sqlite() -> Result<()> {
    on_sqlite(&ENDS, 1).await
}

#[tokio::test]
async fn t_004_no_downstream_is_lost_on_postgres() -> Result<()> {
    on_postgres(&ENDS).await
}

#[tokio::test]
async fn t_068_losers_end_once_on_sqlite() -> Result<()> {
    on_sqlite(&LOSERS[1..], 1).await?;
    on_sqlite(&[Operation::DispatchChunks], 12).await
}

#[tokio::test]
async fn t_068_losers_end_once_on_postgres() -> Result<()> {
    on_postgres(&LOSERS[1..]).await
}

#[tokio::test]
async fn t_053_a_result_and_the_next_claim_are_both_or_neither() -> Result<()> {
    on_sqlite(&[Operation::CompleteAndClaim], 1).await?;
    on_postgres(&[Operation::CompleteAndClaim]).await
}
