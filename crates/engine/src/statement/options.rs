//! Options of a statement, for the connectors.

use levada_base::{Error, Result, codes};
use levada_connect::{FormatSpec, OptionValue, Options};
use levada_sql::{FormatClause, OptionItem};

/// The options as connectors take them.
pub(super) fn options(items: &[OptionItem]) -> Options {
    let option = |item: &OptionItem| OptionValue {
        key: item.key.clone(),
        value: item.value.as_text().to_owned(),
        key_position: Some(item.key_position),
        value_position: Some(item.value_position),
    };
    Options::new(items.iter().map(option).collect())
}

/// The format as connectors take it.
///
/// # Errors
/// `LV-S004` for ENCODE, which would have nothing to say: every format is an encoding of its own.
pub(super) fn format(clause: Option<&FormatClause>) -> Result<Option<FormatSpec>> {
    let Some(clause) = clause else { return Ok(None) };
    if let Some(encode) = &clause.encode {
        return Err(Error::new(codes::LV_S004, "FORMAT … ENCODE is not in this release")
            .with_hint("name the format alone, as in FORMAT json, and changes by ENVELOPE")
            .at(encode.position));
    }
    Ok(Some(FormatSpec {
        name: clause.name.name.to_ascii_lowercase(),
        position: Some(clause.name.position),
        options: options(&clause.options),
    }))
}

/// # Errors
/// `LV-S601` if there are any: the object knows none.
pub(super) fn none(items: &[OptionItem], owner: &str) -> Result<()> {
    match items.first() {
        None => Ok(()),
        Some(item) => Err(Error::new(codes::LV_S601, format!("{owner} has no option \"{}\"", item.key))
            .with_hint("leave it out")
            .at(item.key_position)),
    }
}
