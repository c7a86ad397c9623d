//! From a query's text to something that runs: a logical plan (names and types resolved, optimised, subqueries decorrelated) and, for
//! a continuous query, a [`levada_dataflow::Graph`] of incremental operators.
//!
//! ```text
//! Query ─bind→ LogicalPlan ─optimise→ LogicalPlan ─┬─ delta::plan → Graph       (continuous)
//!                                                  └─ windows::lower → batch   (ad hoc)
//! ```
//!
//! Not here: what runs the graph (`levada-dataflow`), and what the names stand for (the caller gives [`Relations`]). Planning is a
//! pure function: no clock, no I/O. What can't be maintained is refused here, with the nearest form that can.

mod bind;
mod delta;
mod error;
mod relation;
mod scalar;
mod shift;
mod types;
mod windows;

pub use bind::{Binder, Relations};
pub use delta::{Close, Notice, Planned};
pub use error::from_datafusion;
pub use relation::{PlanSource, Relation, RelationKind, TimeColumn};
pub use scalar::Expression;
pub use types::{data_type, type_name};
