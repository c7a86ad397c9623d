//! What opens sources and sinks.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use levada_base::{Result, World};

use crate::{Format, FormatSpec, OptionSpec, Options, Registry, Sink, Source};

/// What a source can give again after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Replay {
    /// Nothing: what was read is gone outside.
    None,
    /// The same rows from the same position.
    Seek,
}

/// What a sink can promise for a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Delivery {
    AtLeastOnce,
    /// Rows become visible together when the epoch is decided.
    TwoPhase,
}

/// What a connector is able to do, as data.
#[derive(Debug, Clone)]
pub struct Capabilities {
    /// Set if it can be a source.
    pub source: Option<Replay>,
    /// Set if it can be a sink.
    pub sink: Option<Delivery>,
    /// Whether it moves bytes, so that a format is needed.
    pub needs_format: bool,
    /// Whether event times may not run ahead of the clock (see `watermark.future_limit`).
    pub is_live: bool,
}

/// What a source is to be opened with.
#[derive(Clone)]
pub struct SourceSpec {
    /// The declared columns, in engine types; `None` asks for the outside's own.
    pub schema: Option<SchemaRef>,
    pub options: Options,
    pub format: Option<FormatSpec>,
}

/// What a sink is to be opened with.
#[derive(Clone)]
pub struct SinkSpec {
    /// The columns it will be given.
    pub schema: SchemaRef,
    pub options: Options,
    pub format: Option<FormatSpec>,
}

/// What a connector may touch.
#[derive(Clone)]
pub struct Context {
    pub world: World,
    pub registry: Arc<Registry>,
}

impl Context {
    /// The format a spec names.
    ///
    /// # Errors
    /// `LV-C001` if it is unknown.
    pub fn format(&self, spec: &FormatSpec) -> Result<Arc<dyn Format>> {
        self.registry.format(spec)
    }
}

/// One kind of outside. Stateless: it is registered once and opens any number of sources and sinks.
pub trait Connector: Send + Sync {
    /// The name in `connector = '…'`.
    fn name(&self) -> &'static str;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Every option it knows; anything else is refused.
    fn options(&self) -> &'static [OptionSpec];

    /// Checks what the option table alone can't say (combinations), touching nothing.
    ///
    /// # Errors
    /// `LV-C003`, `LV-C004`, `LV-C005` with the option's position.
    fn check(&self, _options: &Options) -> Result<()> {
        Ok(())
    }

    /// The format that the options imply where none is named, such as by a file name's ending.
    fn implied_format(&self, _options: &Options, _registry: &Registry) -> Option<&'static str> {
        None
    }

    /// Whether a source with these options comes to an end by itself.
    fn is_bounded(&self, options: &Options) -> bool;

    /// The columns of the outside, for a source without a column list. Only reads, leaves nothing behind.
    ///
    /// # Errors
    /// `LV-S603` if it can't be told; `LV-C010` if the outside can't be reached.
    fn discover(&self, spec: &SourceSpec, context: &Context) -> Result<SchemaRef>;

    /// Opens an input that gives batches of `spec.schema`, at its start.
    ///
    /// # Errors
    /// `LV-C006` without the role; `LV-C010`, `LV-C050` from the outside.
    fn open_source(&self, spec: &SourceSpec, context: &Context) -> Result<Box<dyn Source>>;

    /// Opens an output for rows of `spec.schema`.
    ///
    /// # Errors
    /// `LV-C006` without the role; `LV-C010` from the outside.
    fn open_sink(&self, spec: &SinkSpec, context: &Context) -> Result<Box<dyn Sink>>;
}
