//! Filter and projection, fused: the stateless stretch between two stateful operators is one operator.

mod exec;
mod spec;
#[cfg(test)]
mod tests;

pub(crate) use exec::Map;
pub use spec::{MapSpec, Step};
