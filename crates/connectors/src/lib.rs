//! Connectors: `file`, `nexmark`, `generator`, `stdout`, `blackhole`, and [`push`] for rows from the program.
//!
//! Not here: how rows are written as bytes (`levada-formats`) and what a connector is (the traits of `levada-connect`). Nothing here
//! touches the machine but through the `World` it is given.

mod blackhole;
mod draw;
mod file;
mod generator;
pub mod nexmark;
mod pace;
pub mod push;
mod role;
mod rows;
mod stdout;
#[cfg(test)]
mod testing;

use std::sync::Arc;

use levada_base::Result;
use levada_connect::Registry;

pub use crate::blackhole::{BlackholeConnector, Total, Totals};
pub use crate::file::FileConnector;
pub use crate::generator::GeneratorConnector;
pub use crate::nexmark::NexmarkConnector;
pub use crate::stdout::{Output, StdoutConnector};

/// Adds every connector to a registry; what a `stdout` sink writes goes to `output`, what a `blackhole` swallows is counted in `totals`.
///
/// # Errors
/// `LV-S102` if a name is taken.
pub fn register_all(registry: &mut Registry, output: Output, totals: Totals) -> Result<()> {
    registry.add_connector(Arc::new(FileConnector))?;
    registry.add_connector(Arc::new(NexmarkConnector))?;
    registry.add_connector(Arc::new(GeneratorConnector))?;
    registry.add_connector(Arc::new(StdoutConnector::new(output)))?;
    registry.add_connector(Arc::new(BlackholeConnector::new(totals)))
}
