//! Random queries over random changes, held to a batch answer after every epoch.
//!
//! ```text
//! seed → generate (relations, queries, changes) → Scenario → run (the engine, step by step)
//!                                                              ↕ after every step
//!                                              batch answer over the same inputs; model of event time
//! ```
//!
//! A failing case is made smaller ([`shrink`]) and printed as a script with the command that repeats it. Not here: event time by its
//! definition and rows as values (`levada-model`), and SQL whose answer is known (`levada-suites`).

mod chance;
mod datum;
mod expression;
mod generate;
mod live;
mod query;
mod run;
mod scenario;
mod shrink;
mod sweep;
mod timed;
mod verdict;

pub use generate::scenario;
pub use run::{contents, run};
pub use scenario::{Scenario, SourceKind, Step};
pub use shrink::shrink;
pub use sweep::{FailedSeed, REFUSED_PERCENT_MAX, UNANSWERED_PERCENT_MAX, run_seed, shards_of, sweep};
pub use verdict::{Failure, FailureKind, Tally};
