//! Comma-separated values (RFC 4180 and its relatives).
//!
//! A header names the columns; without one the columns of the statement are those of the file in order. An unquoted field equal to
//! the `null` text is NULL (by default the empty one), a quoted field never is, so `""` is an empty text and nothing is NULL; in a
//! TEXT column declared NOT NULL both are the empty text. Empty lines are passed over, except in a file of one column, where they are
//! a NULL. Each line ends with `\n` or `\r\n`; the last end may be missing.

mod decoder;
mod encoder;
mod infer;
mod records;
#[cfg(test)]
mod tests;

use arrow::datatypes::SchemaRef;
use levada_base::{Error, ReadFile, Result, WriteFile, codes};
use levada_connect::{Decoder, Encoder, Format, OptionKind, OptionSpec, Options, ReadPlan};

use crate::rows::RowDecoder;

/// The format `csv`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Csv;

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        name: "header",
        kind: OptionKind::Bool,
        default: Some("true"),
        required: false,
        help: "whether the first line names the columns",
    },
    OptionSpec {
        name: "delimiter",
        kind: OptionKind::Text,
        default: Some(","),
        required: false,
        help: "the character between two fields; \\t is a tab",
    },
    OptionSpec {
        name: "quote",
        kind: OptionKind::Text,
        default: Some("\""),
        required: false,
        help: "the character around a field that holds delimiters, quotes or line ends",
    },
    OptionSpec {
        name: "escape",
        kind: OptionKind::Text,
        default: None,
        required: false,
        help: "the character before a quote inside a quoted field; the quote itself if not given",
    },
    OptionSpec {
        name: "null",
        kind: OptionKind::Text,
        default: Some(""),
        required: false,
        help: "the unquoted text that means NULL",
    },
];

/// How a file is written, from checked options.
#[derive(Debug, Clone)]
struct Dialect {
    has_header: bool,
    delimiter: u8,
    quote: u8,
    /// What makes a quote inside quotes an ordinary character; the quote itself by default.
    escape: u8,
    null: String,
}

impl Dialect {
    fn new(options: &Options) -> Result<Self> {
        let quote = character(options, "quote")?.unwrap_or(b'"');
        let dialect = Self {
            has_header: options.bool(OPTIONS, "header").unwrap_or(true),
            delimiter: character(options, "delimiter")?.unwrap_or(b','),
            quote,
            escape: character(options, "escape")?.unwrap_or(quote),
            null: options.text(OPTIONS, "null").unwrap_or_default().to_owned(),
        };
        if dialect.delimiter == dialect.quote || dialect.delimiter == dialect.escape {
            return Err(Error::new(
                codes::LV_C005,
                "format \"csv\" can't have the same character as delimiter and as quote or escape",
            )
            .with_hint("choose another delimiter")
            .at(options.get("delimiter").and_then(|option| option.value_position)));
        }
        let special = [dialect.delimiter, dialect.quote, b'\n', b'\r'];
        if dialect.null.bytes().any(|byte| special.contains(&byte)) {
            return Err(Error::new(codes::LV_C003, format!("option \"null\" of format \"csv\" can't be '{}'", dialect.null))
                .with_reason("an unquoted field can't hold delimiters, quotes or line ends")
                .at(options.get("null").and_then(|option| option.value_position)));
        }
        Ok(dialect)
    }
}

/// An option whose value is one character of one byte.
fn character(options: &Options, key: &str) -> Result<Option<u8>> {
    let Some(text) = options.text(OPTIONS, key) else { return Ok(None) };
    match text.as_bytes() {
        b"\\t" => Ok(Some(b'\t')),
        [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r' | 0) => Ok(Some(*byte)),
        _ => Err(Error::new(codes::LV_C003, format!("option \"{key}\" of format \"csv\" can't be '{text}'"))
            .with_hint("give one ASCII character, or \\t for a tab")
            .at(options.get(key).and_then(|option| option.value_position))),
    }
}

impl Format for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["csv"]
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    fn check(&self, options: &Options) -> Result<()> {
        Dialect::new(options).map(drop)
    }

    fn infer(&self, file: Box<dyn ReadFile>, options: &Options) -> Result<SchemaRef> {
        infer::infer(file, &Dialect::new(options)?)
    }

    fn decoder(&self, file: Box<dyn ReadFile>, plan: ReadPlan, options: &Options) -> Result<Box<dyn Decoder>> {
        let rows = decoder::CsvRows::new(file, &plan, Dialect::new(options)?)?;
        Ok(Box::new(RowDecoder::new(rows, plan.schema, plan.batch_rows)))
    }

    fn encoder(&self, file: Box<dyn WriteFile>, schema: SchemaRef, options: &Options) -> Result<Box<dyn Encoder>> {
        Ok(Box::new(encoder::CsvEncoder::new(file, &schema, Dialect::new(options)?)?))
    }
}
