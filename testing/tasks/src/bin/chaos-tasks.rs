//! Long sweeps of faults on the whole engine, and the processes that tests kill.

use anyhow::Result;
use clap::{Parser, Subcommand};
use levada_testing_tasks::chaos::{abort, live, sweeps};

#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Part,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// One call that ends its process at a statement. For `aborts`.
    Step(abort::Step),
    /// A node under load, to be killed. For `kills`.
    Process(live::Process),
    #[command(flatten)]
    Sweep(sweeps::Sweep),
}

#[tokio::main]
async fn main() -> Result<()> {
    match Arguments::parse().command {
        Part::Step(step) => abort::run(step).await,
        Part::Process(process) => live::run(process).await,
        Part::Sweep(sweep) => sweeps::run(sweep).await,
    }
}
