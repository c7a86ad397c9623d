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

/// How much stack [`with_stack`] gives, enough to walk or clone a statement at the limit of its depth without optimisation.
const STACK_BYTES: usize = 64 << 20;
/// How much stack the parser may take for one level, without optimisation: reading `(` in FROM has the largest frames.
const STACK_BYTES_PER_LEVEL: usize = 256 << 10;
/// How many of the parser's own calls one level may take.
pub(crate) const CALLS_PER_LEVEL: usize = 4;
/// The depth that any thread's stack bears.
const SHALLOW_DEPTH: usize = 30;

/// Runs `work` with enough stack for a statement at the limit of its depth.
///
/// Whoever walks, clones or plans a statement that somebody typed does so in here: a walk takes one stack frame or more per level.
pub fn with_stack<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(STACK_BYTES / 2, STACK_BYTES, work)
}

/// Runs the parser over a statement of this `depth`; most are shallow and need nothing.
pub(crate) fn with_stack_for<T>(depth: usize, work: impl FnOnce() -> T) -> T {
    if depth <= SHALLOW_DEPTH { work() } else { stacker::grow(depth * STACK_BYTES_PER_LEVEL, work) }
}

/// Refuses a statement that is too long or too deep, and says how deep it is at most.
pub(crate) fn check(script: &Script<'_>, statement: Range<usize>) -> Result<usize> {
    let length = script.slice(statement.clone()).len();
    if length > STATEMENT_BYTES_MAX {
        let place = script.position(statement.start..statement.start + 1);
        return Err(beyond("statement_bytes_max", STATEMENT_BYTES_MAX, length, place, "split it into several statements"));
    }
    let mut depth = Depth::new();
    for index in statement {
        depth.take(script, index)?;
    }
    Ok(depth.deepest)
}

/// LV-S005 with the limit's name and value.
pub(crate) fn beyond(limit: &str, most: usize, found: usize, place: Position, hint: &str) -> Error {
    Error::new(codes::LV_S005, format!("{found} is beyond the limit {limit} = {most}")).with_hint(hint).at(place)
}

/// Nesting as the parser will meet it: brackets open levels, and operators lengthen the chain of the level they stand in.
///
/// It is an upper bound for chains, which the parser builds in a loop and does not count; nesting it counts itself.
struct Depth {
    levels: Vec<Chain>,
    /// The length of all open levels: chains inside each other's brackets add up.
    now: usize,
    deepest: usize,
    /// Open angle brackets of types.
    types: usize,
}

/// The operators of one level.
#[derive(Default)]
struct Chain {
    set_operations: usize,
    /// AND and OR since the last comma.
    loose: usize,
    /// Operators since the last comma, AND or OR, which bind them together.
    tight: usize,
}

impl Chain {
    fn length(&self) -> usize {
        1 + self.set_operations + self.loose + self.tight
    }

    fn take(&mut self, token: &Token) {
        match token {
            Token::Comma => (self.loose, self.tight) = (0, 0),
            _ if is_any(token, &["UNION", "EXCEPT", "INTERSECT", "MINUS"]) => self.set_operations += 1,
            _ if is_any(token, &["AND", "OR"]) => (self.loose, self.tight) = (self.loose + 1, 0),
            _ if is_operator(token) => self.tight += 1,
            _ => {}
        }
    }
}

impl Depth {
    fn new() -> Self {
        Self { levels: vec![Chain::default()], now: 1, deepest: 1, types: 0 }
    }

    fn take(&mut self, script: &Script<'_>, index: usize) -> Result<()> {
        let token = &script.tokens[index].token;
        if let Some(chain) = self.levels.last_mut() {
            self.now -= chain.length();
            if !is_wildcard(script, index) {
                chain.take(token);
            }
            self.now += chain.length();
        }
        match token {
            Token::LParen | Token::LBracket | Token::LBrace => {
                self.levels.push(Chain::default());
                self.now += 1;
            }
            Token::RParen | Token::RBracket | Token::RBrace if self.levels.len() > 1 => {
                self.now -= self.levels.pop().map_or(0, |chain| chain.length());
            }
            Token::Lt if index > 0 && opens_type(&script.tokens[index - 1].token) => self.types += 1,
            Token::Gt => self.types = self.types.saturating_sub(1),
            Token::ShiftRight => self.types = self.types.saturating_sub(2),
            _ => {}
        }
        self.deepest = self.deepest.max(self.now);
        self.refuse(|| script.position(index..index + 1))
    }

    fn refuse(&self, place: impl FnOnce() -> Position) -> Result<()> {
        if self.now > EXPRESSION_DEPTH_MAX {
            let hint = "use IN (…) or a join instead of a long chain, or split the query into views";
            return Err(beyond("expression_depth_max", EXPRESSION_DEPTH_MAX, self.now, place(), hint));
        }
        if self.types > TYPE_DEPTH_MAX {
            return Err(beyond("type_depth_max", TYPE_DEPTH_MAX, self.types, place(), "flatten the type"));
        }
        Ok(())
    }
}

/// Words that, like symbols, put one more level on the expression to their left or right.
const OPERATOR_WORDS: &[&str] = &[
    "XOR", "NOT", "IS", "ISNULL", "NOTNULL", "IN", "LIKE", "ILIKE", "SIMILAR", "REGEXP", "RLIKE", "BETWEEN", "COLLATE", "AT",
    "OVERLAPS", "DIV", "PIVOT", "UNPIVOT", "CASE", "PRIOR", "INTERVAL",
];

fn is_any(token: &Token, words: &[&str]) -> bool {
    words.iter().any(|word| is_word(token, word))
}

/// Whether `*` stands for all columns, and does not multiply.
fn is_wildcard(script: &Script<'_>, index: usize) -> bool {
    let before = index.checked_sub(1).map(|before| &script.tokens[before].token);
    script.tokens[index].token == Token::Mul
        && before.is_some_and(|token| matches!(token, Token::LParen | Token::Comma | Token::Period) || is_word(token, "SELECT"))
}

fn opens_type(token: &Token) -> bool {
    is_any(token, &["ARRAY", "STRUCT", "MAP", "NESTED"])
}

fn is_operator(token: &Token) -> bool {
    match token {
        Token::Word(_) => is_any(token, OPERATOR_WORDS),
        Token::Comma | Token::Period | Token::SemiColon | Token::EOF => false,
        // `[` counts: `INT[][]` nests to the left of its brackets.
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
