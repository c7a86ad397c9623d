//! GROUP BY, DISTINCT and the global aggregate, maintained under inserts and retractions.

mod exec;
mod spec;

pub(crate) use exec::Aggregate;
pub use spec::{AggregateCall, AggregateFunction, AggregateSpec, Close, Emission};
