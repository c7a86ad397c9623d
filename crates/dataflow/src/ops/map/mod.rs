//! Filter and projection, fused: the stateless stretch between two stateful operators is one operator.

mod exec;
mod spec;

pub(crate) use exec::Map;
pub use spec::{MapSpec, Step};
