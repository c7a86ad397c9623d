//! Upserts into changes: one keyed operator at the border, so that no other has to know of keys that are written again.

mod exec;
mod spec;

pub(crate) use exec::Normalize;
pub use spec::NormalizeSpec;
