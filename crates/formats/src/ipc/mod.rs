//! Apache Arrow IPC: the file format, and the stream format where a file does not begin with the file format's magic.

mod bounds;
mod decoder;
mod encoder;
#[cfg(test)]
mod tests;

use arrow::datatypes::SchemaRef;
use levada_base::{ReadFile, Result, WriteFile};
use levada_connect::{Decoder, Encoder, Format, OptionKind, OptionSpec, Options, ReadPlan};
use levada_delta::engine_schema;

/// The format `arrow`.
#[derive(Debug, Clone, Copy, Default)]
pub struct ArrowIpc;

const OPTIONS: &[OptionSpec] = &[OptionSpec {
    name: "layout",
    kind: OptionKind::Choice(&["file", "stream"]),
    default: Some("file"),
    required: false,
    help: "which of the two IPC formats is written; both are read",
}];

impl Format for ArrowIpc {
    fn name(&self) -> &'static str {
        "arrow"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["arrow", "arrows", "feather", "ipc"]
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    fn check(&self, _options: &Options) -> Result<()> {
        Ok(())
    }

    fn infer(&self, mut file: Box<dyn ReadFile>, _options: &Options) -> Result<SchemaRef> {
        Ok(engine_schema(&*decoder::read_schema(&mut file, "the file")?))
    }

    fn decoder(&self, file: Box<dyn ReadFile>, plan: ReadPlan, _options: &Options) -> Result<Box<dyn Decoder>> {
        Ok(Box::new(decoder::ArrowDecoder::new(file, plan)?))
    }

    fn encoder(&self, file: Box<dyn WriteFile>, schema: SchemaRef, options: &Options) -> Result<Box<dyn Encoder>> {
        let as_stream = options.text(OPTIONS, "layout") == Some("stream");
        Ok(Box::new(encoder::ArrowEncoder::new(file, &schema, as_stream)?))
    }
}
