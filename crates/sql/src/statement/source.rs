//! `CREATE SOURCE`: an input, with or without a connector.

use std::fmt;

use levada_base::{Error, Position, Result, codes};
use sqlparser::tokenizer::Token;

use super::column::{ColumnList, write_columns};
use super::option::write_options;
use super::{At, Column, Envelope, Existing, FormatClause, Ident, Name, OptionItem, WatermarkFor};
use super::{parse_envelope, parse_format, parse_options};
use crate::parser::{Reader, once, refuse_planned, twice};

/// An input. The connector, if there is one, is the option `connector`.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateSource {
    pub existing: Existing,
    pub name: Name,
    /// Empty where the schema is to be discovered.
    pub columns: Vec<Column>,
    pub primary_key: Vec<Ident>,
    pub watermark: Option<WatermarkFor>,
    pub append_only: bool,
    pub options: Vec<OptionItem>,
    pub format: Option<FormatClause>,
    pub envelope: Option<At<Envelope>>,
}

impl CreateSource {
    /// Reads what follows the name.
    pub(crate) fn parse(reader: &mut Reader<'_>, existing: Existing, name: Name) -> Result<Self> {
        let mut clauses = SourceClauses::default();
        let mut list = None;
        while !reader.at_end() {
            if reader.is_symbol(&Token::LParen) {
                let position = reader.position();
                once(&mut list, ColumnList::parse(reader)?, "the column list", position)?;
            } else {
                clauses.parse_one(reader)?;
            }
        }
        let list = list.unwrap_or_default();
        list.require_types()?;
        let SourceClauses { append_only, connector: _, with: _, options, format, envelope } = clauses;
        Ok(Self {
            existing,
            name,
            columns: list.columns,
            primary_key: list.primary_key.unwrap_or_default(),
            watermark: list.watermark,
            append_only: append_only.is_some(),
            options,
            format,
            envelope,
        })
    }
}

#[derive(Default)]
struct SourceClauses {
    append_only: Option<()>,
    connector: Option<()>,
    with: Option<()>,
    options: Vec<OptionItem>,
    format: Option<FormatClause>,
    envelope: Option<At<Envelope>>,
}

impl SourceClauses {
    fn parse_one(&mut self, reader: &mut Reader<'_>) -> Result<()> {
        refuse_planned(reader)?;
        let position = reader.position();
        if reader.take("APPEND ONLY") {
            once(&mut self.append_only, (), "APPEND ONLY", position)
        } else if reader.take("FROM") {
            once(&mut self.connector, (), "FROM connector", position)?;
            parse_connector(reader, &mut self.options)
        } else if reader.take("WITH") {
            once(&mut self.with, (), "WITH", position)?;
            parse_options(reader, &mut self.options)
        } else if reader.take("FORMAT") {
            once(&mut self.format, parse_format(reader)?, "FORMAT", position)
        } else if reader.take("ENVELOPE") {
            once(&mut self.envelope, parse_input_envelope(reader, position)?, "ENVELOPE", position)
        } else if reader.is("AS") {
            Err(Error::new(codes::LV_S001, "a source has no query")
                .with_hint("use CREATE STREAM … AS … or CREATE MATERIALIZED VIEW … AS …")
                .at(position))
        } else {
            Err(reader.unexpected("a clause of CREATE SOURCE: APPEND ONLY, FROM, WITH, FORMAT or ENVELOPE"))
        }
    }
}

/// Reads `connector (k = v, …)` into the options, `connector` among them.
pub(crate) fn parse_connector(reader: &mut Reader<'_>, options: &mut Vec<OptionItem>) -> Result<()> {
    let connector = reader.ident("a connector")?;
    if options.iter().any(|item| item.key == "connector") {
        return Err(twice("the connector", connector.position));
    }
    options.insert(0, OptionItem::text("connector", connector.name, connector.position));
    parse_options(reader, options)
}

fn parse_input_envelope(reader: &mut Reader<'_>, position: Position) -> Result<At<Envelope>> {
    let envelope = parse_envelope(reader, position)?;
    if envelope.value == Envelope::Diff {
        return Err(Error::new(codes::LV_S001, "DIFF is an envelope of SUBSCRIBE only")
            .with_hint("use PLAIN, UPSERT, DEBEZIUM or CHANGES")
            .at(position));
    }
    Ok(envelope)
}

impl fmt::Display for CreateSource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", self.existing.create("SOURCE"), self.name)?;
        write_columns(out, &self.columns, &self.primary_key, self.watermark.as_ref())?;
        if self.append_only {
            out.write_str("\nAPPEND ONLY")?;
        }
        write_options(out, &self.options)?;
        if let Some(format) = &self.format {
            format.fmt(out)?;
        }
        self.envelope.as_ref().map_or(Ok(()), |envelope| envelope.value.fmt(out))
    }
}
