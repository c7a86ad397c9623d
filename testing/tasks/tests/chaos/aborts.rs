//! A process that ends at a statement, for the statements of every operation, on SQLite.

use std::path::Path;

use anyhow::{Result, ensure};
use levada_testing_tasks::chaos::abort::sweep;
use levada_testing_tasks::chaos::operation::Operation;

const PROGRAM: &str = env!("CARGO_BIN_EXE_chaos-tasks");
/// The gate looks at one statement in so many, beginning at a different one for each operation; the tool looks at all.
const EVERY: usize = 4;

async fn swept(part: usize, of: usize) -> Result<()> {
    let (mut cases, mut failures) = (0, Vec::new());
    for (n, operation) in (1..).zip(Operation::ALL).skip(part).step_by(of) {
        let report = sweep(Path::new(PROGRAM), *operation, n % 4 + 1, EVERY).await?;
        ensure!(report.fired > 0, "nothing was stopped in {}", operation.name());
        cases += report.cases;
        failures.extend(report.failures);
    }
    ensure!(failures.is_empty(), "{} of {cases} failed\n{}", failures.len(), failures.join("\n\n"));
    Ok(())
}

#[tokio::test]
async fn t_101_an_end_at_every_statement_first_half() -> Result<()> {
    swept(0, 2).await
}

#[tokio::test]
async fn t_101_an_end_at_every_statement_second_half() -> Result<()> {
    swept(1, 2).await
}
