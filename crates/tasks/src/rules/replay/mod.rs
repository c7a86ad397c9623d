//! Beginning again: one execution by itself, members of a run with what follows from them, all failures of a run.
//!
//! Whatever begins again gets the next generation: what it did before stays stored under the earlier one. Not here: retries, which
//! belong to a generation.

mod execution;
mod failures;
mod generation;
mod reopen;
mod restart;

pub use execution::{ReplayExecution, Replayed};
pub use failures::RetryFailed;
pub use restart::{RestartRun, Restarted};
