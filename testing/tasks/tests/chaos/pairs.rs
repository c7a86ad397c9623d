//! Two calls that meet come to one of the two orders.

use anyhow::{Result, ensure};
use levada_testing_postgres::database;
use levada_testing_tasks::chaos::meet::{Met, Points, at_once, on_postgres, on_sqlite, pairs};

fn all_met(met: &Met) -> Result<()> {
    let shown: Vec<_> = met.failures.iter().take(5).map(String::as_str).collect();
    ensure!(met.failures.is_empty(), "{} of {} failed\n{}", met.failures.len(), met.count, shown.join("\n\n"));
    Ok(())
}

/// One pair in six, held at one statement in three; the tool plays all of them at all.
async fn held_on_postgres(part: usize) -> Result<()> {
    let Some(database) = database() else { return Ok(()) };
    let pairs: Vec<_> = pairs().skip(part).step_by(6).collect();
    let met = on_postgres(&database, &pairs, Points::OneIn(3)).await?;
    all_met(&met)?;
    ensure!(met.held > pairs.len() as u64, "only {} calls of {} pairs were held", met.held, pairs.len());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_103_pairs_on_two_nodes() -> Result<()> {
    held_on_postgres(0).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_103_other_pairs_on_two_nodes() -> Result<()> {
    held_on_postgres(1).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_103_pairs_on_two_nodes_at_once() -> Result<()> {
    let Some(database) = database() else { return Ok(()) };
    let pairs: Vec<_> = pairs().skip(2).step_by(6).collect();
    all_met(&at_once(&database, &pairs, 1).await?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t_103_pairs_on_one_file() -> Result<()> {
    let pairs: Vec<_> = pairs().collect();
    let met = on_sqlite(&pairs, 1).await?;
    all_met(&met)?;
    // A worker that finds nothing to do has no transaction to be held at.
    ensure!(met.held * 2 > pairs.len() as u64, "only {} calls were held", met.held);
    ensure!(met.merged > 0, "no two calls shared a transaction");
    Ok(())
}
