//! Two calls at the same moment come to one of the two orders.

use anyhow::{Result, ensure};
use levada_testing_postgres::database;
use levada_testing_tasks::chaos::meet::{Met, on_postgres, on_sqlite, pairs};

fn all_met(met: &Met) -> Result<()> {
    let shown: Vec<_> = met.failures.iter().take(5).map(String::as_str).collect();
    ensure!(met.failures.is_empty(), "{} of {} failed\n{}", met.failures.len(), met.pairs, shown.join("\n\n"));
    Ok(())
}

/// One pair in five; the tool plays all of them.
async fn met_on_postgres(part: usize) -> Result<()> {
    let Some(database) = database() else { return Ok(()) };
    let pairs: Vec<_> = pairs().skip(part).step_by(5).collect();
    all_met(&on_postgres(&database, &pairs, 1).await?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_103_pairs_on_two_nodes() -> Result<()> {
    met_on_postgres(0).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_103_other_pairs_on_two_nodes() -> Result<()> {
    met_on_postgres(1).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_103_pairs_on_one_file() -> Result<()> {
    let pairs: Vec<_> = pairs().collect();
    all_met(&on_sqlite(&pairs, 1).await?)
}
