//! What ends a query: the words that open a clause of ours where the query grammar would read an alias.

use sqlparser::tokenizer::Token;

/// How many tokens [`starts_tail`] looks at.
pub(crate) const TAIL_WORDS_MAX: usize = 4;

/// Word sequences that end a query. `(` stands for itself and `$` for the end of the statement.
const TAILS: &[&[&str]] = &[
    &["EMIT", "CHANGES"],
    &["EMIT", "FINAL"],
    &["EMIT", "EVERY"],
    &["EMIT", "PERIODICALLY"],
    &["EMIT", "ON", "UPDATE"],
    &["EMIT", "ON", "WATERMARK"],
    &["EMIT", "ON", "WINDOW", "CLOSE"],
    &["EMIT", "AFTER", "WATERMARK"],
    &["ALLOWED", "LATENESS"],
    &["ALLOW", "LATENESS"],
    &["GRACE", "PERIOD"],
    &["LATE", "DATA", "TO"],
    &["AFTER", "EPOCH"],
    &["BACKGROUND", "$"],
    &["BACKGROUND", "WITH", "("],
    &["ENVELOPE", "PLAIN"],
    &["ENVELOPE", "UPSERT"],
    &["ENVELOPE", "DEBEZIUM"],
    &["ENVELOPE", "CHANGES"],
    &["ENVELOPE", "DIFF"],
    &["KEY", "("],
];

/// Whether `tokens`, the next ones, open a clause that stands after a query.
pub(crate) fn starts_tail(tokens: &[&Token; TAIL_WORDS_MAX]) -> bool {
    TAILS.iter().any(|tail| tail.iter().zip(tokens).all(|(word, token)| is(token, word)))
}

fn is(token: &Token, word: &str) -> bool {
    match token {
        Token::LParen => word == "(",
        Token::EOF | Token::SemiColon => word == "$",
        _ => is_word(token, word),
    }
}

/// Whether `token` is the unquoted word `word`, which is given in upper case.
pub(crate) fn is_word(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(found) if found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word))
}
