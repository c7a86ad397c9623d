//! PB-2: many executions, claimed and completed 50 at a time.

use anyhow::Result;
use levada_store::alphabets::PublicState;
use levada_tasks::spec::NewExecution;

use super::figure::{Figures, Target};
use super::stores::Stores;
use super::work::{Crew, Drained, drain, submit};
use super::{Bench, Node};

const EXECUTIONS: usize = 100_000;
const INPUT_BYTES: usize = 64;
const CALLERS: usize = 64;
pub const WORKERS: usize = 4;
pub const BATCH: u32 = 50;

pub async fn run<S: Stores>(bench: &Bench<S>) -> Result<Figures> {
    let mut figures = Figures::default();
    let node = bench.node().await?;
    let count = bench.scaled(EXECUTIONS);
    let drained = submit_and_drain(&node, count, &mut figures).await?;
    let rate = bench.target(Target::at_least(5_000.0, 10_000.0), Target::at_least(8_000.0, 20_000.0));
    figures.add(format!("drain of {count}, 50 at a time"), "1/s", drained.per_second(), rate);
    figures.latency("claim of 50", &drained.claims, None, None);
    figures.latency("complete of 50", &drained.ends, None, None);
    node.size(&mut figures)?;
    node.close().await?;
    Ok(figures)
}

/// The scenario itself, which others compare themselves with.
pub async fn submit_and_drain<P: super::stores::Place>(node: &Node<P>, count: usize, figures: &mut Figures) -> Result<Drained> {
    let make = |_| NewExecution::of_kind("bench").with_input(vec![1; INPUT_BYTES]);
    let submitted = submit(&node.tasks, CALLERS, count, make).await?;
    figures.add("submit, 64 callers", "1/s", submitted.per_second(), None);
    let before = node.counts();
    let drained = drain(&node.tasks, &Crew::new(WORKERS, BATCH), count).await?;
    node.cost(figures, before, count);
    node.expect(PublicState::Succeeded, count).await?;
    Ok(drained)
}
