//! A cursor over the tokens of one statement: our grammar reads words with it, and hands over to `sqlparser` in between.

use std::ops::Range;

use levada_base::{Error, Position, Result, codes};
use sqlparser::ast;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use super::dialect::LevadaDialect;
use super::limits::{CALLS_PER_LEVEL, EXPRESSION_DEPTH_MAX, IDENTIFIER_BYTES_MAX, beyond};
use super::script::Script;
use super::tail::is_word;
use crate::statement::{At, Ident, Name};

static DIALECT: LevadaDialect = LevadaDialect;

/// Reads one statement from its first token on. Indexes count from there.
pub(crate) struct Reader<'t> {
    script: &'t Script<'t>,
    range: Range<usize>,
    parser: Parser<'static>,
}

impl<'t> Reader<'t> {
    /// A reader of the statement whose tokens are `range` of `script`.
    pub(crate) fn new(script: &'t Script<'t>, range: Range<usize>) -> Self {
        let tokens = script.tokens[range.clone()].to_vec();
        Self { script, range, parser: parser_of(tokens) }
    }

    /// How many tokens were taken.
    pub(crate) fn index(&self) -> usize {
        self.parser.index().min(self.length())
    }

    /// How many tokens the statement has.
    pub(crate) fn length(&self) -> usize {
        self.range.len()
    }

    /// Whether everything was taken.
    pub(crate) fn at_end(&self) -> bool {
        self.index() == self.length()
    }

    /// The token `ahead` places after the next one.
    pub(crate) fn token(&self, ahead: usize) -> &Token {
        self.token_at(self.index() + ahead)
    }

    /// Token `index` of the statement; the end beyond it.
    pub(crate) fn token_at(&self, index: usize) -> &Token {
        if index < self.length() { &self.script.tokens[self.range.start + index].token } else { &Token::EOF }
    }

    /// Where the next token stands.
    pub(crate) fn position(&self) -> Position {
        self.position_at(self.index())
    }

    /// Where token `index` stands; behind the last one for the end.
    pub(crate) fn position_at(&self, index: usize) -> Position {
        self.position_from(index, index + 1)
    }

    /// Where the tokens from `first` up to `end` stand, as far as the statement goes.
    pub(crate) fn position_from(&self, first: usize, end: usize) -> Position {
        if first >= self.length() {
            return self.script.behind(self.range.end - 1);
        }
        let end = end.clamp(first + 1, self.length());
        self.script.position(self.range.start + first..self.range.start + end)
    }

    /// The text of the tokens from `first` up to `end`.
    pub(crate) fn text(&self, first: usize, end: usize) -> &'t str {
        self.script.slice(self.range.start + first..self.range.start + end)
    }

    /// The index of the token that starts at `place`.
    pub(crate) fn index_of(&self, place: Location) -> Option<usize> {
        let tokens = &self.script.tokens[self.range.clone()];
        tokens.binary_search_by_key(&(place.line, place.column), |token| (token.span.start.line, token.span.start.column)).ok()
    }

    /// Whether the next tokens are these unquoted words, given in upper case.
    pub(crate) fn is(&self, words: &str) -> bool {
        self.is_at(self.index(), words)
    }

    /// Whether the tokens from `index` on are these unquoted words.
    pub(crate) fn is_at(&self, index: usize, words: &str) -> bool {
        words.split(' ').enumerate().all(|(ahead, word)| is_word(self.token_at(index + ahead), word))
    }

    /// Takes these words if they are next.
    pub(crate) fn take(&mut self, words: &str) -> bool {
        let next = self.is(words);
        if next {
            self.skip(words.split(' ').count());
        }
        next
    }

    /// Takes these words and says where they stand, or refuses what is there instead.
    pub(crate) fn expect(&mut self, words: &str) -> Result<Position> {
        let first = self.index();
        for word in words.split(' ') {
            if !self.take(word) {
                return Err(self.unexpected(words));
            }
        }
        Ok(self.position_from(first, self.index()))
    }

    /// Whether the next token is this symbol.
    pub(crate) fn is_symbol(&self, symbol: &Token) -> bool {
        self.token(0) == symbol
    }

    /// Takes this symbol if it is next.
    pub(crate) fn take_symbol(&mut self, symbol: &Token) -> bool {
        let next = self.is_symbol(symbol);
        if next {
            self.skip(1);
        }
        next
    }

    /// Takes this symbol or refuses what is there instead.
    pub(crate) fn expect_symbol(&mut self, symbol: &Token) -> Result<()> {
        if self.take_symbol(symbol) { Ok(()) } else { Err(self.unexpected(&format!("\"{symbol}\""))) }
    }

    /// Passes over `count` tokens.
    pub(crate) fn skip(&mut self, count: usize) {
        for _ in 0..count.min(self.length() - self.index()) {
            self.parser.advance_token();
        }
    }

    /// `(item, …)` with at least one item.
    pub(crate) fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        self.expect_symbol(&Token::LParen)?;
        let items = self.separated(&mut item)?;
        if !self.take_symbol(&Token::RParen) {
            return Err(self.unexpected("\",\" or \")\""));
        }
        Ok(items)
    }

    /// `item, …` with at least one item.
    pub(crate) fn separated<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.take_symbol(&Token::Comma) {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// A simple name.
    pub(crate) fn ident(&mut self, expected: &str) -> Result<Ident> {
        let Token::Word(word) = self.token(0) else { return Err(self.unexpected(expected)) };
        let name = if word.quote_style.is_some() { word.value.clone() } else { word.value.to_lowercase() };
        let position = self.position();
        if name.len() > IDENTIFIER_BYTES_MAX {
            return Err(beyond("identifier_bytes_max", IDENTIFIER_BYTES_MAX, name.len(), position, "use a shorter name"));
        }
        if name.is_empty() {
            return Err(Error::new(codes::LV_S001, "a quoted name is empty")
                .with_hint("write a name between the quotes")
                .at(position));
        }
        self.skip(1);
        Ok(Ident { name, position })
    }

    /// `[schema.]name`.
    pub(crate) fn name(&mut self, expected: &str) -> Result<Name> {
        let first = self.index();
        let mut parts = vec![self.ident(expected)?.name];
        while self.take_symbol(&Token::Period) {
            parts.push(self.ident("a name after \".\"")?.name);
        }
        let position = self.position_from(first, self.index());
        let (name, schema) = (parts.pop().unwrap_or_default(), parts.pop());
        if !parts.is_empty() {
            return Err(Error::new(codes::LV_S001, "a name has at most two parts").with_hint("write schema.name").at(position));
        }
        Ok(Name { schema, name, position })
    }

    /// A single-quoted text.
    pub(crate) fn string(&mut self, expected: &str) -> Result<At<String>> {
        let text = match self.token(0) {
            Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text) => text.clone(),
            Token::DollarQuotedString(text) => text.value.clone(),
            _ => return Err(self.unexpected(expected)),
        };
        let position = self.position();
        self.skip(1);
        Ok(At::new(text, position))
    }

    /// A whole number.
    pub(crate) fn integer(&mut self, expected: &str) -> Result<At<u64>> {
        let position = self.position();
        let Token::Number(digits, _) = self.token(0) else { return Err(self.unexpected(expected)) };
        let Ok(number) = digits.parse() else { return Err(self.unexpected(expected)) };
        self.skip(1);
        Ok(At::new(number, position))
    }

    /// An expression, with the text it covers.
    pub(crate) fn expr(&mut self) -> Result<At<Box<ast::Expr>>> {
        self.borrowed(|parser| parser.parse_expr().map(Box::new))
    }

    /// A type.
    pub(crate) fn data_type(&mut self) -> Result<At<ast::DataType>> {
        self.borrowed(|parser| parser.parse_data_type())
    }

    /// `table [JOIN …], …` as after FROM.
    pub(crate) fn tables(&mut self) -> Result<Vec<ast::TableWithJoins>> {
        self.borrowed(|parser| parser.parse_comma_separated(Parser::parse_table_and_joins)).map(|tables| tables.value)
    }

    /// The columns of RETURNING.
    pub(crate) fn projection(&mut self) -> Result<Vec<ast::SelectItem>> {
        self.borrowed(|parser| parser.parse_projection()).map(|items| items.value)
    }

    /// Token `index`, which must be one of the statement's, with its place.
    pub(crate) fn token_with_span(&self, index: usize) -> &TokenWithSpan {
        &self.script.tokens[self.range.start + index]
    }

    fn borrowed<T>(&mut self, parse: impl FnOnce(&mut Parser<'static>) -> Result<T, ParserError>) -> Result<At<T>> {
        let first = self.index();
        match parse(&mut self.parser) {
            Ok(value) => Ok(At::new(value, self.position_from(first, self.index()))),
            Err(error) => Err(self.converted(error, first, self.length())),
        }
    }
}

/// A parser in our dialect and within our limits.
pub(crate) fn parser_of(tokens: Vec<TokenWithSpan>) -> Parser<'static> {
    Parser::new(&DIALECT).with_recursion_limit(EXPRESSION_DEPTH_MAX * CALLS_PER_LEVEL).with_tokens_with_locations(tokens)
}
