//! PB-15: whether a claim from a lane with very many ready rows is as fast as from one with few.

use anyhow::{Result, ensure};
use levada_store::Token;
use levada_store::alphabets::PublicState;
use levada_tasks::spec::{ClaimRequest, NewExecution};

use super::Bench;
use super::figure::{Figures, Target};
use super::latency::Latencies;
use super::stores::Stores;
use super::work::{Watch, submit};

const FEW: usize = 1_000;
const MANY: usize = 1_000_000;
const CLAIMS: usize = 500;
const CALLERS: usize = 256;

pub async fn run<S: Stores>(bench: &Bench<S>) -> Result<Figures> {
    let mut figures = Figures::default();
    let few = claims(bench, FEW, &mut figures).await?;
    let many = claims(bench, bench.scaled(MANY).max(FEW), &mut figures).await?;
    let ratio = Target::at_most(1.5, None);
    figures.add("p99 of many to p99 of few", "", many.p99() / few.p99().max(1e-9), bench.target(ratio, ratio));
    figures.add("p50 of many to p50 of few", "", many.p50() / few.p50().max(1e-9), None);
    Ok(figures)
}

async fn claims<S: Stores>(bench: &Bench<S>, ready: usize, figures: &mut Figures) -> Result<Latencies> {
    let node = bench.node().await?;
    submit(&node.tasks, CALLERS, ready, |_| NewExecution::of_kind("bench")).await?;
    let watch = Watch::new();
    let mut latencies = Latencies::default();
    for _ in 0..CLAIMS {
        let request = ClaimRequest { token: watch.token(), ..ClaimRequest::of_lane("default", "worker", 1, Token(0)) };
        let began = watch.now();
        let claimed = node.tasks.claim(request).await?;
        latencies.add(watch.now() - began);
        ensure!(claimed.len() == 1, "{} claimed", claimed.len());
    }
    node.expect(PublicState::Active, CLAIMS).await?;
    figures.latency(&format!("claim, {ready} ready"), &latencies, None, None);
    node.close().await?;
    Ok(latencies)
}
