//! The place of an error inside a subquery. The parser tries several readings of `(` and reports where the last one failed,
//! which may be far from the mistake; here each subquery is read on its own, the innermost first.

use levada_base::Error;
use sqlparser::tokenizer::Token;

use super::query_tokens::QueryParser;
use super::reader::Reader;

/// How many subqueries are looked at; beyond that the parser's own place is good enough.
const SUBQUERIES_MAX: usize = 100;

/// The error of the innermost subquery between `first` and `end` that has one.
pub(crate) fn innermost_error(reader: &Reader<'_>, first: usize, end: usize) -> Option<Error> {
    subqueries(reader, first, end).into_iter().take(SUBQUERIES_MAX).find_map(|subquery| subquery.error(reader))
}

/// The tokens between the brackets of a subquery.
struct Subquery {
    first: usize,
    end: usize,
    closed: bool,
}

impl Subquery {
    fn error(&self, reader: &Reader<'_>) -> Option<Error> {
        let mut inner = QueryParser::new(reader, self.first, self.end);
        if let Err(error) = inner.parser.parse_query() {
            return Some(reader.converted(error, self.first, self.end));
        }
        let stopped = self.first + inner.taken();
        let complete = self.closed && stopped == self.end;
        (!complete).then(|| reader.unexpected_at(stopped, "\")\""))
    }
}

/// The subqueries between `first` and `end`; inner ones come before those around them.
fn subqueries(reader: &Reader<'_>, first: usize, end: usize) -> Vec<Subquery> {
    let mut open = Vec::new();
    let mut found = Vec::new();
    for index in first..end {
        match reader.token_at(index) {
            Token::LParen => open.push(index + 1),
            Token::RParen => match open.pop() {
                Some(first) => found.push(Subquery { first, end: index, closed: true }),
                None => break,
            },
            _ => {}
        }
    }
    found.extend(open.into_iter().rev().map(|first| Subquery { first, end, closed: false }));
    found.retain(|subquery| ["SELECT", "WITH", "VALUES", "FROM"].iter().any(|word| reader.is_at(subquery.first, word)));
    found
}
