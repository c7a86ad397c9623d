//! PB-11: what an ended execution takes on the disk, with indexes and events; and how much of it retention gives back: ended again as many
//! times, the store should hardly grow. Events are kept for a time of their own and go in whole parts, so they are not counted there.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use levada_store::alphabets::PublicState;
use levada_store::{Query, Store};
use levada_tasks::spec::{ExecutionPolicy, NewExecution};

use super::figure::{Figures, Target};
use super::stores::{Place, Stores};
use super::work::{Crew, drain, submit};
use super::{Bench, Node};

const EXECUTIONS: usize = 1_000_000;
const CALLERS: usize = 256;
/// What a table takes per execution to be listed.
const SHOWN_BYTES: f64 = 20.0;
/// How long they are kept: longer than it takes to make them.
const KEPT_MS: i64 = 60_000;

pub async fn run<S: Stores>(bench: &Bench<S>) -> Result<Figures> {
    let mut figures = Figures::default();
    let count = bench.scaled(EXECUTIONS);
    let node = bench.node().await?;
    let Some(empty) = node.place.bytes()? else { return Ok(figures) };
    end(&node, count, ExecutionPolicy::default().retention_ms).await?;
    node.expect(PublicState::Succeeded, count).await?;
    let full = node.place.bytes()?.context("the size of the store")?;
    let each = full.saturating_sub(empty) as f64 / count as f64;
    let bytes = bench.target(Target::at_most(1_200.0, None), Target::at_most(800.0, None));
    figures.add(format!("each of {count} ended executions"), "bytes", each, bytes);
    for (table, bytes) in tables(&node).await? {
        let share = bytes as f64 / count as f64;
        if share >= SHOWN_BYTES {
            figures.add(format!("of them in {table} and its indexes"), "bytes", share, None);
        }
    }
    node.close().await?;

    let node = bench.node().await?;
    let bare = without_events(&node).await?;
    let half = (count / 2).max(1);
    end(&node, half, KEPT_MS).await?;
    let first = without_events(&node).await?;
    forgotten(&node).await?;
    node.place.cleaned_up().await?;
    end(&node, half, KEPT_MS).await?;
    let second = without_events(&node).await?;
    let grown = second.saturating_sub(first) as f64 / first.saturating_sub(bare).max(1) as f64;
    let share = Target::at_least(90.0, None);
    figures.add("reused after retention, events apart", "%", (1.0 - grown) * 100.0, bench.target(share, share));
    node.close().await?;
    Ok(figures)
}

/// The size of the store but for its events.
async fn without_events<P: Place>(node: &Node<P>) -> Result<u64> {
    let events: i64 = tables(node).await?.iter().filter(|(table, _)| table == "event").map(|(_, bytes)| bytes).sum();
    Ok(node.place.bytes()?.context("the size of the store")?.saturating_sub(u64::try_from(events)?))
}

/// The tables and their bytes.
async fn tables<P: Place>(node: &Node<P>) -> Result<Vec<(String, i64)>> {
    let counts = node.tasks.store().read(Query::Bytes).await?.counts;
    Ok(counts.into_iter().map(|count| (count.labels.join(" "), count.value)).collect())
}

async fn end<P: Place>(node: &Node<P>, count: usize, retention_ms: i64) -> Result<()> {
    let policy = ExecutionPolicy { retention_ms, ..ExecutionPolicy::default() };
    submit(&node.tasks, CALLERS, count, move |_| NewExecution { policy: policy.clone(), ..NewExecution::of_kind("bench") })
        .await?;
    drain(&node.tasks, &Crew::new(4, 500), count).await?;
    Ok(())
}

/// Waits until retention has taken all of them.
async fn forgotten<P: Place>(node: &Node<P>) -> Result<()> {
    for _ in 0..300 {
        node.tasks.tick("retention").await?;
        if node.expect(PublicState::Succeeded, 0).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    ensure!(false, "retention left something");
    Ok(())
}
