//! File formats: CSV, JSON lines, Parquet and Arrow IPC, to rows in engine types and back.
//!
//! Not here: where the bytes come from (`levada-connectors`) and what a format is (the traits of `levada-connect`). Columns are found by
//! name; what does not fit is an error with file, line or row, column and reason, and the good rows before it go out first. Reading
//! what a format wrote gives the same rows.

mod columns;
mod csv;
mod fault;
mod fit;
mod guard;
mod guess;
mod input;
mod ipc;
mod json;
mod lines;
mod output;
mod parquet;
mod rows;
#[cfg(test)]
mod testing;
mod value;

use std::sync::Arc;

use levada_base::Result;
use levada_connect::Registry;

pub use crate::csv::Csv;
pub use crate::ipc::ArrowIpc;
pub use crate::json::Json;
pub use crate::parquet::Parquet;

/// Adds every format to a registry.
///
/// # Errors
/// `LV-S102` if a name is taken.
pub fn register_all(registry: &mut Registry) -> Result<()> {
    registry.add_format(Arc::new(Csv))?;
    registry.add_format(Arc::new(Json))?;
    registry.add_format(Arc::new(Parquet))?;
    registry.add_format(Arc::new(ArrowIpc))
}
