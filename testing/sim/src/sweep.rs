//! Runs a range of seeds, and says what to type to see a failure again.

use std::fmt;
use std::ops::Range;

use crate::generate::scenario;
use crate::run::run;
use crate::shrink::shrink;
use crate::verdict::{Failure, Tally};

/// Percent of the views that the planner may refuse: a harness whose views are refused tests nothing.
pub const REFUSED_PERCENT_MAX: usize = 5;

/// Of 100 comparisons, how many the batch engine may have no answer for: one view without answers is without them after every step.
pub const UNANSWERED_PERCENT_MAX: usize = 3;

const SHARDS: [usize; 3] = [1, 2, 4];

/// A seed whose case failed.
#[derive(Debug)]
pub struct FailedSeed {
    pub seed: u64,
    pub failure: Failure,
}

/// How many shards the case of a seed runs on.
#[must_use]
pub fn shards_of(seed: u64) -> usize {
    SHARDS[usize::try_from(seed % 3).unwrap_or_default()]
}

/// Runs the case of one seed.
///
/// # Errors
/// The first thing that went wrong.
pub fn run_seed(seed: u64) -> Result<Tally, FailedSeed> {
    run(&scenario(seed), shards_of(seed)).map_err(|failure| FailedSeed { seed, failure })
}

/// Runs the cases of all seeds, whether or not some fail.
#[must_use]
pub fn sweep(seeds: Range<u64>) -> (Tally, Vec<FailedSeed>) {
    let mut tally = Tally::default();
    let mut failed = Vec::new();
    for seed in seeds {
        match run_seed(seed) {
            Ok(counts) => tally.add(&counts),
            Err(failure) => failed.push(failure),
        }
    }
    (tally, failed)
}

impl FailedSeed {
    /// A small case that fails in the same way, as a script, with the command that repeats the whole one.
    #[must_use]
    pub fn explain(&self) -> String {
        let shards = shards_of(self.seed);
        let (smallest, failure) = shrink(&scenario(self.seed), self.failure.clone(), |case| run(case, shards).err());
        format!("{self}\nsmallest case found, on {shards} shards:\n{smallest}{failure}\n")
    }
}

impl fmt::Display for FailedSeed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let next = self.seed + 1;
        writeln!(out, "seed {} fails {}", self.seed, self.failure)?;
        write!(out, "replay: cargo run -p levada-sim --bin sim -- --seeds {}..{next}", self.seed)
    }
}
