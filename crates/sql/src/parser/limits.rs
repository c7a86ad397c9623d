//! Limits on one statement, checked on its tokens before anything recursive runs over it.

use std::ops::Range;

use levada_base::{Error, Position, Result, codes};
use sqlparser::tokenizer::Token;

use super::script::Script;
use super::tail::is_word;

/// The longest statement, in bytes of its text.
pub const STATEMENT_BYTES_MAX: usize = 16 << 20;
/// How deep expressions and queries may nest; a chain of operators nests as deep as it is long.
pub const EXPRESSION_DEPTH_MAX: usize = 1_000;
/// How deep types such as `ARRAY<…>` may nest.
pub const TYPE_DEPTH_MAX: usize = 100;
/// The longest name, in bytes.
pub const IDENTIFIER_BYTES_MAX: usize = 63;

/// Refuses a statement that is too long or too deep.
pub(crate) fn check(script: &Script<'_>, statement: Range<usize>) -> Result<()> {
    let length = script.slice(statement.clone()).len();
    if length > STATEMENT_BYTES_MAX {
        let place = script.position(statement.start..statement.start + 1);
        return Err(beyond("statement_bytes_max", STATEMENT_BYTES_MAX, length, place, "split it into several statements"));
    }
    let mut depth = Depth::new();
    for index in statement {
        depth.take(script, index)?;
    }
    Ok(())
}

/// LV-S005 with the limit's name and value.
pub(crate) fn beyond(limit: &str, most: usize, found: usize, place: Position, hint: &str) -> Error {
    Error::new(codes::LV_S005, format!("{found} is beyond the limit {limit} = {most}")).with_hint(hint).at(place)
}

/// Nesting as the parser will meet it: brackets open levels, operators lengthen the chain of the level they stand in.
struct Depth {
    /// Operators since the last comma, and set operations, of each open level.
    levels: Vec<Chain>,
    types: usize,
}

#[derive(Default)]
struct Chain {
    operators: usize,
    set_operations: usize,
}

impl Depth {
    fn new() -> Self {
        Self { levels: vec![Chain::default()], types: 0 }
    }

    fn take(&mut self, script: &Script<'_>, index: usize) -> Result<()> {
        let token = &script.tokens[index].token;
        match token {
            Token::LParen | Token::LBracket | Token::LBrace => self.levels.push(Chain::default()),
            Token::RParen | Token::RBracket | Token::RBrace if self.levels.len() > 1 => drop(self.levels.pop()),
            Token::Lt if index > 0 && opens_type(&script.tokens[index - 1].token) => self.types += 1,
            Token::Gt => self.types = self.types.saturating_sub(1),
            Token::ShiftRight => self.types = self.types.saturating_sub(2),
            _ => {}
        }
        let open = self.levels.len() - 1;
        let Some(chain) = self.levels.last_mut() else { return Ok(()) };
        match token {
            Token::Comma => chain.operators = 0,
            _ if is_any(token, SET_OPERATIONS) => chain.set_operations += 1,
            _ if is_operator(token) => chain.operators += 1,
            _ => {}
        }
        let deepest = open.max(chain.operators).max(chain.set_operations);
        let place = || script.position(index..index + 1);
        if deepest > EXPRESSION_DEPTH_MAX {
            let hint = "use IN (…) or a join instead of a long chain, or split the query into views";
            return Err(beyond("expression_depth_max", EXPRESSION_DEPTH_MAX, deepest, place(), hint));
        }
        if self.types > TYPE_DEPTH_MAX {
            return Err(beyond("type_depth_max", TYPE_DEPTH_MAX, self.types, place(), "flatten the type"));
        }
        Ok(())
    }
}

const SET_OPERATIONS: &[&str] = &["UNION", "EXCEPT", "INTERSECT", "MINUS"];

/// Words that, like symbols, put one more level on the expression to their left or right.
const OPERATOR_WORDS: &[&str] = &[
    "AND", "OR", "XOR", "NOT", "IS", "ISNULL", "NOTNULL", "IN", "LIKE", "ILIKE", "SIMILAR", "REGEXP", "RLIKE", "BETWEEN",
    "COLLATE", "AT", "OVERLAPS", "DIV", "PIVOT", "UNPIVOT", "CASE", "PRIOR", "INTERVAL",
];

fn is_any(token: &Token, words: &[&str]) -> bool {
    words.iter().any(|word| is_word(token, word))
}

fn opens_type(token: &Token) -> bool {
    is_any(token, &["ARRAY", "STRUCT", "MAP", "NESTED"])
}

fn is_operator(token: &Token) -> bool {
    match token {
        Token::Word(_) => is_any(token, OPERATOR_WORDS),
        Token::Comma | Token::Period | Token::SemiColon | Token::EOF => false,
        Token::LParen | Token::RParen | Token::RBracket | Token::LBrace | Token::RBrace => false,
        Token::Number(..) | Token::Placeholder(_) | Token::Char(_) | Token::Backslash => false,
        token => !is_text(token),
    }
}

fn is_text(token: &Token) -> bool {
    matches!(
        token,
        Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
            | Token::DollarQuotedString(_)
            | Token::EscapedStringLiteral(_)
            | Token::UnicodeStringLiteral(_)
            | Token::NationalStringLiteral(_)
            | Token::HexStringLiteral(_)
            | Token::SingleQuotedByteStringLiteral(_)
    )
}
