//! Equi-joins with a residual condition, maintained under changes of both sides: ΔA ⋈ B, then A′ ⋈ ΔB.

mod exec;
mod spec;

pub(crate) use exec::Join;
pub use spec::{Expiry, JoinKind, JoinSpec};
