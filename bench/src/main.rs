//! Benchmarks that print tables, and check what they time.
//!
//! `tasks` runs the benchmarks of the execution engine over one of its stores. `nexmark` runs Nexmark queries over a data set in memory, next to DataFusion's batch engine over the same rows; `gen` writes that
//! data set into files, for other engines. A benchmark is no test: nothing here asserts a time. What a table means is in `README.md`.

mod baseline;
mod dataset;
mod engine;
mod generate;
mod measure;
mod nexmark;
mod queries;
mod report;
mod rows;
mod tasks;

use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Benchmarks that print tables.
#[derive(Debug, Parser)]
#[command(name = "levada-bench", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Times Nexmark queries and checks their results
    Nexmark(nexmark::Arguments),
    /// Writes the Nexmark tables into files
    Gen(generate::Arguments),
    /// Times the execution engine over one of its stores, and checks its results
    Tasks(tasks::Arguments),
    /// Holds open runs until it is killed, for `tasks`
    #[command(hide = true)]
    TasksChild(tasks::pb16_recovery::Arguments),
    /// Times one query in a process of its own, for `nexmark`
    #[command(hide = true)]
    One(nexmark::one::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Nexmark(arguments) => nexmark::run(&arguments),
        Command::Gen(arguments) => generate::run(&arguments),
        Command::Tasks(arguments) => tasks::run(&arguments),
        Command::TasksChild(arguments) => tasks::pb16_recovery::child(&arguments),
        Command::One(arguments) => nexmark::one::run(&arguments),
    }
}
