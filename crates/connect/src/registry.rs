//! Connectors and formats by name.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use levada_base::{Error, Position, Result, codes, nearest};

use crate::{Connector, Format, FormatSpec};

/// What a database knows of the outside. Filled before it is opened; two of one name can't be.
#[derive(Clone, Default)]
pub struct Registry {
    connectors: BTreeMap<&'static str, Arc<dyn Connector>>,
    formats: BTreeMap<&'static str, Arc<dyn Format>>,
}

impl Registry {
    /// Adds a connector.
    ///
    /// # Errors
    /// `LV-S102` if the name is taken.
    pub fn add_connector(&mut self, connector: Arc<dyn Connector>) -> Result<()> {
        let name = connector.name();
        match self.connectors.insert(name, connector) {
            None => Ok(()),
            Some(_) => Err(Error::new(codes::LV_S102, format!("two connectors are called \"{name}\""))),
        }
    }

    /// Adds a format.
    ///
    /// # Errors
    /// `LV-S102` if the name is taken.
    pub fn add_format(&mut self, format: Arc<dyn Format>) -> Result<()> {
        let name = format.name();
        match self.formats.insert(name, format) {
            None => Ok(()),
            Some(_) => Err(Error::new(codes::LV_S102, format!("two formats are called \"{name}\""))),
        }
    }

    /// The connector of that name.
    ///
    /// # Errors
    /// `LV-C001` with the nearest name.
    pub fn connector(&self, name: &str, position: Option<Position>) -> Result<Arc<dyn Connector>> {
        self.connectors.get(name).cloned().ok_or_else(|| unknown("connector", name, self.connectors.keys(), position))
    }

    /// The format a spec names.
    ///
    /// # Errors
    /// `LV-C001` with the nearest name.
    pub fn format(&self, spec: &FormatSpec) -> Result<Arc<dyn Format>> {
        let known = self.formats.get(spec.name.as_str()).cloned();
        known.ok_or_else(|| unknown("format", &spec.name, self.formats.keys(), spec.position))
    }

    /// The format that a file name's ending means, if one does.
    #[must_use]
    pub fn format_of_path(&self, path: &Path) -> Option<Arc<dyn Format>> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        self.formats.values().find(|format| format.extensions().contains(&extension.as_str())).cloned()
    }

    /// All connectors, by name.
    pub fn connectors(&self) -> impl Iterator<Item = &Arc<dyn Connector>> {
        self.connectors.values()
    }

    /// All formats, by name.
    pub fn formats(&self) -> impl Iterator<Item = &Arc<dyn Format>> {
        self.formats.values()
    }
}

fn unknown<'a>(
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'a &'static str> + Clone,
    position: Option<Position>,
) -> Error {
    let error = Error::new(codes::LV_C001, format!("there is no {what} \"{name}\"")).at(position);
    match nearest(name, known.clone().copied()) {
        Some(near) => error.with_hint(format!("did you mean '{near}'?")),
        None => error.with_hint(format!("there are {}", known.copied().collect::<Vec<_>>().join(", "))),
    }
}
