//! Names of objects and columns: unquoted ones fold to lower case, quoted ones keep what was typed.

use std::fmt;

use levada_base::Position;
use sqlparser::keywords::{ALL_KEYWORDS, ALL_KEYWORDS_INDEX, Keyword};
use sqlparser::keywords::{RESERVED_FOR_COLUMN_ALIAS, RESERVED_FOR_TABLE_ALIAS, RESERVED_FOR_TABLE_FACTOR};

/// A column, parameter part or other simple name.
#[derive(Debug, Clone)]
pub struct Ident {
    pub name: String,
    pub position: Position,
}

/// An object's name, with the schema if one was typed.
#[derive(Debug, Clone)]
pub struct Name {
    pub schema: Option<String>,
    pub name: String,
    pub position: Position,
}

impl PartialEq for Ident {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        (&self.schema, &self.name) == (&other.schema, &other.name)
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        Quoted(&self.name).fmt(out)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(out, "{}.", Quoted(schema))?;
        }
        Quoted(&self.name).fmt(out)
    }
}

/// Prints a name so that it reads back as itself: with double quotes where folding or a keyword would change it.
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_plain(self.0) && !is_reserved(self.0) {
            return out.write_str(self.0);
        }
        write!(out, "\"{}\"", self.0.replace('"', "\"\""))
    }
}

/// Whether `name` is what an unquoted spelling of it folds to.
pub(crate) fn is_plain(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|first| first.is_ascii_lowercase() || first == '_')
        && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Words that open a clause somewhere, so that a bare name of this spelling could be taken for the clause.
fn is_reserved(name: &str) -> bool {
    const OPENERS: &[Keyword] = &[
        Keyword::AS,
        Keyword::CASE,
        Keyword::CAST,
        Keyword::CHECK,
        Keyword::CONSTRAINT,
        Keyword::CREATE,
        Keyword::DISTINCT,
        Keyword::EXISTS,
        Keyword::FALSE,
        Keyword::FOREIGN,
        Keyword::IF,
        Keyword::IN,
        Keyword::INTERVAL,
        Keyword::INTO,
        Keyword::NOT,
        Keyword::NULL,
        Keyword::PRIMARY,
        Keyword::TABLE,
        Keyword::TRUE,
        Keyword::UNIQUE,
        Keyword::VALUES,
    ];
    let Ok(index) = ALL_KEYWORDS.binary_search(&name.to_ascii_uppercase().as_str()) else {
        return name == "watermark";
    };
    let keyword = &ALL_KEYWORDS_INDEX[index];
    [OPENERS, RESERVED_FOR_TABLE_ALIAS, RESERVED_FOR_COLUMN_ALIAS, RESERVED_FOR_TABLE_FACTOR]
        .iter()
        .any(|list| list.contains(keyword))
}

/// Prints `, `-separated items.
pub(crate) fn joined<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

/// Prints a text literal.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_only_where_needed() {
        let printed = |name| Quoted(name).to_string();
        assert_eq!(printed("orders"), "orders");
        assert_eq!(printed("count"), "count");
        assert_eq!(printed("Orders"), "\"Orders\"");
        assert_eq!(printed("select"), "\"select\"");
        assert_eq!(printed("watermark"), "\"watermark\"");
        assert_eq!(printed("a\"b"), "\"a\"\"b\"");
        assert_eq!(printed(""), "\"\"");
    }
}
