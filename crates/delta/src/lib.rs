//! Changes as data. A relation is a Z-set: rows with integer weights; a [`DeltaBatch`] is a piece of its change.
//!
//! Not here: keyed state (`levada-state`) and operators (`levada-dataflow`). Everything that flows between a source and a sink is a
//! `DeltaBatch`; nothing else marks an insert or a delete.
//!
//! The algebra is that of DBSP (Budiu et al., "DBSP: Automatic Incremental View Maintenance", VLDB 2023): changes add up, and a change
//! followed by its negation is nothing.

mod batch;
mod consolidate;
mod strings;

pub use batch::DeltaBatch;
pub use consolidate::{consolidate, consolidate_all};
pub use strings::{engine_array, engine_batch, engine_schema, engine_type};
