//! PB-1: executions of 4 KiB, one claimed at a time and each ended by a call of its own; and again with ends that carry the next claim.

use anyhow::Result;
use levada_store::alphabets::PublicState;
use levada_tasks::spec::NewExecution;

use super::Bench;
use super::figure::{Figures, Target};
use super::stores::Stores;
use super::work::{Crew, drain, submit};

const EXECUTIONS: usize = 10_000;
const INPUT_BYTES: usize = 4096;
const CALLERS: usize = 16;
const WORKERS: usize = 16;

pub async fn run<S: Stores>(bench: &Bench<S>) -> Result<Figures> {
    let mut figures = Figures::default();
    let node = bench.node().await?;
    let submitted =
        submit(&node.tasks, CALLERS, EXECUTIONS, |_| NewExecution::of_kind("bench").with_input(vec![1; INPUT_BYTES])).await?;
    figures.add("submit, 16 callers", "1/s", submitted.per_second(), None);
    let before = node.counts();
    let drained = drain(&node.tasks, &Crew::new(WORKERS, 1), EXECUTIONS).await?;
    node.expect(PublicState::Succeeded, EXECUTIONS).await?;
    let rate = bench.target(Target::at_least(1_500.0, 3_000.0), Target::at_least(2_000.0, 4_000.0));
    let p99 = bench.target(Target::at_most(25.0, 10.0), Target::at_most(25.0, 12.0));
    figures.add("drain, claim and complete apart", "1/s", drained.per_second(), rate);
    figures.latency("claim and complete", &drained.pairs, None, p99);
    node.cost(&mut figures, before, EXECUTIONS);
    node.size(&mut figures)?;
    node.close().await?;

    let node = bench.node().await?;
    submit(&node.tasks, CALLERS, EXECUTIONS, |_| NewExecution::of_kind("bench").with_input(vec![1; INPUT_BYTES])).await?;
    let drained = drain(&node.tasks, &Crew { carry: true, ..Crew::new(WORKERS, 1) }, EXECUTIONS).await?;
    node.expect(PublicState::Succeeded, EXECUTIONS).await?;
    figures.add("drain, completions carry the next claim", "1/s", drained.per_second(), None);
    figures.latency("completion with the next claim", &drained.ends, None, None);
    node.close().await?;
    Ok(figures)
}
