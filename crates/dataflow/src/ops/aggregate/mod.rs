//! GROUP BY, DISTINCT and the global aggregate, maintained under inserts and retractions.
//!
//! A batch's keys become slots ([`state`]); each [`source`] picks the rows that take part in a call and folds them into a kernel
//! ([`kernels`]), column-wise. At the end of the epoch the rows that readers have are compared with what they should be ([`net`]).
//! What the watermark decides is in [`closing`].

mod closing;
mod exec;
mod kernels;
mod net;
mod partial;
mod source;
mod spec;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use exec::Aggregate;
pub(crate) use partial::PartialAggregate;
pub use partial::{MergeAggregateSpec, PartialAggregateSpec};
pub use spec::{AggregateCall, AggregateFunction, AggregateSpec, Close, Emission};
