//! `WITH (key = value, …)`: options as typed. Which ones exist is for the connector or the planner to say.

use std::fmt;

use levada_base::{Error, Position, Result, codes};
use sqlparser::ast::{Expr, UnaryOperator, Value};
use sqlparser::tokenizer::Token;

use super::name::{is_plain, literal};
use crate::parser::Reader;

/// One option: its key (dotted parts joined, unquoted ones in lower case) and its value.
#[derive(Debug, Clone)]
pub struct OptionItem {
    pub key: String,
    pub value: OptionValue,
    pub key_position: Position,
    pub value_position: Position,
}

/// The value of an option or of a session parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum OptionValue {
    /// `'…'`; an `INTERVAL '5' SECOND` becomes the text `5 second`.
    Text(String),
    /// A number as typed, with its sign.
    Number(String),
    /// `true` or `false`.
    Bool(bool),
    /// An unquoted word, as typed.
    Word(String),
}

impl OptionItem {
    /// An option that the statement's own words set, such as the connector after FROM.
    pub(crate) fn text(key: &str, value: String, position: Position) -> Self {
        Self { key: key.to_owned(), value: OptionValue::Text(value), key_position: position, value_position: position }
    }
}

impl OptionValue {
    /// The value without its quotes: what a connector reads.
    #[must_use]
    pub fn as_text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(text) | Self::Word(text) => text,
            Self::Bool(true) => "true",
            Self::Bool(false) => "false",
        }
    }
}

impl PartialEq for OptionItem {
    fn eq(&self, other: &Self) -> bool {
        (&self.key, &self.value) == (&other.key, &other.value)
    }
}

impl fmt::Display for OptionItem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.split('.').all(is_plain) {
            return write!(out, "{} = {}", self.key, self.value);
        }
        write!(out, "{} = {}", literal(&self.key), self.value)
    }
}

impl fmt::Display for OptionValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => out.write_str(&literal(text)),
            other => out.write_str(other.as_text()),
        }
    }
}

/// Reads `(key = value, …)`, possibly empty, into `items`; a key that is there already is LV-S601.
pub(crate) fn parse_options(reader: &mut Reader<'_>, items: &mut Vec<OptionItem>) -> Result<()> {
    reader.expect_symbol(&Token::LParen)?;
    if reader.take_symbol(&Token::RParen) {
        return Ok(());
    }
    loop {
        let item = parse_option(reader)?;
        if items.iter().any(|other| other.key == item.key) {
            return Err(Error::new(codes::LV_S601, format!("option \"{}\" is given twice", item.key))
                .with_hint("remove one of the two")
                .at(item.key_position));
        }
        items.push(item);
        if reader.take_symbol(&Token::RParen) {
            return Ok(());
        }
        if !reader.take_symbol(&Token::Comma) {
            return Err(reader.unexpected("\",\" or \")\""));
        }
    }
}

fn parse_option(reader: &mut Reader<'_>) -> Result<OptionItem> {
    let first = reader.index();
    let mut key = parse_key_part(reader)?;
    while reader.take_symbol(&Token::Period) {
        key.push('.');
        key.push_str(&parse_key_part(reader)?);
    }
    let key_position = reader.position_from(first, reader.index());
    if !(reader.take_symbol(&Token::Eq) || reader.take_symbol(&Token::RArrow)) {
        return Err(reader.unexpected("\"=\" after the option's name"));
    }
    let first = reader.index();
    let value = parse_option_value(reader)?;
    let value_position = reader.position_from(first, reader.index());
    Ok(OptionItem { key, value, key_position, value_position })
}

fn parse_key_part(reader: &mut Reader<'_>) -> Result<String> {
    let part = match reader.token(0) {
        Token::Word(word) if word.quote_style.is_some() => word.value.clone(),
        Token::Word(word) => word.value.to_lowercase(),
        Token::SingleQuotedString(text) => text.clone(),
        _ => return Err(reader.unexpected("an option's name")),
    };
    reader.skip(1);
    Ok(part)
}

/// Reads one value of an option or a parameter.
pub(crate) fn parse_option_value(reader: &mut Reader<'_>) -> Result<OptionValue> {
    if reader.is("INTERVAL") {
        return parse_interval(reader);
    }
    let sign = if reader.take_symbol(&Token::Minus) { "-" } else { "" };
    let value = match reader.token(0) {
        Token::Number(digits, _) => OptionValue::Number(format!("{sign}{digits}")),
        _ if !sign.is_empty() => return Err(reader.unexpected("a number")),
        Token::Word(word) if word.quote_style.is_some() => OptionValue::Text(word.value.clone()),
        Token::Word(word) if word.value.eq_ignore_ascii_case("true") => OptionValue::Bool(true),
        Token::Word(word) if word.value.eq_ignore_ascii_case("false") => OptionValue::Bool(false),
        Token::Word(word) => OptionValue::Word(word.value.clone()),
        _ => return Ok(OptionValue::Text(reader.string("a value: a text, a number, true, false or a word")?.value)),
    };
    reader.skip(1);
    Ok(value)
}

/// `INTERVAL '5' SECOND` and `INTERVAL '5 seconds'` as the text that durations are written with.
fn parse_interval(reader: &mut Reader<'_>) -> Result<OptionValue> {
    let written = reader.expr()?;
    let text = match &*written.value {
        Expr::Interval(interval) => interval_number(&interval.value).map(|number| match &interval.leading_field {
            Some(unit) => format!("{number} {}", unit.to_string().to_lowercase()),
            None => number,
        }),
        _ => None,
    };
    text.map(OptionValue::Text).ok_or_else(|| {
        Error::new(codes::LV_S001, "expected an interval of one number and one unit")
            .with_hint("write INTERVAL '5' SECOND or '5 seconds'")
            .at(written.position)
    })
}

fn interval_number(value: &Expr) -> Option<String> {
    match value {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::Number(text, _) => Some(text.clone()),
            _ => None,
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => interval_number(expr).map(|number| format!("-{number}")),
        _ => None,
    }
}

/// Prints ` WITH (…)`, or nothing without options.
pub(crate) fn write_options(out: &mut fmt::Formatter<'_>, options: &[OptionItem]) -> fmt::Result {
    if options.is_empty() {
        return Ok(());
    }
    let items = options.iter().map(|item| format!("\n  {item}")).collect::<Vec<_>>().join(",");
    write!(out, "\nWITH ({items}\n)")
}
