//! `CREATE STREAM`, `CREATE MATERIALIZED VIEW` and `CREATE VIEW`: a name for a query.

use std::fmt;

use levada_base::{Error, Result, codes};
use sqlparser::ast::{Expr, Value};
use sqlparser::tokenizer::Token;

use super::name::joined;
use super::option::write_options;
use super::{At, Existing, Ident, Name, ObjectKind, OptionItem, OptionValue, Query, parse_options};
use crate::parser::{Reader, once, refuse_planned, twice};

/// A named query: which of the three it is, the variant of [`Statement`](super::Statement) says.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateQuery {
    pub existing: Existing,
    pub kind: ObjectKind,
    pub name: Name,
    /// New names of the query's columns; empty for its own.
    pub columns: Vec<Ident>,
    pub options: Vec<OptionItem>,
    pub query: Query,
    /// Return at once; only for materialized views.
    pub background: bool,
}

impl CreateQuery {
    /// Reads what follows the name.
    pub(crate) fn parse(reader: &mut Reader<'_>, existing: Existing, kind: ObjectKind, name: Name) -> Result<Self> {
        let mut columns = None;
        let mut options = None;
        let mut background = None;
        let mut query = None;
        while !reader.at_end() {
            refuse_planned(reader)?;
            let position = reader.position();
            if reader.is_symbol(&Token::LParen) && query.is_none() {
                let names = reader.list(|reader| reader.ident("a column name"))?;
                once(&mut columns, names, "the column list", position)?;
            } else if kind != ObjectKind::View && reader.take("WITH") {
                let mut items = Vec::new();
                parse_options(reader, &mut items)?;
                once(&mut options, items, "WITH", position)?;
            } else if query.is_none() && reader.take("AS") {
                query = Some(Query::parse(reader)?);
            } else if kind == ObjectKind::MaterializedView && reader.take("BACKGROUND") {
                once(&mut background, (), "BACKGROUND", position)?;
            } else if query.is_none() {
                return Err(reader.unexpected("AS and a query"));
            } else {
                return Err(reader.unexpected("the end of the statement"));
            }
        }
        let Some(query) = query else { return Err(reader.unexpected("AS and a query")) };
        let (columns, options) = (columns.unwrap_or_default(), options.unwrap_or_default());
        let mut created = Self { existing, kind, name, columns, options, query, background: background.is_some() };
        created.take_lateness_option()?;
        Ok(created)
    }

    /// `WITH (allowed_lateness = …)` is another spelling of the clause.
    fn take_lateness_option(&mut self) -> Result<()> {
        let Some(index) = self.options.iter().position(|item| item.key == "allowed_lateness") else { return Ok(()) };
        let option = self.options.remove(index);
        if self.query.lateness.is_some() {
            return Err(twice("ALLOWED LATENESS", option.key_position));
        }
        let OptionValue::Text(text) = option.value else {
            return Err(Error::new(codes::LV_S601, "allowed_lateness is not an interval")
                .with_hint("write allowed_lateness = '5 seconds'")
                .at(option.value_position));
        };
        let interval = Box::new(Expr::Value(Value::SingleQuotedString(text).into()));
        self.query.lateness = Some(At::new(interval, option.value_position));
        Ok(())
    }
}

impl fmt::Display for CreateQuery {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", self.existing.create(self.kind.keywords()), self.name)?;
        if !self.columns.is_empty() {
            write!(out, " ({})", joined(&self.columns))?;
        }
        write_options(out, &self.options)?;
        let lead = if self.options.is_empty() { " AS" } else { "\nAS" };
        write!(out, "{lead}\n{}", self.query)?;
        if self.background { out.write_str("\nBACKGROUND") } else { Ok(()) }
    }
}
