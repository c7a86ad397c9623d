//! ORDER BY … LIMIT, ROW_NUMBER() … <= n, DISTINCT ON: the first rows of every partition.
//!
//! Where rows are only appended, no more than those rows are kept ([`kept`]); where they also go, all of them are, in order
//! ([`ordered`]). Either way the net difference of the epoch comes out at its end.

mod blocks;
mod exec;
mod kept;
mod lists;
mod ordered;
mod places;
mod spec;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use exec::TopN;
pub use spec::TopNSpec;
