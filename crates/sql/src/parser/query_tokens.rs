//! The tokens of a query as `sqlparser` gets them: `FROM t WHERE …` becomes `SELECT * FROM t WHERE …`, at any depth.
//!
//! `sqlparser` reads FROM-first queries too, but nothing behind the tables when there is no SELECT.

use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::reader::{Reader, parser_of};

/// A parser over a query's tokens that knows how many of them were typed.
pub(crate) struct QueryParser {
    pub parser: Parser<'static>,
    /// Where tokens were put in, as indexes into the parser's tokens.
    inserted: Vec<usize>,
}

/// The words in front of FROM that say that a query starts with it.
const BEFORE_QUERY: &[&str] = &["UNION", "EXCEPT", "INTERSECT", "ALL", "AS"];

impl QueryParser {
    /// A parser over the tokens from `first` up to `end` of the reader's statement.
    pub(crate) fn new(reader: &Reader<'_>, first: usize, end: usize) -> Self {
        let mut tokens = Vec::with_capacity(end - first + 2);
        let mut inserted = Vec::new();
        for index in first..end {
            if reader.is_at(index, "FROM") && starts_query(reader, first, index) && !selects_later(reader, index, end) {
                let span = reader.token_with_span(index).span;
                for token in [Token::make_keyword("SELECT"), Token::Mul] {
                    inserted.push(tokens.len());
                    tokens.push(TokenWithSpan { token, span });
                }
            }
            tokens.push(reader.token_with_span(index).clone());
        }
        Self { parser: parser_of(tokens), inserted }
    }

    /// How many of the typed tokens were taken.
    pub(crate) fn taken(&self) -> usize {
        let taken = self.parser.index();
        taken - self.inserted.iter().filter(|index| **index < taken).count()
    }
}

/// Whether a query, and not the FROM clause of one, starts at `index`.
fn starts_query(reader: &Reader<'_>, first: usize, index: usize) -> bool {
    if index == first {
        return true;
    }
    *reader.token_at(index - 1) == Token::LParen || BEFORE_QUERY.iter().any(|word| reader.is_at(index - 1, word))
}

/// Whether the query that starts with FROM at `index` has its SELECT behind the tables.
fn selects_later(reader: &Reader<'_>, index: usize, end: usize) -> bool {
    let mut depth = 0_usize;
    for at in index..end {
        match reader.token_at(at) {
            Token::LParen => depth += 1,
            Token::RParen if depth == 0 => return false,
            Token::RParen => depth -= 1,
            _ if depth > 0 => {}
            _ if reader.is_at(at, "SELECT") => return true,
            _ if ["UNION", "EXCEPT", "INTERSECT"].iter().any(|word| reader.is_at(at, word)) => return false,
            _ => {}
        }
    }
    false
}
