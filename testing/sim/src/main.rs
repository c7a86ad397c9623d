//! `sim --seeds A..B`: the cases of these seeds; exit code 1 if one fails.

use std::ops::Range;
use std::process::ExitCode;

use clap::Parser;
use levada_sim::{REFUSED_PERCENT_MAX, Tally, run_seed, scenario};

/// Random queries over random changes, held to a batch answer after every epoch.
#[derive(Parser)]
struct Arguments {
    /// The seeds to run: from the first up to, not including, the second.
    #[arg(long, value_parser = seeds, default_value = "0..100")]
    seeds: Range<u64>,
    /// Prints the case of each seed before it runs.
    #[arg(long)]
    print: bool,
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let bound = |text: &str| text.trim().parse::<u64>().map_err(|cause| format!("{text}: {cause}"));
    let (first, end) = text.split_once("..").ok_or("give a range, such as 0..1000")?;
    Ok(bound(first)?..bound(end)?)
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut tally = Tally::default();
    let mut failures = 0;
    for seed in arguments.seeds.clone() {
        if arguments.print {
            println!("{}", scenario(seed));
        }
        match run_seed(seed) {
            Ok(counts) => tally.add(&counts),
            Err(failed) => {
                failures += 1;
                println!("{}", failed.explain());
            }
        }
    }
    println!("{} seeds: {failures} failed\n{tally}", arguments.seeds.end.saturating_sub(arguments.seeds.start));
    let refuses_too_much = tally.refused_percent() > REFUSED_PERCENT_MAX;
    if refuses_too_much {
        println!("more than {REFUSED_PERCENT_MAX} % of the views are refused");
    }
    if failures > 0 || refuses_too_much { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
