//! The repository's own commands, the same on a desk and in CI: `cargo xtask verify` only reads, `cargo xtask fix` only
//! writes. It links nothing of the engine, so it is built in seconds.
//!
//! Not here: anything a user of Levada needs.

mod needs;
mod run;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The repository's own commands")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Formatting, tidy, clippy, tests: everything a change must pass; writes nothing
    Verify {
        /// Stop before the tests
        #[arg(long)]
        without_tests: bool,
    },
    /// Format, and apply what clippy can repair by itself
    Fix,
    /// Style as a program: layers, sizes, banned calls, error pages, dead files
    Tidy,
    /// Run every test; ends with the runner's summary
    Test,
    /// Run a benchmark: cargo xtask bench nexmark --events 1000000
    Bench {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run the oracle over more seeds: cargo xtask sim --seeds 0..5000
    Sim {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Verify { without_tests } => run::verify(without_tests),
        Command::Fix => run::fix(),
        Command::Tidy => tidy::run(),
        Command::Test => run::test(),
        Command::Bench { arguments } => run::bench(&arguments),
        Command::Sim { arguments } => run::sim(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
