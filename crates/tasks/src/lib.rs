//! The execution engine: rules that decide, and the operations and workers that obey.

pub mod ring0;
pub mod rules;
pub mod spec;
mod timer;
pub mod worker;
