//! SET and SHOW of parameters: each acts, or is an error.

use levada_base::{Error, Result, codes};
use levada_sql::{Parameter, Set, SetValue};

use super::done;
use super::tables::text_rows;
use crate::core::Core;
use crate::outcome::Outcome;
use crate::settings::Settings;

/// Parameters that can't change while the database is open.
const FIXED: &[&str] = &["shards"];

pub(super) fn set(core: &mut Core, set: &Set) -> Result<Outcome> {
    let text = match &set.value {
        SetValue::Default => default_of(&set.name.name),
        SetValue::Value(value) => Some(value.value.as_text().to_owned()),
    };
    if FIXED.contains(&set.name.name.as_str()) {
        return Err(Error::new(codes::LV_S602, format!("\"{}\" is fixed when the database is opened", set.name.name))
            .with_hint(format!("give it then: levada run --set {}=2 FILE.sql", set.name.name))
            .at(set.name.position));
    }
    core.settings.set(&set.name.name, &text.unwrap_or_default()).map_err(|error| error.at(set.name.position))?;
    Ok(done("SET".to_owned()))
}

pub(super) fn reset(core: &mut Core, parameter: &Parameter) -> Result<Outcome> {
    match parameter {
        Parameter::All => core.settings = Settings { shards: core.settings.shards, ..Settings::default() },
        Parameter::Named(name) => {
            let text = default_of(&name.name).unwrap_or_default();
            core.settings.set(&name.name, &text).map_err(|error| error.at(name.position))?;
        }
    }
    Ok(done("RESET".to_owned()))
}

pub(super) fn show(core: &mut Core, parameter: &Parameter) -> Result<Outcome> {
    let Parameter::Named(name) = parameter else { return all(core) };
    match core.settings.all().into_iter().find(|(known, _)| *known == name.name) {
        Some((known, value)) => text_rows(&[known], &[vec![value]], core.epoch),
        None => {
            let error = Error::new(codes::LV_S602, format!("there is no parameter \"{}\"", name.name)).at(name.position);
            Err(match levada_base::nearest(&name.name, Settings::NAMES.iter().copied()) {
                Some(near) => error.with_hint(format!("did you mean \"{near}\"?")),
                None => error.with_hint(format!("there are {}", Settings::NAMES.join(", "))),
            })
        }
    }
}

pub(super) fn all(core: &Core) -> Result<Outcome> {
    let rows: Vec<Vec<String>> = core.settings.all().into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    text_rows(&["parameter", "value"], &rows, core.epoch)
}

fn default_of(name: &str) -> Option<String> {
    Settings::default().all().into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
}
