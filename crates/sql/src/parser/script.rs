//! The tokens of a text with their places, cut into statements.

use std::ops::Range;

use levada_base::{Error, Position, Result, codes};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Whitespace};

use super::clause::planned;
use super::dialect::LevadaDialect;
use super::error::position_of;

/// A text and its tokens without white space and comments; everything else points into it.
pub(crate) struct Script<'t> {
    pub text: &'t str,
    pub tokens: Vec<TokenWithSpan>,
    /// The bytes of `text` that each token covers.
    pub bytes: Vec<Range<usize>>,
    /// Where comments begin that ask for something: `/*+ … */`.
    hints: Vec<Location>,
}

impl<'t> Script<'t> {
    /// Reads `text` to its end.
    pub(crate) fn read(text: &'t str) -> Result<Self> {
        let (script, error) = Self::read_as_far_as_possible(text);
        error.map_or(Ok(script), Err)
    }

    /// Reads `text` up to the first thing that is not a token, and says what that is.
    pub(crate) fn read_as_far_as_possible(text: &'t str) -> (Self, Option<Error>) {
        let mut tokens = Vec::new();
        let outcome = Tokenizer::new(&LevadaDialect, text).tokenize_with_location_into_buf(&mut tokens);
        let hints = tokens.iter().filter(|token| is_hint(&token.token)).map(|token| token.span.start).collect();
        tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
        let bytes = byte_ranges(text, &tokens);
        let error = outcome.err().map(|error| {
            let position = position_of(error.location).unwrap_or(Position::new(1, 1));
            Error::new(codes::LV_S001, uncapitalised(&error.message))
                .with_hint("close what is opened here, or write a quote inside a text twice")
                .at(position)
        });
        (Self { text, tokens, bytes, hints }, error)
    }

    /// The token ranges of the statements, empty ones left out.
    pub(crate) fn statements(&self) -> Vec<Range<usize>> {
        let ends = self.tokens.iter().enumerate().filter(|(_, token)| token.token == Token::SemiColon).map(|(at, _)| at);
        let mut first = 0;
        let mut ranges = Vec::new();
        for end in ends.chain([self.tokens.len()]) {
            if first < end {
                ranges.push(first..end);
            }
            first = end + 1;
        }
        ranges
    }

    /// LV-S004 if a hint stands among the tokens of `range`: nothing would act on it.
    pub(crate) fn refuse_hints(&self, range: &Range<usize>) -> Result<()> {
        let covered = self.tokens[range.start].span.start..self.tokens[range.end - 1].span.end;
        match self.hints.iter().find(|hint| covered.contains(hint)) {
            Some(hint) => Err(planned("a hint", "leave it out", position_of(*hint).unwrap_or(Position::new(1, 1)).covering(3))),
            None => Ok(()),
        }
    }

    /// The text that the tokens of `range` cover.
    pub(crate) fn slice(&self, range: Range<usize>) -> &'t str {
        if range.is_empty() {
            return "";
        }
        &self.text[self.bytes[range.start].start..self.bytes[range.end - 1].end]
    }

    /// Where the tokens of `range` stand; it covers them as far as their first line goes.
    pub(crate) fn position(&self, range: Range<usize>) -> Position {
        let Some(token) = self.tokens.get(range.start) else { return self.end() };
        let first_line = self.slice(range.start..range.end.max(range.start + 1)).lines().next().unwrap_or_default();
        let length = u32::try_from(first_line.chars().count()).unwrap_or(u32::MAX);
        position_of(token.span.start).unwrap_or(Position::new(1, 1)).covering(length)
    }

    /// Just behind token `index`.
    pub(crate) fn behind(&self, index: usize) -> Position {
        self.tokens.get(index).and_then(|token| position_of(token.span.end)).unwrap_or(Position::new(1, 1))
    }

    /// Behind the last token.
    fn end(&self) -> Position {
        self.tokens.len().checked_sub(1).map_or(Position::new(1, 1), |last| self.behind(last))
    }
}

fn is_hint(token: &Token) -> bool {
    matches!(token, Token::Whitespace(Whitespace::MultiLineComment(text)) if text.starts_with('+'))
}

fn uncapitalised(message: &str) -> String {
    let mut chars = message.chars();
    let first = chars.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(chars).collect::<String>().trim_end_matches([' ', '.']).to_owned()
}

/// One walk over the text: places are counted in characters, slices are cut in bytes.
fn byte_ranges(text: &str, tokens: &[TokenWithSpan]) -> Vec<Range<usize>> {
    let mut walk = Walk { chars: text.char_indices(), at: Location { line: 1, column: 1 }, length: text.len() };
    tokens.iter().map(|token| walk.to(token.span.start)..walk.to(token.span.end)).collect()
}

struct Walk<'t> {
    chars: std::str::CharIndices<'t>,
    at: Location,
    length: usize,
}

impl Walk<'_> {
    /// The byte offset of `place`, which never lies before the one asked for last.
    fn to(&mut self, place: Location) -> usize {
        loop {
            let offset = self.chars.offset();
            if (self.at.line, self.at.column) >= (place.line, place.column) {
                return offset;
            }
            match self.chars.next() {
                None => return self.length,
                Some((_, '\n')) => self.at = Location { line: self.at.line + 1, column: 1 },
                Some(_) => self.at.column += 1,
            }
        }
    }
}
