//! Plays random histories of the execution engine against the interpreter of its contract.

use anyhow::{Result, bail};
use clap::Parser;
use levada_testing_tasks::ring0::Case;

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
    /// Shrink the first failure.
    #[arg(long)]
    shrink: bool,
    /// Go on after so many failures.
    #[arg(long, default_value_t = 0)]
    tolerate: usize,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut failures = 0;
    for seed in arguments.seed..arguments.seed + arguments.schedules {
        let case = Case::random(seed, arguments.steps);
        let Err(wrong) = case.play(None, arguments.loud && !arguments.shrink) else { continue };
        failures += 1;
        println!("seed {seed}: {wrong}");
        if arguments.shrink {
            let shrunk = case.shrunk(None);
            println!("shrunk to {} steps, inline {}", shrunk.steps.len(), shrunk.inline_run_max);
            for graph in &shrunk.graphs {
                for edge in &graph.edges {
                    println!("  {} -{}-> {} {:?}", edge.from, edge.satisfied_by, edge.to, edge.input);
                }
                for node in &graph.nodes {
                    println!(
                        "  {} {:?} fin={} ess={}",
                        node.execution.name, node.group, node.execution.finalizer, node.execution.essential
                    );
                }
                println!("  {:?}", graph.options);
            }
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
