//! Standard output, or whatever writer the program gives in its place.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use levada_base::{Epoch, Error, Result, WriteFile, codes};
use levada_connect::{
    Capabilities, Connector, Context, Delivery, Encoder, OptionSpec, Options, Registry, Sink, SinkSpec, Source, SourceSpec,
};

use crate::role;

#[cfg(test)]
mod tests;

/// Where a `stdout` sink writes: the process's standard output, or a writer in its place. Clones write to the same.
#[derive(Clone)]
pub struct Output(Arc<Mutex<dyn Write + Send>>);

impl Output {
    /// Another writer.
    #[must_use]
    pub fn new(writer: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(writer)))
    }

    /// A writer that others hold too, such as a buffer that a test reads.
    #[must_use]
    pub fn shared<W: Write + Send + 'static>(writer: &Arc<Mutex<W>>) -> Self {
        Self(writer.clone())
    }

    fn lock(&self) -> MutexGuard<'_, dyn Write + Send + 'static> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Output {
    fn default() -> Self {
        Self::new(io::stdout())
    }
}

/// The connector `stdout`.
#[derive(Clone)]
pub struct StdoutConnector {
    output: Output,
}

const NAME: &str = "stdout";

/// Formats that can be read as they grow.
const FORMATS: &[&str] = &["json", "csv"];

impl StdoutConnector {
    /// A connector that writes to `output`; several sinks share it row by row.
    #[must_use]
    pub fn new(output: Output) -> Self {
        Self { output }
    }
}

impl Connector for StdoutConnector {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { source: None, sink: Some(Delivery::AtLeastOnce), needs_format: true, is_live: false }
    }

    fn options(&self) -> &'static [OptionSpec] {
        &[]
    }

    fn implied_format(&self, _options: &Options, _registry: &Registry) -> Option<&'static str> {
        Some("json")
    }

    fn is_bounded(&self, _options: &Options) -> bool {
        false
    }

    fn discover(&self, _spec: &SourceSpec, _context: &Context) -> Result<SchemaRef> {
        Err(role::is_no_source(NAME))
    }

    fn open_source(&self, _spec: &SourceSpec, _context: &Context) -> Result<Box<dyn Source>> {
        Err(role::is_no_source(NAME))
    }

    fn open_sink(&self, spec: &SinkSpec, context: &Context) -> Result<Box<dyn Sink>> {
        let said = spec.format.as_ref().ok_or_else(|| role::has_no_format(NAME))?;
        let format = context.format(said)?;
        if !FORMATS.contains(&format.name()) {
            return Err(Error::new(codes::LV_C003, format!("connector \"stdout\" can't write format \"{}\"", format.name()))
                .with_hint(format!("give one of {}", FORMATS.join(", ")))
                .at(said.position));
        }
        let output = Box::new(self.output.clone());
        Ok(Box::new(StdoutSink { encoder: format.encoder(output, spec.schema.clone(), &said.options)? }))
    }
}

struct StdoutSink {
    encoder: Box<dyn Encoder>,
}

impl Sink for StdoutSink {
    fn write(&mut self, _epoch: Epoch, rows: &RecordBatch) -> Result<()> {
        self.encoder.write(rows).map_err(say_closed)
    }

    fn commit(&mut self, _epoch: Epoch) -> Result<()> {
        self.encoder.flush().map_err(say_closed)
    }

    fn close(&mut self) -> Result<()> {
        self.encoder.finish().map_err(say_closed)
    }
}

/// A reader that went away (`| head`) is no fault of the file system.
fn say_closed(error: Error) -> Error {
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<io::Error>());
    match cause.map(io::Error::kind) {
        Some(io::ErrorKind::BrokenPipe) => Error::new(codes::LV_C030, "output closed").with_reason("its reader is gone"),
        _ => error,
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().write(bytes)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        // Under one lock, so that rows of two sinks never mix within a line.
        self.lock().write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lock().flush()
    }
}

impl WriteFile for Output {
    fn sync(&mut self) -> io::Result<()> {
        // A pipe or a terminal has nothing to make durable.
        self.flush()
    }
}
