//! `FORMAT …` and `ENVELOPE …`: how rows are written down outside, and how changes are.

use std::fmt;

use levada_base::{Position, Result};
use sqlparser::tokenizer::Token;

use super::name::joined;
use super::{At, Ident, OptionItem, parse_options};
use crate::parser::Reader;

/// `FORMAT f [ENCODE e] [(option = value, …)]`.
#[derive(Debug, Clone, PartialEq)]
pub struct FormatClause {
    pub name: Ident,
    pub encode: Option<Ident>,
    pub options: Vec<OptionItem>,
}

/// How changes become rows of a file, a topic or a subscription.
#[derive(Debug, Clone, PartialEq)]
pub enum Envelope {
    /// The columns only; for append-only relations.
    Plain,
    /// `_op` of `upsert` and `delete`, by key. The key is empty where the relation's own is meant.
    Upsert { key: Vec<Ident> },
    /// `before`, `after`, `op`, by key. The key is empty where the relation's own is meant.
    Debezium { key: Vec<Ident> },
    /// `_epoch`, `_op`, `_weight`, `_before`, `_after`.
    Changes,
    /// `_epoch`, signed `_weight`, then the columns.
    Diff,
}

impl fmt::Display for FormatClause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "\nFORMAT {}", self.name)?;
        if let Some(encode) = &self.encode {
            write!(out, " ENCODE {encode}")?;
        }
        if self.options.is_empty() {
            return Ok(());
        }
        write!(out, " ({})", joined(&self.options))
    }
}

impl fmt::Display for Envelope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, key) = match self {
            Self::Plain => ("PLAIN", None),
            Self::Upsert { key } => ("UPSERT", Some(key)),
            Self::Debezium { key } => ("DEBEZIUM", Some(key)),
            Self::Changes => ("CHANGES", None),
            Self::Diff => ("DIFF", None),
        };
        write!(out, "\nENVELOPE {word}")?;
        match key {
            Some(key) if !key.is_empty() => write!(out, " (KEY ({}))", joined(key)),
            _ => Ok(()),
        }
    }
}

/// Reads what follows FORMAT.
pub(crate) fn parse_format(reader: &mut Reader<'_>) -> Result<FormatClause> {
    let name = reader.ident("a format such as JSON or CSV")?;
    let encode = if reader.take("ENCODE") { Some(reader.ident("an encoding")?) } else { None };
    let mut options = Vec::new();
    if reader.is_symbol(&Token::LParen) {
        parse_options(reader, &mut options)?;
    }
    Ok(FormatClause { name, encode, options })
}

/// Reads what follows ENVELOPE, which stands at `position`.
pub(crate) fn parse_envelope(reader: &mut Reader<'_>, position: Position) -> Result<At<Envelope>> {
    let envelope = if reader.take("PLAIN") {
        Envelope::Plain
    } else if reader.take("UPSERT") {
        Envelope::Upsert { key: parse_key(reader)? }
    } else if reader.take("DEBEZIUM") {
        Envelope::Debezium { key: parse_key(reader)? }
    } else if reader.take("CHANGES") {
        Envelope::Changes
    } else if reader.take("DIFF") {
        Envelope::Diff
    } else {
        return Err(reader.unexpected_word("an envelope", &["PLAIN", "UPSERT", "DEBEZIUM", "CHANGES", "DIFF"]));
    };
    Ok(At::new(envelope, position))
}

fn parse_key(reader: &mut Reader<'_>) -> Result<Vec<Ident>> {
    if !reader.take_symbol(&Token::LParen) {
        return Ok(Vec::new());
    }
    reader.expect("KEY")?;
    let key = reader.list(|reader| reader.ident("a key column"))?;
    reader.expect_symbol(&Token::RParen)?;
    Ok(key)
}
