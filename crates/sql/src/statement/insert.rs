//! `INSERT INTO`.

use levada_base::{Position, Result, codes};
use sqlparser::ast::{Expr, SelectItem, SetExpr};
use sqlparser::tokenizer::Token;

use super::update::parse_returning;
use super::{Assignment, At, Ident, Name, Query};
use crate::parser::{Reader, planned};

/// Rows to be added to a table, a source or a sink.
#[derive(Debug, Clone, PartialEq)]
pub struct Insert {
    pub target: Name,
    /// The columns that are given, in the order of the values; empty for all of them.
    pub columns: Vec<Ident>,
    pub source: InsertSource,
    pub on_conflict: Option<OnConflict>,
    /// Empty without RETURNING.
    pub returning: Vec<SelectItem>,
}

/// Where the rows come from.
#[derive(Debug, Clone, PartialEq)]
pub enum InsertSource {
    /// `VALUES …`: the query's body is the list.
    Values(Query),
    Query(Query),
    DefaultValues,
}

/// `ON CONFLICT [(key)] action`.
#[derive(Debug, Clone)]
pub struct OnConflict {
    /// Empty for the primary key.
    pub key: Vec<Ident>,
    pub action: ConflictAction,
    pub position: Position,
}

/// What happens to an inserted row whose key is there already.
#[derive(Debug, Clone, PartialEq)]
pub enum ConflictAction {
    DoNothing,
    /// The new row is called `excluded` in the expressions.
    DoUpdate {
        assignments: Vec<Assignment>,
        filter: Option<At<Box<Expr>>>,
    },
}

impl PartialEq for OnConflict {
    fn eq(&self, other: &Self) -> bool {
        (&self.key, &self.action) == (&other.key, &other.action)
    }
}

impl Insert {
    /// Reads what follows INSERT.
    pub(crate) fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        reader.expect("INTO")?;
        let target = reader.name("a table")?;
        let columns = if reader.is_symbol(&Token::LParen) && !starts_query(reader, 1) {
            reader.list(|reader| reader.ident("a column"))?
        } else {
            Vec::new()
        };
        let source = InsertSource::parse(reader)?;
        let on_conflict = if reader.is("ON CONFLICT") { Some(OnConflict::parse(reader)?) } else { None };
        let returning = parse_returning(reader)?;
        Ok(Self { target, columns, source, on_conflict, returning })
    }
}

fn starts_query(reader: &Reader<'_>, ahead: usize) -> bool {
    let index = reader.index() + ahead;
    *reader.token(ahead) == Token::LParen || ["SELECT", "WITH", "VALUES", "FROM"].iter().any(|word| reader.is_at(index, word))
}

impl InsertSource {
    fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        if reader.take("DEFAULT VALUES") {
            return Ok(Self::DefaultValues);
        }
        if reader.is("CHANGES") {
            return Err(planned("INSERT … CHANGES", "use INSERT, UPDATE and DELETE on a table", reader.position()));
        }
        if !starts_query(reader, 0) {
            return Err(
                reader.unexpected_word("VALUES, a query or DEFAULT VALUES", &["VALUES", "SELECT", "WITH", "DEFAULT VALUES"])
            );
        }
        let query = Query::parse(reader)?;
        query.refuse_continuous(codes::LV_S521, "INSERT")?;
        Ok(if matches!(*query.ast.body, SetExpr::Values(_)) { Self::Values(query) } else { Self::Query(query) })
    }
}

impl OnConflict {
    fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let position = reader.expect("ON CONFLICT")?;
        let key =
            if reader.is_symbol(&Token::LParen) { reader.list(|reader| reader.ident("a key column"))? } else { Vec::new() };
        if reader.take("DO NOTHING") {
            return Ok(Self { key, action: ConflictAction::DoNothing, position });
        }
        reader.expect("DO UPDATE SET")?;
        let assignments = reader.separated(Assignment::parse)?;
        let filter = if reader.take("WHERE") { Some(reader.expr()?) } else { None };
        Ok(Self { key, action: ConflictAction::DoUpdate { assignments, filter }, position })
    }
}
