//! Reading: text → tokens ([`script`]) → limits ([`limits`]) → one statement at a time ([`reader`], [`dispatch`]).

mod blame;
mod check;
mod clause;
mod dialect;
mod dispatch;
mod error;
mod limits;
mod query_tokens;
mod reader;
mod refused;
mod script;
mod tail;

use std::ops::Range;

use levada_base::{Error, Position, Result, codes};

pub use dialect::LevadaDialect;
pub use dispatch::KEYWORDS;
pub use limits::{EXPRESSION_DEPTH_MAX, IDENTIFIER_BYTES_MAX, STATEMENT_BYTES_MAX, TYPE_DEPTH_MAX, with_stack};

pub(crate) use blame::innermost_error;
pub(crate) use check::check_query;
pub(crate) use clause::{once, planned, refuse_planned, twice};
pub(crate) use dispatch::parse_statement;
pub(crate) use limits::beyond;
pub(crate) use query_tokens::QueryParser;
pub(crate) use reader::Reader;

use crate::statement::{At, Parsed};
use script::Script;

/// Reads every statement of a script, up to the first one that is wrong. Places count from the start of `text`.
///
/// # Errors
/// The first statement's that is wrong, with its place; `LV-S001` for most, `LV-S004` for what is planned.
pub fn parse_script(text: &str) -> Result<Vec<Parsed>> {
    parse_all(text).into_iter().collect()
}

/// Reads every statement of a script, each with its own outcome. A text that has no tokens in the end gives one error more.
pub fn parse_all(text: &str) -> Vec<Result<Parsed>> {
    let (script, error) = Script::read_as_far_as_possible(text);
    let mut statements = script.statements();
    if error.is_some() && script.tokens.last().is_some_and(|last| last.token != sqlparser::tokenizer::Token::SemiColon) {
        // The last statement is the one that does not end: its own errors would only repeat that.
        statements.pop();
    }
    statements.into_iter().map(|range| parse_range(&script, range)).chain(error.map(Err)).collect()
}

/// Reads exactly one statement.
///
/// # Errors
/// `LV-S001` if there is no statement or more than one; what is wrong with it otherwise.
pub fn parse_one(text: &str) -> Result<Parsed> {
    let script = Script::read(text)?;
    let mut statements = script.statements().into_iter();
    let Some(first) = statements.next() else {
        return Err(Error::new(codes::LV_S001, "there is no statement").with_hint("write one").at(Position::new(1, 1)));
    };
    if let Some(second) = statements.next() {
        return Err(Error::new(codes::LV_S001, "expected one statement, found a second one")
            .with_hint("run them one by one, or as a script")
            .at(script.position(second.start..second.start + 1)));
    }
    parse_range(&script, first)
}

/// Reads one expression, for example the filter of an API call.
///
/// # Errors
/// `LV-S001` if there is no expression, or something behind it.
pub fn parse_expression(text: &str) -> Result<At<Box<sqlparser::ast::Expr>>> {
    let script = Script::read(text)?;
    let range = 0..script.tokens.len();
    if range.is_empty() {
        return Err(Error::new(codes::LV_S001, "there is no expression").with_hint("write one").at(Position::new(1, 1)));
    }
    let depth = limits::check(&script, range.clone())?;
    let mut reader = Reader::new(&script, range);
    let expr = limits::with_stack_for(depth, || reader.expr())?;
    if reader.at_end() { Ok(expr) } else { Err(reader.unexpected("the end of the expression")) }
}

fn parse_range(script: &Script<'_>, range: Range<usize>) -> Result<Parsed> {
    script.refuse_hints(&range)?;
    let depth = limits::check(script, range.clone())?;
    let mut reader = Reader::new(script, range.clone());
    let statement = limits::with_stack_for(depth, || {
        let statement = parse_statement(&mut reader)?;
        if reader.at_end() { Ok(statement) } else { Err(reader.unexpected("the end of the statement")) }
    });
    let statement = statement.map_err(with_fix)?;
    Ok(Parsed { statement, text: script.slice(range.clone()).to_owned(), position: script.position(range) })
}

/// Where nothing nearer is known, the fix is the form of the statement.
fn with_fix(error: Error) -> Error {
    match error.hint() {
        Some(_) => error,
        None => error.with_hint("docs/sql shows the form of each statement"),
    }
}

/// A text cut at its semicolons, as a shell needs it while somebody is typing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split<'t> {
    /// The statements that end in `;`, without it.
    pub statements: Vec<&'t str>,
    /// What stands behind the last `;`, comments aside: empty when the input is complete.
    pub rest: &'t str,
}

impl Split<'_> {
    /// Whether nothing is left open: no statement without its `;`, no text or comment without its end.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.rest.is_empty()
    }
}

/// Cuts `text` at the semicolons that stand outside texts, quoted names and comments.
#[must_use]
pub fn split(text: &str) -> Split<'_> {
    let (script, error) = Script::read_as_far_as_possible(text);
    let closed = script.tokens.iter().rposition(|token| token.token == sqlparser::tokenizer::Token::SemiColon);
    let count = closed.map_or(0, |last| last + 1);
    let statements = script.statements().into_iter().filter(|range| range.end < count);
    let from = closed.map_or(0, |last| script.bytes[last].end);
    let rest = match error {
        Some(_) => text[from..].trim(),
        None => script.slice(count..script.tokens.len()),
    };
    Split { statements: statements.map(|range| script.slice(range)).collect(), rest }
}
