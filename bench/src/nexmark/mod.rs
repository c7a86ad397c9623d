//! `nexmark`: every query in a process of its own, so that no query is charged for memory that another one left behind.

pub mod one;

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::queries::{Query, find};
use crate::report::{Figures, Report};

#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// Events of all three tables
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// Which queries
    #[arg(long, value_delimiter = ',', default_value = "q0,q1,q2,q3,q4,q5,q7,q8,q9,q12,q15,q17,q18,q19,q20")]
    queries: Vec<String>,
    #[command(flatten)]
    setting: Setting,
}

/// How a query is run.
#[derive(Debug, Clone, Args)]
pub struct Setting {
    /// Compute shards of Levada
    #[arg(long, default_value_t = 2)]
    shards: usize,
    /// Consecutive events a push
    #[arg(long, default_value_t = 8_192)]
    batch: u64,
    /// Runs of which the shortest counts, for Levada and for DataFusion
    #[arg(long, default_value_t = 3)]
    repeat: usize,
    /// Only Levada, unchecked: for a profiler, no figure to quote
    #[arg(long)]
    only: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let queries: Vec<Query> = arguments.queries.iter().map(|name| find(name)).collect::<Result<_>>()?;
    let Setting { shards, batch, repeat, .. } = arguments.setting;
    let report = Report::new(arguments.events);
    println!("nexmark: {} events, {batch} a batch, {shards} shards, best of {repeat}", arguments.events);
    println!("{}", report.header());
    let mut failed = 0;
    for query in queries {
        match figures(&query, arguments) {
            Ok(figures) => println!("{}", report.line(query.name, &figures)),
            Err(error) => {
                failed += 1;
                println!("{}", report.failure(query.name, &error));
            }
        }
    }
    if failed > 0 { bail!("{failed} queries have no figures") } else { Ok(()) }
}

/// What the process for `query` says.
fn figures(query: &Query, arguments: &Arguments) -> Result<Figures> {
    let Setting { shards, batch, repeat, only } = &arguments.setting;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["one", query.name, "--events", &arguments.events.to_string(), "--shards", &shards.to_string()]);
    command.args(["--batch", &batch.to_string(), "--repeat", &repeat.to_string()]);
    if *only {
        command.arg("--only");
    }
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("a process for the query")?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("{}: {}", output.status, said.trim());
    }
    Figures::parse(said.trim()).with_context(|| format!("the process for the query said {said:?}"))
}
