//! The execution engine: rules that decide, and the operations and workers that obey.

mod background;
mod claims;
mod engine;
mod metrics;
pub mod ops;
pub mod ring0;
pub mod rules;
mod settings;
pub mod spec;
mod timer;
pub mod worker;

pub use background::{BackgroundStatus, Report};
pub use ops::Tasks;
pub use settings::{BackgroundSettings, Settings, WorkerSettings};
