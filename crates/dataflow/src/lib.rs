//! Incremental operators over Z-sets, and the runtime that drives them.
//!
//! A [`Graph`] of [`OpSpec`]s is a plan as data; [`Runtime::new`] makes it runnable on N shards; [`Runtime::run_epoch`] takes the
//! changes of one epoch and returns the changes of the result. Operators know no SQL, no clock, no I/O and no randomness; scalar
//! expressions come in as [`Scalar`]s, so this crate builds and tests without the SQL engine.
//!
//! Not here: planning (`levada-plan`), where inputs come from and where results go (`levada`).

mod expr;
mod graph;
mod operator;
pub mod ops;
#[doc(hidden)]
pub mod planted;
mod runtime;

pub use expr::Scalar;
pub use graph::{Graph, GraphBuilder, Node, NodeId, Route};
pub use operator::{Discards, Emitter, EpochTime, Operator, Stats};
pub use ops::OpSpec;
pub use runtime::{EpochInput, Pool, Runtime};
