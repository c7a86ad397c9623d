//! `CREATE SINK`: an output to outside.

use std::fmt;

use levada_base::{Error, Position, Result, codes};
use sqlparser::ast::Expr;
use sqlparser::tokenizer::Token;

use super::name::joined;
use super::option::write_options;
use super::source::parse_connector;
use super::{
    At, Envelope, Existing, FormatClause, Ident, Name, OptionItem, Query, parse_envelope, parse_format, parse_options,
};
use crate::parser::{Reader, once, refuse_planned};

/// An output. The connector, if one was named, is the option `connector`.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateSink {
    pub existing: Existing,
    pub name: Name,
    pub input: SinkInput,
    pub options: Vec<OptionItem>,
    pub format: Option<FormatClause>,
    pub envelope: Option<At<Envelope>>,
    pub key: Option<SinkKey>,
}

/// What a sink writes.
#[derive(Debug, Clone, PartialEq)]
pub enum SinkInput {
    /// `FROM name [WHERE filter]`.
    Relation { name: Name, filter: Option<At<Box<Expr>>> },
    /// `FROM (query)` or `AS query`.
    Query(Query),
}

/// `KEY (column, …) [NOT ENFORCED]`.
#[derive(Debug, Clone)]
pub struct SinkKey {
    pub columns: Vec<Ident>,
    /// Otherwise uniqueness is not proven at CREATE but checked while rows are written.
    pub enforced: bool,
    pub position: Position,
}

impl PartialEq for SinkKey {
    fn eq(&self, other: &Self) -> bool {
        (&self.columns, self.enforced) == (&other.columns, other.enforced)
    }
}

impl CreateSink {
    /// Reads what follows the name.
    pub(crate) fn parse(reader: &mut Reader<'_>, existing: Existing, name: Name) -> Result<Self> {
        let mut clauses = SinkClauses::default();
        while !reader.at_end() {
            clauses.parse_one(reader)?;
        }
        let SinkClauses { input, into: _, with: _, options, format, envelope, key } = clauses;
        let Some(input) = input else { return Err(reader.unexpected("FROM a relation, or AS and a query")) };
        Ok(Self { existing, name, input, options, format, envelope, key })
    }
}

#[derive(Default)]
struct SinkClauses {
    input: Option<SinkInput>,
    into: Option<()>,
    with: Option<()>,
    options: Vec<OptionItem>,
    format: Option<FormatClause>,
    envelope: Option<At<Envelope>>,
    key: Option<SinkKey>,
}

impl SinkClauses {
    fn parse_one(&mut self, reader: &mut Reader<'_>) -> Result<()> {
        refuse_planned(reader)?;
        let position = reader.position();
        if reader.take("FROM") {
            once(&mut self.input, parse_from(reader)?, "what the sink writes", position)
        } else if reader.take("AS") {
            once(&mut self.input, SinkInput::Query(Query::parse(reader)?), "what the sink writes", position)
        } else if reader.take("INTO") {
            refuse_table(reader)?;
            once(&mut self.into, (), "INTO connector", position)?;
            parse_connector(reader, &mut self.options)
        } else if reader.take("WITH") {
            once(&mut self.with, (), "WITH", position)?;
            parse_options(reader, &mut self.options)
        } else if reader.take("FORMAT") {
            once(&mut self.format, parse_format(reader)?, "FORMAT", position)
        } else if reader.take("ENVELOPE") {
            once(&mut self.envelope, parse_envelope(reader, position)?, "ENVELOPE", position)
        } else if reader.take("KEY") {
            once(&mut self.key, parse_key(reader, position)?, "KEY", position)
        } else {
            Err(reader.unexpected("a clause of CREATE SINK: FROM, AS, INTO, WITH, FORMAT, ENVELOPE or KEY"))
        }
    }
}

fn parse_from(reader: &mut Reader<'_>) -> Result<SinkInput> {
    if reader.take_symbol(&Token::LParen) {
        let query = Query::parse(reader)?;
        if !reader.take_symbol(&Token::RParen) {
            return Err(reader.unexpected("\")\" behind the query"));
        }
        return Ok(SinkInput::Query(query));
    }
    let name = reader.name("a relation or (query)")?;
    let filter = if reader.take("WHERE") { Some(reader.expr()?) } else { None };
    Ok(SinkInput::Relation { name, filter })
}

/// `INTO name` without options means a table of another product.
fn refuse_table(reader: &Reader<'_>) -> Result<()> {
    if matches!(reader.token(0), Token::Word(_)) && *reader.token(1) != Token::LParen {
        return Err(Error::new(codes::LV_S610, "a sink writes to outside, not into a table")
            .with_hint("use CREATE MATERIALIZED VIEW … AS …; for a connector write INTO connector (option = value, …)")
            .at(reader.position()));
    }
    Ok(())
}

fn parse_key(reader: &mut Reader<'_>, position: Position) -> Result<SinkKey> {
    let columns = reader.list(|reader| reader.ident("a key column"))?;
    let enforced = !reader.take("NOT ENFORCED");
    Ok(SinkKey { columns, enforced, position })
}

impl fmt::Display for CreateSink {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", self.existing.create("SINK"), self.name)?;
        match &self.input {
            SinkInput::Relation { name, filter } => {
                write!(out, " FROM {name}")?;
                if let Some(filter) = filter {
                    write!(out, " WHERE {}", filter.value)?;
                }
            }
            SinkInput::Query(query) => write!(out, " AS\n{query}")?,
        }
        write_options(out, &self.options)?;
        if let Some(format) = &self.format {
            format.fmt(out)?;
        }
        if let Some(envelope) = &self.envelope {
            envelope.value.fmt(out)?;
        }
        match &self.key {
            Some(key) => {
                let checked = if key.enforced { "" } else { " NOT ENFORCED" };
                write!(out, "\nKEY ({}){checked}", joined(&key.columns))
            }
            None => Ok(()),
        }
    }
}
