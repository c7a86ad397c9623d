//! `SUBSCRIBE`: the changes of a relation or a query, epoch by epoch.

use levada_base::{Error, Result, codes, nearest};
use sqlparser::ast::Expr;
use sqlparser::tokenizer::Token;

use super::{At, Envelope, Name, OptionItem, OptionValue, Query, parse_envelope, parse_options};
use crate::parser::{Reader, once, refuse_planned};

/// A subscription; it lasts as long as its reader.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscribe {
    pub input: SubscribeInput,
    pub filter: Option<At<Box<Expr>>>,
    /// [`Envelope::Diff`] if none is given.
    pub envelope: Option<At<Envelope>>,
    /// First the content, then the changes; true if not given.
    pub snapshot: Option<At<bool>>,
    /// Rows that say that an epoch is complete; false if not given.
    pub progress: Option<At<bool>>,
    /// How much may wait for a slow reader, in bytes.
    pub buffer_bytes: Option<At<u64>>,
    /// Continue behind this epoch.
    pub as_of: Option<At<u64>>,
    /// End after this epoch.
    pub up_to: Option<At<u64>>,
}

/// What is followed.
#[derive(Debug, Clone, PartialEq)]
pub enum SubscribeInput {
    Relation(Name),
    Query(Query),
}

const OPTIONS: &[&str] = &["snapshot", "progress", "buffer"];

impl Subscribe {
    /// Reads what follows SUBSCRIBE.
    pub(crate) fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        reader.take("TO");
        let mut subscribe = Self {
            input: SubscribeInput::parse(reader)?,
            filter: None,
            envelope: None,
            snapshot: None,
            progress: None,
            buffer_bytes: None,
            as_of: None,
            up_to: None,
        };
        while subscribe.parse_clause(reader)? {}
        Ok(subscribe)
    }

    fn parse_clause(&mut self, reader: &mut Reader<'_>) -> Result<bool> {
        let position = reader.position();
        if reader.take("WHERE") {
            once(&mut self.filter, reader.expr()?, "WHERE", position)?;
        } else if reader.take("ENVELOPE") {
            once(&mut self.envelope, parse_envelope(reader, position)?, "ENVELOPE", position)?;
        } else if reader.take("WITH") {
            let mut options = Vec::new();
            parse_options(reader, &mut options)?;
            options.into_iter().try_for_each(|option| self.take_option(option))?;
        } else if reader.take("AS OF EPOCH") {
            once(&mut self.as_of, reader.integer("the number of an epoch")?, "AS OF", position)?;
        } else if reader.take("UP TO EPOCH") {
            once(&mut self.up_to, reader.integer("the number of an epoch")?, "UP TO", position)?;
        } else {
            refuse_planned(reader)?;
            return Ok(false);
        }
        Ok(true)
    }

    fn take_option(&mut self, option: OptionItem) -> Result<()> {
        let position = option.key_position;
        match option.key.as_str() {
            "snapshot" => once(&mut self.snapshot, flag(&option)?, "the option \"snapshot\"", position),
            "progress" => once(&mut self.progress, flag(&option)?, "the option \"progress\"", position),
            "buffer" => once(&mut self.buffer_bytes, size(&option)?, "the option \"buffer\"", position),
            other => {
                let error = Error::new(codes::LV_S601, format!("SUBSCRIBE has no option \"{other}\"")).at(position);
                Err(match nearest(other, OPTIONS.iter().copied()) {
                    Some(known) => error.with_hint(format!("did you mean \"{known}\"?")),
                    None => error.with_hint(format!("it has {}", OPTIONS.join(", "))),
                })
            }
        }
    }
}

fn flag(option: &OptionItem) -> Result<At<bool>> {
    let value = match option.value.as_text().to_ascii_lowercase().as_str() {
        "true" | "on" => true,
        "false" | "off" => false,
        _ => return Err(bad_value(option, "true or false")),
    };
    Ok(At::new(value, option.value_position))
}

fn size(option: &OptionItem) -> Result<At<u64>> {
    let OptionValue::Text(text) = &option.value else { return Err(bad_value(option, "a size such as '64 MiB'")) };
    let bytes = levada_base::bytes(text).ok_or_else(|| bad_value(option, "a size such as '64 MiB'"))?;
    Ok(At::new(bytes, option.value_position))
}

fn bad_value(option: &OptionItem, expected: &str) -> Error {
    Error::new(codes::LV_S601, format!("option \"{}\" can't be {}", option.key, option.value))
        .with_hint(format!("write {expected}"))
        .at(option.value_position)
}

impl SubscribeInput {
    fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        if !reader.take_symbol(&Token::LParen) {
            if reader.is("SELECT") || reader.is("WITH") {
                return Err(reader.unexpected("a relation, or a query in parentheses"));
            }
            return reader.name("a relation or (query)").map(Self::Relation);
        }
        let query = Query::parse(reader)?;
        if !reader.take_symbol(&Token::RParen) {
            return Err(reader.unexpected("\")\" behind the query"));
        }
        Ok(Self::Query(query))
    }
}
