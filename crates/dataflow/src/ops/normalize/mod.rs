//! Upserts into changes: the one place where "the new row of this key" becomes −old and +new.

mod exec;
mod spec;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use exec::Normalize;
pub use spec::NormalizeSpec;
