//! Apache Parquet. Only the columns that are wanted are read; rows that are passed over are not decoded where the file's index allows.

mod decoder;
mod encoder;
mod input;
#[cfg(test)]
mod tests;

use arrow::datatypes::SchemaRef;
use levada_base::{ReadFile, Result, WriteFile};
use levada_connect::{Decoder, Encoder, Format, OptionKind, OptionSpec, Options, ReadPlan};
use levada_delta::engine_schema;

/// The format `parquet`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Parquet;

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        name: "compression",
        kind: OptionKind::Choice(&["none", "snappy", "zstd"]),
        default: Some("zstd"),
        required: false,
        help: "how pages are compressed when a file is written",
    },
    OptionSpec {
        name: "row_group_rows",
        kind: OptionKind::Int { min: 1, max: 100_000_000 },
        default: Some("1048576"),
        required: false,
        help: "rows a row group when a file is written",
    },
];

impl Format for Parquet {
    fn name(&self) -> &'static str {
        "parquet"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["parquet"]
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    fn check(&self, _options: &Options) -> Result<()> {
        Ok(())
    }

    fn infer(&self, file: Box<dyn ReadFile>, _options: &Options) -> Result<SchemaRef> {
        Ok(engine_schema(&*decoder::read_schema(file, "the file")?))
    }

    fn decoder(&self, file: Box<dyn ReadFile>, plan: ReadPlan, _options: &Options) -> Result<Box<dyn Decoder>> {
        Ok(Box::new(decoder::ParquetDecoder::new(file, plan)?))
    }

    fn encoder(&self, file: Box<dyn WriteFile>, schema: SchemaRef, options: &Options) -> Result<Box<dyn Encoder>> {
        Ok(Box::new(encoder::ParquetEncoder::new(file, schema, options)?))
    }
}
