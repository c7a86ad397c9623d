//! `EXPLAIN [(FORMAT f, VERBOSE)] {statement | name}`.

use levada_base::Result;
use sqlparser::tokenizer::Token;

use super::{Name, Query, Statement};
use crate::parser::{Reader, once, parse_statement, planned};

/// A plan to be shown instead of run.
#[derive(Debug, Clone, PartialEq)]
pub struct Explain {
    pub format: ExplainFormat,
    pub verbose: bool,
    pub target: ExplainTarget,
}

/// How a plan is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExplainFormat {
    Text,
    Json,
    Dot,
}

/// Whose plan is shown.
#[derive(Debug, Clone, PartialEq)]
pub enum ExplainTarget {
    /// A query, continuous or not.
    Query(Query),
    /// CREATE, INSERT and other statements.
    Statement(Box<Statement>),
    /// The running job of an object.
    Object(Name),
}

const PLANNED: &[(&str, &str)] = &[
    ("ANALYZE", "use EXPLAIN without ANALYZE"),
    ("PENDING", "use SHOW JOBS"),
    ("LINEAGE", "use EXPLAIN of the view"),
    ("REPLACE", "use EXPLAIN CREATE OR REPLACE …"),
    ("SHOW", "run the SHOW statement"),
];

impl Explain {
    /// Reads what follows EXPLAIN.
    pub(crate) fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let mut format = None;
        let mut verbose = None;
        let options = ["FORMAT", "VERBOSE", "ANALYZE"];
        if reader.is_symbol(&Token::LParen) && options.iter().any(|word| reader.is_at(reader.index() + 1, word)) {
            reader.list(|reader| parse_option(reader, &mut format, &mut verbose))?;
        } else if reader.index() + 1 < reader.length() && reader.take("VERBOSE") {
            verbose = Some(());
        }
        if reader.index() + 1 < reader.length() {
            refuse(reader)?;
        }
        let target = ExplainTarget::parse(reader)?;
        Ok(Self { format: format.unwrap_or(ExplainFormat::Text), verbose: verbose.is_some(), target })
    }
}

fn refuse(reader: &Reader<'_>) -> Result<()> {
    match PLANNED.iter().find(|(word, _)| reader.is(word)) {
        Some((word, hint)) => Err(planned(&format!("EXPLAIN {word}"), hint, reader.position())),
        None => Ok(()),
    }
}

fn parse_option(reader: &mut Reader<'_>, format: &mut Option<ExplainFormat>, verbose: &mut Option<()>) -> Result<()> {
    refuse(reader)?;
    let position = reader.position();
    if reader.take("VERBOSE") {
        return once(verbose, (), "VERBOSE", position);
    }
    reader.expect("FORMAT")?;
    let forms = [("TEXT", ExplainFormat::Text), ("JSON", ExplainFormat::Json), ("DOT", ExplainFormat::Dot)];
    match forms.iter().find(|(word, _)| reader.take(word)) {
        Some((_, form)) => once(format, *form, "FORMAT", position),
        None => Err(reader.unexpected_word("a format", &["TEXT", "JSON", "DOT"])),
    }
}

impl ExplainTarget {
    fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let queries = ["SELECT", "WITH", "FROM", "VALUES"];
        if reader.is_symbol(&Token::LParen) || queries.iter().any(|word| reader.is(word)) {
            return Query::parse(reader).map(Self::Query);
        }
        let statements = ["CREATE", "INSERT", "UPDATE", "DELETE", "SUBSCRIBE"];
        if statements.iter().any(|word| reader.is(word)) {
            return parse_statement(reader).map(|statement| Self::Statement(Box::new(statement)));
        }
        reader.name("a query, CREATE, INSERT, or the name of an object").map(Self::Object)
    }
}
