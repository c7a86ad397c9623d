//! `DELETE FROM t`.

use levada_base::Result;
use sqlparser::ast::{Expr, SelectItem, TableWithJoins};

use super::update::{parse_alias, parse_returning};
use super::{At, Ident, Name};
use crate::parser::Reader;

/// Rows of a table to be removed.
#[derive(Debug, Clone, PartialEq)]
pub struct Delete {
    pub target: Name,
    pub alias: Option<Ident>,
    /// Relations that the condition may use beside the target.
    pub using: Vec<TableWithJoins>,
    pub filter: Option<At<Box<Expr>>>,
    /// Empty without RETURNING.
    pub returning: Vec<SelectItem>,
}

impl Delete {
    /// Reads what follows DELETE.
    pub(crate) fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        reader.expect("FROM")?;
        let target = reader.name("a table")?;
        let alias = parse_alias(reader, "USING")?;
        let using = if reader.take("USING") { reader.tables()? } else { Vec::new() };
        let filter = if reader.take("WHERE") { Some(reader.expr()?) } else { None };
        let returning = parse_returning(reader)?;
        Ok(Self { target, alias, using, filter, returning })
    }
}
