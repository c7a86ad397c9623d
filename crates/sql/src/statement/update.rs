//! `UPDATE t SET …`.

use levada_base::Result;
use sqlparser::ast::{Expr, SelectItem, TableWithJoins};
use sqlparser::tokenizer::Token;

use super::{At, Ident, Name};
use crate::parser::Reader;

/// Rows of a table to be changed, each at most once.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    pub target: Name,
    pub alias: Option<Ident>,
    pub assignments: Vec<Assignment>,
    /// Relations that the expressions may use beside the target.
    pub from: Vec<TableWithJoins>,
    pub filter: Option<At<Box<Expr>>>,
    /// Empty without RETURNING.
    pub returning: Vec<SelectItem>,
}

/// `column = expression`.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    pub column: Ident,
    pub value: At<Box<Expr>>,
}

impl Update {
    /// Reads what follows UPDATE.
    pub(crate) fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let target = reader.name("a table")?;
        let alias = parse_alias(reader, "SET")?;
        reader.expect("SET")?;
        let assignments = reader.separated(Assignment::parse)?;
        let from = if reader.take("FROM") { reader.tables()? } else { Vec::new() };
        let filter = if reader.take("WHERE") { Some(reader.expr()?) } else { None };
        let returning = parse_returning(reader)?;
        Ok(Self { target, alias, assignments, from, filter, returning })
    }
}

impl Assignment {
    pub(crate) fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let column = reader.ident("a column")?;
        reader.expect_symbol(&Token::Eq)?;
        Ok(Self { column, value: reader.expr()? })
    }
}

/// `[AS] alias` in front of the word `next`, which would be read as an alias otherwise.
pub(crate) fn parse_alias(reader: &mut Reader<'_>, next: &str) -> Result<Option<Ident>> {
    let explicit = reader.take("AS");
    let implicit =
        matches!(reader.token(0), Token::Word(_)) && !["WHERE", "RETURNING", next].iter().any(|word| reader.is(word));
    if explicit || implicit { reader.ident("an alias").map(Some) } else { Ok(None) }
}

/// `RETURNING column, …`, or nothing.
pub(crate) fn parse_returning(reader: &mut Reader<'_>) -> Result<Vec<SelectItem>> {
    if reader.take("RETURNING") { reader.projection() } else { Ok(Vec::new()) }
}
