//! The exams that ship with the traits: a source, a sink, a format or an option table is done when it passes the one for it.
//!
//! Each is a function that a test calls with the means to make what is examined; it panics, as an assertion does, where a law is broken.
//! Nothing here is meant to run in a database.

mod format;
mod options;
mod sample;
mod sink;
mod source;

pub use format::{FormatExam, format, mutations};
pub use options::options;
pub use sample::{Sample, Shape};
pub use sink::{Examined, sink};
pub use source::source;
