//! Bytes to rows and back.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use levada_base::{Position, ReadFile, Result, WriteFile};

use crate::{OptionSpec, Options};

/// A format by name, with its options, as the statement said it.
#[derive(Debug, Clone)]
pub struct FormatSpec {
    pub name: String,
    pub position: Option<Position>,
    pub options: Options,
}

/// How a file is to be read.
#[derive(Debug, Clone)]
pub struct ReadPlan {
    /// The columns wanted, by name, in engine types. Fields of the file that are not among them are skipped; a column that the file
    /// lacks is NULL if it may be, and an error if it may not.
    pub schema: SchemaRef,
    /// Rows a batch, at most.
    pub batch_rows: usize,
    /// Rows to pass over at the start.
    pub skip_rows: u64,
    /// What errors call the file.
    pub file: String,
}

/// Reads one file from front to back.
pub trait Decoder: Send {
    /// The next rows in the plan's schema; `None` at the end.
    ///
    /// # Errors
    /// `LV-C040` with file, line or row, column, reason and the first bytes; `LV-C050` where the file's columns do not fit.
    fn next(&mut self) -> Result<Option<RecordBatch>>;
}

/// Writes rows into one file.
pub trait Encoder: Send {
    /// Appends rows.
    ///
    /// # Errors
    /// `LV-C030` with the file system's reason.
    fn write(&mut self, rows: &RecordBatch) -> Result<()>;

    /// Hands what is buffered to the file, for formats that can be read as they grow (CSV, JSON lines).
    ///
    /// # Errors
    /// As [`Encoder::write`].
    fn flush(&mut self) -> Result<()>;

    /// Completes the file (footers) and makes it durable.
    ///
    /// # Errors
    /// As [`Encoder::write`].
    fn finish(&mut self) -> Result<()>;
}

/// One file format.
pub trait Format: Send + Sync {
    /// The name in `format = '…'`.
    fn name(&self) -> &'static str;

    /// File name endings that mean this format, without the dot.
    fn extensions(&self) -> &'static [&'static str];

    /// Every option it knows; anything else is refused.
    fn options(&self) -> &'static [OptionSpec];

    /// Checks what the option table alone can't say (combinations), touching nothing.
    ///
    /// # Errors
    /// `LV-C003`, `LV-C005` with the option's position.
    fn check(&self, options: &Options) -> Result<()>;

    /// The columns of a file in engine types, from its header or a sample of its rows.
    ///
    /// # Errors
    /// `LV-S603` if they can't be told.
    fn infer(&self, file: Box<dyn ReadFile>, options: &Options) -> Result<SchemaRef>;

    /// A reader over a file.
    ///
    /// # Errors
    /// `LV-C050` where the file's columns can't become the plan's.
    fn decoder(&self, file: Box<dyn ReadFile>, plan: ReadPlan, options: &Options) -> Result<Box<dyn Decoder>>;

    /// A writer into a new file.
    ///
    /// # Errors
    /// `LV-C003` where the schema can't be written in this format.
    fn encoder(&self, file: Box<dyn WriteFile>, schema: SchemaRef, options: &Options) -> Result<Box<dyn Encoder>>;
}
