//! `SET`, `RESET` and `SHOW` of session parameters.

use levada_base::{Position, Result};
use sqlparser::tokenizer::Token;

use super::{At, Ident, OptionValue, parse_option_value};
use crate::parser::{Reader, planned};

/// `SET name {= | TO} value`.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    pub name: Ident,
    pub value: SetValue,
}

/// What a parameter is set to.
#[derive(Debug, Clone, PartialEq)]
pub enum SetValue {
    /// Back to what it is without SET.
    Default,
    Value(At<OptionValue>),
}

/// One parameter or all of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Parameter {
    All,
    Named(Ident),
}

impl Set {
    /// Reads what follows SET.
    pub(crate) fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        if reader.is("LOCAL") && matches!(reader.token(1), Token::Word(_)) {
            return Err(planned("SET LOCAL", "use SET", reader.position()));
        }
        if matches!(reader.token(1), Token::Word(_)) && !reader.is_at(reader.index() + 1, "TO") {
            reader.take("SESSION");
        }
        let (name, assigned) = match reader.is("TIME ZONE") {
            true => (Ident { name: "timezone".to_owned(), position: reader.expect("TIME ZONE")? }, true),
            false => (parse_name(reader)?, reader.take_symbol(&Token::Eq) || reader.take("TO")),
        };
        if !assigned {
            return Err(reader.unexpected("\"=\" or TO"));
        }
        let position = reader.position();
        if reader.take("DEFAULT") {
            return Ok(Self { name, value: SetValue::Default });
        }
        let value = parse_option_value(reader)?;
        Ok(Self { name, value: SetValue::Value(At::new(value, position)) })
    }
}

impl Parameter {
    /// Reads what follows RESET, or SHOW of a parameter.
    pub(crate) fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        if reader.take("ALL") {
            return Ok(Self::All);
        }
        parse_name(reader).map(Self::Named)
    }
}

/// A parameter's name, dotted parts joined.
fn parse_name(reader: &mut Reader<'_>) -> Result<Ident> {
    let first = reader.index();
    let mut name = reader.ident("a parameter")?.name;
    while reader.take_symbol(&Token::Period) {
        name.push('.');
        name.push_str(&reader.ident("a name after \".\"")?.name);
    }
    let position: Position = reader.position_from(first, reader.index());
    Ok(Ident { name, position })
}
