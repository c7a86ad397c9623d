//! TUMBLE and HOP: each row once for every window that holds its time.

mod exec;
mod spec;
#[cfg(test)]
mod tests;

pub(crate) use exec::Window;
pub use exec::assign;
pub use spec::{WINDOWS_PER_ROW_MAX, WindowSpec};
