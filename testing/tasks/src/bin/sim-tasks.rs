//! Plays random histories of the execution engine against the interpreter of its contract, or every order of what happens in small
//! worlds.

use anyhow::{Result, bail};
use clap::Parser;
use levada_testing_tasks::ring0::Case;
use levada_testing_tasks::small::{explore, worlds};

/// What to play.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many histories.
    #[arg(long, default_value_t = 10_000)]
    schedules: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Steps of each history.
    #[arg(long, default_value_t = 40)]
    steps: usize,
    /// Print every step of the first history.
    #[arg(long)]
    loud: bool,
    /// Shrink the first failure, and print it as a document to keep.
    #[arg(long)]
    shrink: bool,
    /// Go on after so many failures.
    #[arg(long, default_value_t = 0)]
    tolerate: usize,
    /// Print the history of the seed as a document instead of playing it.
    #[arg(long)]
    document: bool,
    /// Small worlds instead: every path of so many steps.
    #[arg(long, value_name = "DEPTH")]
    small: Option<usize>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match arguments.small {
        Some(depth) => small(depth),
        None if arguments.document => {
            println!("{}", serde_json::to_string(&Case::random(arguments.seed, arguments.steps))?);
            Ok(())
        }
        None => histories(&arguments),
    }
}

fn small(depth: usize) -> Result<()> {
    for inline_run_max in [0, 64] {
        for world in worlds() {
            match explore(&world, inline_run_max, depth) {
                Ok(tried) => println!("{}, settled inline up to {inline_run_max}: {tried:?}", world.name),
                Err(wrong) => bail!("{wrong}"),
            }
        }
    }
    Ok(())
}

fn histories(arguments: &Arguments) -> Result<()> {
    let mut failures = 0;
    for seed in arguments.seed..arguments.seed.saturating_add(arguments.schedules) {
        let case = Case::random(seed, arguments.steps);
        let Err(wrong) = case.play(None, arguments.loud && !arguments.shrink) else { continue };
        failures += 1;
        println!("seed {seed}: {wrong}");
        if arguments.shrink {
            let shrunk = case.shrunk(None);
            println!("shrunk to {} steps: {}", shrunk.steps.len(), serde_json::to_string(&shrunk)?);
            println!("{:?}", shrunk.play(None, true));
        }
        if failures > arguments.tolerate {
            bail!(
                "{failures} failed; replay one with: cargo run -p levada-testing-tasks --bin sim-tasks -- --seed {seed} --schedules 1 --loud"
            );
        }
    }
    println!("{} histories, {failures} failures", arguments.schedules);
    Ok(())
}
