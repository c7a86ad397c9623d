//! A query with what may stand behind it in a continuous statement: EMIT, ALLOWED LATENESS, LATE DATA TO.

use std::fmt;

use levada_base::{Code, Error, Position, Result, codes};
use sqlparser::ast;
use sqlparser::tokenizer::Token;

use super::{At, Name};
use crate::parser::{QueryParser, Reader, check_query, innermost_error, refuse_planned, twice};

/// A query. Two are equal when they ask the same: text and places do not count.
#[derive(Debug, Clone)]
pub struct Query {
    pub ast: Box<ast::Query>,
    /// The query as typed, without the clauses below.
    pub text: String,
    pub position: Position,
    pub emit: Option<At<Emit>>,
    /// `ALLOWED LATENESS i`, an interval or a text such as `'5 seconds'`.
    pub lateness: Option<At<Box<ast::Expr>>>,
    pub late_data_to: Option<Name>,
}

/// When a continuous query writes its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emit {
    /// The net difference of every epoch; `EMIT ON UPDATE` is the same.
    Changes,
    /// When the watermark passes a window's end; `EMIT AFTER WATERMARK` and `EMIT ON WATERMARK` are the same.
    OnWindowClose,
    /// Once per window, when no late row can change it any more.
    Final,
}

impl PartialEq for Query {
    fn eq(&self, other: &Self) -> bool {
        self.ast == other.ast
            && self.emit == other.emit
            && self.lateness == other.lateness
            && self.late_data_to == other.late_data_to
    }
}

impl fmt::Display for Query {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)?;
        if let Some(emit) = &self.emit {
            write!(out, "\n{}", emit.value)?;
        }
        if let Some(lateness) = &self.lateness {
            write!(out, "\nALLOWED LATENESS {}", lateness.value)?;
        }
        match &self.late_data_to {
            Some(table) => write!(out, "\nLATE DATA TO {table}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Emit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Changes => "EMIT CHANGES",
            Self::OnWindowClose => "EMIT ON WINDOW CLOSE",
            Self::Final => "EMIT FINAL",
        })
    }
}

impl Query {
    /// Reads a query and the clauses behind it.
    pub(crate) fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let first = reader.index();
        let end = query_end(reader);
        let mut tokens = QueryParser::new(reader, first, end);
        let mut ast = tokens
            .parser
            .parse_query()
            .map_err(|error| innermost_error(reader, first, end).unwrap_or_else(|| reader.converted(error, first, end)))?;
        reader.skip(tokens.taken());
        let position = reader.position_from(first, reader.index());
        check_query(&mut ast, position)?;
        let text = reader.text(first, reader.index()).to_owned();
        let mut query = Self { ast, text, position, emit: None, lateness: None, late_data_to: None };
        query.parse_tail(reader)?;
        Ok(query)
    }

    fn parse_tail(&mut self, reader: &mut Reader<'_>) -> Result<()> {
        if reader.starts_emit(reader.index()) {
            self.emit = Some(parse_emit(reader)?);
        }
        if let Some(position) = take_lateness(reader) {
            let mut lateness = reader.expr()?;
            lateness.position = position;
            self.lateness = Some(lateness);
        }
        if reader.take("LATE DATA TO") {
            self.late_data_to = Some(reader.name("a table")?);
        }
        if let Some(position) = take_lateness(reader) {
            return Err(if self.lateness.is_some() {
                twice("ALLOWED LATENESS", position)
            } else {
                Error::new(codes::LV_S001, "ALLOWED LATENESS stands behind LATE DATA TO")
                    .with_hint("write EMIT …, then ALLOWED LATENESS …, then LATE DATA TO …")
                    .at(position)
            });
        }
        refuse_planned(reader)
    }

    /// An error if a clause of continuous queries stands in a statement that runs once.
    pub(crate) fn refuse_continuous(&self, code: Code, statement: &str) -> Result<()> {
        let (clause, position) = match (&self.emit, &self.lateness, &self.late_data_to) {
            (Some(emit), _, _) => ("EMIT", emit.position),
            (_, Some(lateness), _) => ("ALLOWED LATENESS", lateness.position),
            (_, _, Some(table)) => ("LATE DATA TO", table.position),
            (None, None, None) => return Ok(()),
        };
        Err(Error::new(code, format!("{clause} in {statement}"))
            .with_reason("it runs once and ends; the clause says when a continuous query writes")
            .with_hint("use SUBSCRIBE (…) to follow the changes, or CREATE MATERIALIZED VIEW … AS … to keep the result")
            .at(position))
    }
}

fn parse_emit(reader: &mut Reader<'_>) -> Result<At<Emit>> {
    refuse_planned(reader)?;
    let first = reader.index();
    const FORMS: &[(&str, Emit)] = &[
        ("EMIT CHANGES", Emit::Changes),
        ("EMIT ON UPDATE", Emit::Changes),
        ("EMIT ON WINDOW CLOSE", Emit::OnWindowClose),
        ("EMIT AFTER WATERMARK", Emit::OnWindowClose),
        ("EMIT ON WATERMARK", Emit::OnWindowClose),
        ("EMIT FINAL", Emit::Final),
    ];
    match FORMS.iter().find(|(words, _)| reader.take(words)) {
        Some((_, emit)) => Ok(At::new(*emit, reader.position_from(first, reader.index()))),
        None => {
            reader.skip(1);
            Err(reader.unexpected_word("CHANGES, ON WINDOW CLOSE or FINAL", &["CHANGES", "ON", "AFTER", "FINAL"]))
        }
    }
}

fn take_lateness(reader: &mut Reader<'_>) -> Option<Position> {
    let first = reader.index();
    let words = ["ALLOWED LATENESS", "ALLOW LATENESS", "GRACE PERIOD"];
    words.iter().any(|words| reader.take(words)).then(|| reader.position_from(first, reader.index()))
}

/// Where the query ends at the latest: at a bracket that it did not open, or at `WITH (`, which would be read as table hints.
fn query_end(reader: &Reader<'_>) -> usize {
    let mut depth = 0_usize;
    for index in reader.index()..reader.length() {
        match reader.token_at(index) {
            Token::LParen => depth += 1,
            Token::RParen if depth == 0 => return index,
            Token::RParen => depth -= 1,
            _ if depth == 0 && reader.is_at(index, "WITH") && *reader.token_at(index + 1) == Token::LParen => return index,
            _ => {}
        }
    }
    reader.length()
}
