//! From outside to the rows of a source: reading, computed columns, checks, event time.

mod arrival;
mod definition;
mod prepare;
mod queue;
mod reader;
mod state;

pub(crate) use arrival::at_arrival;
pub(crate) use definition::{Origin, SourceDefinition, WatermarkDefinition};
pub(crate) use prepare::{OP_COLUMN, Prepare, Prepared, Step};
pub(crate) use queue::{Queue, Signal, Waiting};
pub(crate) use reader::{Reader, ReaderThread, Step as StepOf};
pub(crate) use state::{Ended, SourceState};
