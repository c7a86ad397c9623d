//! `CREATE TABLE`: keyed rows that live in Levada, perhaps filled by one query.

use std::fmt;

use levada_base::{Error, Result, codes};
use sqlparser::tokenizer::Token;

use super::column::{ColumnList, write_columns};
use super::option::write_options;
use super::{At, Column, Existing, Ident, Name, OptionItem, Query, WatermarkFor, parse_options};
use crate::parser::{Reader, once, refuse_planned};

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateTable {
    pub existing: Existing,
    pub name: Name,
    /// Empty only with a query.
    pub columns: Vec<Column>,
    pub primary_key: Vec<Ident>,
    pub watermark: Option<WatermarkFor>,
    pub append_only: bool,
    pub on_conflict: Option<At<TableConflict>>,
    pub options: Vec<OptionItem>,
    /// `AS query`: a copy made once.
    pub as_query: Option<Query>,
}

/// What happens to a row whose key is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableConflict {
    Overwrite,
    DoNothing,
    DoUpdateFull,
    DoUpdateIfNotNull,
}

impl TableConflict {
    const FORMS: &[(&str, Self)] = &[
        ("OVERWRITE", Self::Overwrite),
        ("DO NOTHING", Self::DoNothing),
        ("DO UPDATE FULL", Self::DoUpdateFull),
        ("DO UPDATE IF NOT NULL", Self::DoUpdateIfNotNull),
    ];

    fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        match Self::FORMS.iter().find(|(words, _)| reader.take(words)) {
            Some((_, conflict)) => refuse_planned(reader).map(|()| *conflict),
            None => Err(reader.unexpected_word("what to do on conflict", &["OVERWRITE", "DO NOTHING", "DO UPDATE FULL"])),
        }
    }
}

impl fmt::Display for TableConflict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = Self::FORMS.iter().find(|(_, conflict)| conflict == self).map_or("", |(words, _)| words);
        write!(out, "ON CONFLICT {words}")
    }
}

impl CreateTable {
    /// Reads what follows the name.
    pub(crate) fn parse(reader: &mut Reader<'_>, existing: Existing, name: Name) -> Result<Self> {
        let mut clauses = TableClauses::default();
        while !reader.at_end() {
            clauses.parse_one(reader)?;
        }
        let TableClauses { list, append_only, on_conflict, options, as_query } = clauses;
        let list = list.unwrap_or_default();
        if as_query.is_none() {
            list.require_types()?;
        }
        if as_query.is_none() && list.columns.is_empty() {
            let hint = "write (column type, …) behind the name, or AS SELECT …";
            return Err(Error::new(codes::LV_S001, "a table needs columns").with_hint(hint).at(name.position));
        }
        Ok(Self {
            existing,
            name,
            columns: list.columns,
            primary_key: list.primary_key.unwrap_or_default(),
            watermark: list.watermark,
            append_only: append_only.is_some(),
            on_conflict,
            options: options.unwrap_or_default(),
            as_query,
        })
    }
}

#[derive(Default)]
struct TableClauses {
    list: Option<ColumnList>,
    append_only: Option<()>,
    on_conflict: Option<At<TableConflict>>,
    options: Option<Vec<OptionItem>>,
    as_query: Option<Query>,
}

impl TableClauses {
    fn parse_one(&mut self, reader: &mut Reader<'_>) -> Result<()> {
        refuse_planned(reader)?;
        let position = reader.position();
        if reader.is_symbol(&Token::LParen) {
            once(&mut self.list, ColumnList::parse(reader)?, "the column list", position)
        } else if reader.take("APPEND ONLY") {
            once(&mut self.append_only, (), "APPEND ONLY", position)
        } else if reader.take("ON CONFLICT") {
            let conflict = TableConflict::parse(reader)?;
            once(&mut self.on_conflict, At::new(conflict, position), "ON CONFLICT", position)
        } else if reader.take("WITH") {
            let mut options = Vec::new();
            parse_options(reader, &mut options)?;
            once(&mut self.options, options, "WITH", position)
        } else if reader.take("AS") {
            let query = Query::parse(reader)?;
            query.refuse_continuous(codes::LV_S206, "CREATE TABLE … AS")?;
            once(&mut self.as_query, query, "AS query", position)
        } else {
            Err(reader.unexpected("a clause of CREATE TABLE: (columns), APPEND ONLY, ON CONFLICT, WITH or AS"))
        }
    }
}

impl fmt::Display for CreateTable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", self.existing.create("TABLE"), self.name)?;
        write_columns(out, &self.columns, &self.primary_key, self.watermark.as_ref())?;
        if self.append_only {
            out.write_str("\nAPPEND ONLY")?;
        }
        if let Some(conflict) = &self.on_conflict {
            write!(out, "\n{}", conflict.value)?;
        }
        write_options(out, &self.options)?;
        match &self.as_query {
            Some(query) => write!(out, "\nAS {query}"),
            None => Ok(()),
        }
    }
}
