//! Equi-joins with a residual condition, maintained under changes of both sides: ΔA ⋈ B, then A′ ⋈ ΔB.
//!
//! Pairs of rows are given at once. What depends on there being *no* match (or any) is given at the end of the epoch, when the
//! matches of every row are known: see [`standing`].

mod exec;
mod pairs;
mod spec;
mod standing;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use exec::Join;
pub use spec::{Expiry, JoinKind, JoinSpec};
