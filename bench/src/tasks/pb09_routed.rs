//! PB-9: ten sets of capabilities with workers of their own; and again behind rows that none of them can take.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Result;
use levada_store::alphabets::PublicState;
use levada_store::{Store, Token};
use levada_tasks::Tasks;
use levada_tasks::spec::{ClaimRequest, NewExecution};

use super::Bench;
use super::figure::{Figures, Target};
use super::stores::Stores;
use super::work::{Crew, Drained, drain, submit};

const SETS: usize = 10;
const OF_EACH: usize = 1_000;
const WORKERS: usize = 40;
const CALLERS: usize = 64;
/// In front of the others, when the benchmark has its full size.
const UNROUTABLE: usize = 100_000;

pub async fn run<S: Stores>(bench: &Bench<S>) -> Result<Figures> {
    let mut figures = Figures::default();
    let node = bench.node().await?;
    let before = node.counts();
    let alone = routed(&node.tasks).await?;
    node.expect(PublicState::Succeeded, SETS * OF_EACH).await?;
    let rate = bench.target(Target::at_least(1_500.0, 2_000.0), Target::at_least(2_000.0, 3_000.0));
    figures.add("drain, 10 sets, 40 workers", "1/s", alone.per_second(), rate);
    figures.latency("claim", &alone.claims, None, None);
    node.cost(&mut figures, before, SETS * OF_EACH);
    node.close().await?;

    let node = bench.node().await?;
    let count = bench.scaled(UNROUTABLE);
    let impossible = |_| NewExecution { priority: 9000, ..of_set("nobody-has-this") };
    submit(&node.tasks, CALLERS, count, impossible).await?;
    let behind = routed(&node.tasks).await?;
    node.expect(PublicState::Ready, count).await?;
    figures.add(format!("the same behind {count} rows that none can take"), "1/s", behind.per_second(), None);
    let share = Target::at_least(0.9, None);
    figures.add("behind them to alone", "", behind.per_second() / alone.per_second(), bench.target(share, share));
    node.close().await?;
    Ok(figures)
}

async fn routed<S: Store>(tasks: &Tasks<S>) -> Result<Drained> {
    submit(tasks, CALLERS, SETS * OF_EACH, |number| of_set(&set(number))).await?;
    let request = |worker: usize| {
        let capabilities = BTreeSet::from([set(worker)]);
        ClaimRequest { capabilities, ..ClaimRequest::of_lane("default", &format!("worker-{worker}"), 1, Token(0)) }
    };
    drain(tasks, &Crew { request: Arc::new(request), ..Crew::new(WORKERS, 1) }.waiting(), SETS * OF_EACH).await
}

fn set(number: usize) -> String {
    format!("set-{}", number % SETS)
}

fn of_set(word: &str) -> NewExecution {
    NewExecution { capabilities: BTreeSet::from([word.to_owned()]), ..NewExecution::of_kind("bench") }
}
