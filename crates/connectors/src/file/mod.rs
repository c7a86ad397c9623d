//! Files: a file, the files of a directory, or those whose name fits a pattern, as one input in the order of their names; and a file
//! written as a whole.
//!
//! A source is bounded: it reads the files that are there when it is opened. A file that changes while it is read is an error, never
//! another result.

mod paths;
mod position;
mod sink;
mod source;
#[cfg(test)]
mod tests;

use std::path::Path;

use arrow::datatypes::SchemaRef;
use levada_base::{Error, Result, codes};
use levada_connect::{
    Capabilities, Connector, Context, Delivery, OptionKind, OptionSpec, Options, Registry, Replay, Sink, SinkSpec, Source,
    SourceSpec,
};

use crate::role;

/// The connector `file`.
#[derive(Debug, Clone, Copy, Default)]
pub struct FileConnector;

const NAME: &str = "file";

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        name: "path",
        kind: OptionKind::Text,
        default: None,
        required: true,
        help: "the file, a directory, or a path with * in its last part",
    },
    OptionSpec {
        name: "order",
        kind: OptionKind::Choice(&["name"]),
        default: Some("name"),
        required: false,
        help: "the order in which a source reads several files",
    },
    OptionSpec {
        name: "watch",
        kind: OptionKind::Bool,
        default: Some("false"),
        required: false,
        help: "whether a source waits for more files",
    },
    OptionSpec {
        name: "batch_rows",
        kind: OptionKind::Int { min: 1, max: 1_000_000 },
        default: Some("8192"),
        required: false,
        help: "rows a batch of a source, at most",
    },
    OptionSpec {
        name: "roll_bytes",
        kind: OptionKind::Bytes,
        default: None,
        required: false,
        help: "a sink begins a new file after so many bytes; one file if not given",
    },
];

/// Options that mean nothing to a sink.
const SOURCE_ONLY: &[&str] = &["order", "watch", "batch_rows"];
/// Options that mean nothing to a source.
const SINK_ONLY: &[&str] = &["roll_bytes"];

fn path(options: &Options) -> &str {
    options.text(OPTIONS, "path").unwrap_or_default()
}

fn refuse(options: &Options, names: &[&str], role: &str) -> Result<()> {
    match options.iter().find(|option| names.contains(&option.key.as_str())) {
        None => Ok(()),
        Some(option) => {
            Err(Error::new(codes::LV_C005, format!("a {role} of connector \"file\" has no option \"{}\"", option.key))
                .with_hint("remove it")
                .at(option.key_position))
        }
    }
}

impl Connector for FileConnector {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { source: Some(Replay::Seek), sink: Some(Delivery::TwoPhase), needs_format: true, is_live: false }
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    fn check(&self, options: &Options) -> Result<()> {
        if let Some(path) = options.get("path")
            && path.value.trim().is_empty()
        {
            return Err(Error::new(codes::LV_C003, "option \"path\" of connector \"file\" is empty").at(path.value_position));
        }
        if options.bool(OPTIONS, "watch") == Some(true) {
            return Err(Error::new(codes::LV_S004, "connector \"file\" can't watch for more files yet")
                .with_hint("leave \"watch\" out: the files that are there are read to their end")
                .at(options.get("watch").and_then(|option| option.value_position)));
        }
        Ok(())
    }

    fn implied_format(&self, options: &Options, registry: &Registry) -> Option<&'static str> {
        registry.format_of_path(Path::new(path(options))).map(|format| format.name())
    }

    fn is_bounded(&self, options: &Options) -> bool {
        options.bool(OPTIONS, "watch") != Some(true)
    }

    fn discover(&self, spec: &SourceSpec, context: &Context) -> Result<SchemaRef> {
        let said = spec.format.as_ref().ok_or_else(|| role::has_no_format(NAME))?;
        let format = context.format(said)?;
        let files = paths::resolve(path(&spec.options), &*format, &**context.world.files())?;
        let first = &files[0];
        let file =
            context.world.files().open(first).map_err(|cause| paths::unreachable(first, cause, &**context.world.files()))?;
        format.infer(file, &said.options).map_err(|error| error.while_doing(first.display()))
    }

    fn open_source(&self, spec: &SourceSpec, context: &Context) -> Result<Box<dyn Source>> {
        refuse(&spec.options, SINK_ONLY, "source")?;
        let schema = match &spec.schema {
            Some(schema) => schema.clone(),
            None => self.discover(spec, context)?,
        };
        Ok(Box::new(source::FileSource::open(spec, schema, context)?))
    }

    fn open_sink(&self, spec: &SinkSpec, context: &Context) -> Result<Box<dyn Sink>> {
        refuse(&spec.options, SOURCE_ONLY, "sink")?;
        Ok(Box::new(sink::FileSink::open(spec, context)?))
    }
}
