//! JSON lines: one object a line (RFC 8259, <https://jsonlines.org>).
//!
//! A member is the column of its name; a member that is missing is NULL. Numbers are exact: 64-bit integers and decimals never pass
//! through a float. A name that comes twice in one object is an error, at every depth. Dates, times, bytes (`\x…`), UUIDs and the floats
//! that JSON has no number for (`"NaN"`, `"Infinity"`) are strings. Objects are STRUCTs, arrays are lists.

mod cells;
mod decoder;
mod encoder;
mod infer;
mod members;
mod scanner;
#[cfg(test)]
mod tests;

use arrow::datatypes::SchemaRef;
use levada_base::{ReadFile, Result, WriteFile};
use levada_connect::{Decoder, Encoder, Format, OptionSpec, Options, ReadPlan};

use crate::rows::RowDecoder;

/// The format `json`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json", "jsonl", "ndjson"]
    }

    fn options(&self) -> &'static [OptionSpec] {
        &[]
    }

    fn check(&self, _options: &Options) -> Result<()> {
        Ok(())
    }

    fn infer(&self, file: Box<dyn ReadFile>, _options: &Options) -> Result<SchemaRef> {
        infer::infer(file)
    }

    fn decoder(&self, file: Box<dyn ReadFile>, plan: ReadPlan, _options: &Options) -> Result<Box<dyn Decoder>> {
        let rows = decoder::JsonRows::new(file, &plan)?;
        Ok(Box::new(RowDecoder::new(rows, plan.schema, plan.batch_rows)))
    }

    fn encoder(&self, file: Box<dyn WriteFile>, schema: SchemaRef, _options: &Options) -> Result<Box<dyn Encoder>> {
        Ok(Box::new(encoder::JsonEncoder::new(file, &schema)?))
    }
}
