//! Syntax errors: what was found, what was expected, where, and the word that was probably meant.

use levada_base::{Error, Position, codes, nearest};
use sqlparser::parser::ParserError;
use sqlparser::tokenizer::{Location, Token};

use super::limits::{EXPRESSION_DEPTH_MAX, beyond};
use super::reader::Reader;
use super::tail::{TAIL_WORDS_MAX, is_word, starts_tail};

/// Words that continue a query or one of our statements: what a misspelt word is compared with.
const CLAUSES: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP",
    "BY",
    "HAVING",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "JOIN",
    "INNER",
    "LEFT",
    "RIGHT",
    "FULL",
    "OUTER",
    "CROSS",
    "USING",
    "VALUES",
    "WITH",
    "QUALIFY",
    "WINDOW",
    "EMIT",
    "CHANGES",
    "CLOSE",
    "FINAL",
    "ALLOWED",
    "LATENESS",
    "FORMAT",
    "ENCODE",
    "ENVELOPE",
    "WATERMARK",
    "PRIMARY",
    "APPEND",
    "CONFLICT",
    "RETURNING",
    "INTO",
    "BACKGROUND",
    "CASCADE",
    "RESTRICT",
];

/// The place of a token; none for the end of the text.
pub(crate) fn position_of(location: Location) -> Option<Position> {
    let line = u32::try_from(location.line).unwrap_or(u32::MAX);
    let column = u32::try_from(location.column).unwrap_or(u32::MAX);
    (line > 0 && column > 0).then_some(Position::new(line, column))
}

/// A token as a message shows it.
pub(crate) fn shown(token: &Token) -> String {
    match token {
        Token::EOF | Token::SemiColon => "the end of the statement".to_owned(),
        token => {
            let text = token.to_string();
            let short: String = text.chars().take(40).collect();
            if short.len() < text.len() { format!("\"{short}…\"") } else { format!("\"{short}\"") }
        }
    }
}

impl Reader<'_> {
    /// LV-S001 at the next token: `expected` is what the grammar allows here.
    pub(crate) fn unexpected(&self, expected: &str) -> Error {
        self.unexpected_at(self.index(), expected)
    }

    /// LV-S001 at token `index` of the statement, with the nearest word of the grammar as the hint.
    pub(crate) fn unexpected_at(&self, index: usize, expected: &str) -> Error {
        if let Some(error) = self.misplaced_clause(index) {
            return error;
        }
        let found = self.token_at(index);
        let error =
            Error::new(codes::LV_S001, format!("expected {expected}, found {}", shown(found))).at(self.position_at(index));
        match self.misspelt(index).or_else(|| self.misspelt(index.checked_sub(1)?)) {
            Some((typed, meant)) => error.with_hint(format!("did you mean {meant} instead of \"{typed}\"?")),
            None => error,
        }
    }

    /// LV-S001 that lists the words allowed here, with the nearest of them as the hint.
    pub(crate) fn unexpected_word(&self, expected: &str, words: &[&str]) -> Error {
        let found = self.token(0);
        let error = Error::new(codes::LV_S001, format!("expected {expected}, found {}", shown(found))).at(self.position());
        let typed = word_of(found).unwrap_or_default();
        match nearest(typed, words.iter().flat_map(|words| words.split(' '))) {
            Some(meant) => error.with_hint(format!("did you mean {meant}?")),
            None => error.with_hint(format!("write one of {}", words.join(", "))),
        }
    }

    /// Our form of an error of `sqlparser`, which was given the tokens from `first` up to `end`.
    pub(crate) fn converted(&self, error: ParserError, first: usize, end: usize) -> Error {
        let message = match error {
            ParserError::RecursionLimitExceeded => {
                let hint = "use fewer nested parentheses, or split the query into views";
                let place = self.position_at(first);
                return beyond("expression_depth_max", EXPRESSION_DEPTH_MAX, EXPRESSION_DEPTH_MAX + 1, place, hint);
            }
            ParserError::ParserError(message) | ParserError::TokenizerError(message) => message,
        };
        let (message, location) = split_location(&message);
        let index = location.and_then(|place| self.index_of(place)).unwrap_or(end);
        let Some((expected, found)) = message.strip_prefix("Expected").and_then(|rest| rest.rsplit_once(", found: ")) else {
            return Error::new(codes::LV_S001, lower_first(message)).at(self.position_at(index));
        };
        // Some errors name a token and stand behind it.
        let is_found = |index: &usize| self.token_at(*index).to_string() == found;
        let index = Some(index).filter(is_found).or_else(|| index.checked_sub(1).filter(is_found)).unwrap_or(index);
        let expected = expected.trim_start_matches([':', ' ']);
        let symbol = !expected.chars().any(char::is_alphanumeric);
        self.unexpected_at(index, &if symbol { format!("\"{expected}\"") } else { expected.to_owned() })
    }

    /// EMIT and lateness clauses that stand where no query of a job ends.
    fn misplaced_clause(&self, index: usize) -> Option<Error> {
        if self.starts_emit(index) {
            let error = Error::new(codes::LV_S520, "EMIT is not at the end of the statement")
                .with_reason(
                    "it says when the whole result is written, so it belongs to the outermost query and stands there once",
                )
                .with_hint("move it behind the query, in front of ALLOWED LATENESS, LATE DATA TO and WITH (…)");
            return Some(error.at(self.position_at(index)));
        }
        None
    }

    /// Whether an EMIT clause opens at token `index`, as opposed to a column of that name.
    pub(crate) fn starts_emit(&self, index: usize) -> bool {
        let tokens: [&Token; TAIL_WORDS_MAX] = std::array::from_fn(|ahead| self.token_at(index + ahead));
        is_word(tokens[0], "EMIT") && starts_tail(&tokens)
    }

    fn misspelt(&self, index: usize) -> Option<(&str, &'static str)> {
        let typed = word_of(self.token_at(index))?;
        let meant = nearest(typed, CLAUSES.iter().copied())?;
        (!is_word(self.token_at(index), meant) && typed.len() > 2).then_some((typed, meant))
    }
}

/// The spelling of an unquoted word.
pub(crate) fn word_of(token: &Token) -> Option<&str> {
    match token {
        Token::Word(word) if word.quote_style.is_none() => Some(&word.value),
        _ => None,
    }
}

/// Takes ` at Line: 1, Column: 2` off the end of a message.
fn split_location(message: &str) -> (&str, Option<Location>) {
    let parsed = message.rsplit_once(" at Line: ").and_then(|(message, place)| {
        let (line, column) = place.split_once(", Column: ")?;
        Some((message, Location { line: line.parse().ok()?, column: column.parse().ok()? }))
    });
    parsed.map_or((message, None), |(message, location)| (message, Some(location)))
}

fn lower_first(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().into_iter().flat_map(char::to_lowercase).chain(chars).collect()
}
