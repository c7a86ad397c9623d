//! The list of sizes that were too large before the rule existed. It may only shrink: what it accepts is exactly what is
//! measured today.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::Tree;

pub const PATH: &str = "xtask/ratchet.toml";

/// Accepted sizes by section and name.
#[derive(Default)]
pub struct Ratchet {
    accepted: BTreeMap<(String, String), usize>,
}

impl Ratchet {
    /// The list of a repository; the reason if it can't be read.
    pub fn of(tree: &Tree) -> Result<Self, String> {
        let text = tree.texts.get(PATH).map_or("", String::as_str);
        let table: Table = text.parse().map_err(|error| format!("not TOML: {error}"))?;
        let mut accepted = BTreeMap::new();
        for (section, entries) in &table {
            for (name, value) in entries.as_table().into_iter().flatten() {
                let lines = value.as_integer().and_then(|lines| usize::try_from(lines).ok());
                let lines = lines.ok_or_else(|| format!("\"{name}\" needs a number of lines"))?;
                accepted.insert((section.clone(), name.clone()), lines);
            }
        }
        match table.iter().find(|(_, value)| !matches!(value, Value::Table(_))) {
            Some((key, _)) => Err(format!("\"{key}\" stands outside a section")),
            None => Ok(Self { accepted }),
        }
    }

    /// Takes the entry of something too large: true if it is accepted at this size, so that what is left over at the
    /// end is no longer needed.
    pub fn accepts(&mut self, section: &str, name: &str, lines: usize) -> bool {
        let key = (section.to_owned(), name.to_owned());
        let accepted = self.accepted.get(&key) == Some(&lines);
        if accepted {
            self.accepted.remove(&key);
        }
        accepted
    }

    /// Entries that match nothing that is too large at their size.
    pub fn left_over(&self) -> impl Iterator<Item = String> {
        self.accepted.iter().map(|((section, name), lines)| {
            format!("[{section}] \"{name}\" = {lines} is not what is measured; remove the entry or lower it")
        })
    }
}
