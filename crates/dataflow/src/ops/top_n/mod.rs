//! ORDER BY … LIMIT and `ROW_NUMBER() … <= n`, maintained: the set of rows, not the order in which they are stored.

mod exec;
mod spec;

pub(crate) use exec::TopN;
pub use spec::TopNSpec;
