//! What the tests of all connectors need.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use levada_base::{Error, Result, World};
use levada_connect::{Connector, Context, Fetch, FetchLimits, Options, Registry, Source, SourceSpec};

/// A simulated world with every format and no files.
pub(crate) fn context() -> Context {
    let mut registry = Registry::default();
    levada_formats::register_all(&mut registry).unwrap();
    Context { world: World::sim(1).0, registry: Arc::new(registry) }
}

/// The same with files.
pub(crate) fn context_with(files: &[(&str, &str)]) -> Context {
    let context = context();
    files.iter().for_each(|(path, text)| put(&context, path, text.as_bytes()));
    context
}

pub(crate) fn put(context: &Context, path: &str, bytes: &[u8]) {
    context.world.files().create(Path::new(path)).unwrap().write_all(bytes).unwrap();
}

/// Opens a source as a statement would, options checked.
pub(crate) fn open_in(
    context: &Context,
    connector: impl Connector + 'static,
    options: &[(&str, &str)],
    schema: Option<SchemaRef>,
) -> Result<Box<dyn Source>> {
    let checked = context.registry.check(Arc::new(connector), &Options::of(options), None)?;
    checked.connector.open_source(&SourceSpec { schema, options: checked.options, format: checked.format }, context)
}

pub(crate) fn open(
    connector: &(impl Connector + Clone + 'static),
    options: &[(&str, &str)],
    schema: Option<SchemaRef>,
) -> Result<Box<dyn Source>> {
    open_in(&context(), connector.clone(), options, schema)
}

/// Everything a source gives until its end, or until it fails.
pub(crate) fn read_all(source: &mut dyn Source, rows_max: usize) -> (Vec<RecordBatch>, Option<Error>) {
    let mut batches = Vec::new();
    loop {
        match source.fetch(FetchLimits { rows_max, wait: Duration::ZERO }) {
            Ok(Fetch::Rows(fetched)) => batches.push(fetched.batch),
            Ok(Fetch::Nothing) => return (batches, None),
            Ok(Fetch::End) => return (batches, None),
            Err(error) => return (batches, Some(error)),
        }
    }
}
