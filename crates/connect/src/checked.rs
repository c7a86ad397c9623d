//! The options of one statement, checked and parted between its connector and its format.

use std::sync::Arc;

use levada_base::{Error, Result, codes};

use crate::{Connector, FormatSpec, OptionKind, OptionSpec, Options, Registry};

/// A connector with checked options, and its format with its own if it needs one: what `SourceSpec` and `SinkSpec` take.
#[derive(Clone)]
pub struct Checked {
    pub connector: Arc<dyn Connector>,
    pub options: Options,
    pub format: Option<FormatSpec>,
}

/// Names the format in `WITH (…)`.
const FORMAT: OptionSpec = OptionSpec {
    name: "format",
    kind: OptionKind::Text,
    default: None,
    required: false,
    help: "how rows are written as bytes",
};

impl Registry {
    /// Checks everything that a statement says in `WITH (…)` (without `connector`) and in its `FORMAT` clause. In `WITH` the options of
    /// the format stand among those of the connector, and `format` names it; where nothing does, the connector says what it implies
    /// (the file name's ending).
    ///
    /// # Errors
    /// `LV-C001` for an unknown format; `LV-C002` to `LV-C005` with their positions, all of one table together.
    pub fn check(&self, connector: Arc<dyn Connector>, with: &Options, clause: Option<FormatSpec>) -> Result<Checked> {
        let owner = format!("connector \"{}\"", connector.name());
        if !connector.capabilities().needs_format {
            if let Some(clause) = clause {
                return Err(Error::new(codes::LV_C005, format!("{owner} takes no format")).at(clause.position));
            }
            with.check(&owner, connector.options())?;
            connector.check(with)?;
            return Ok(Checked { connector, options: with.clone(), format: None });
        }
        let Some(mut spec) = self.format_said(&*connector, with, clause)? else {
            return Err(no_format(self, &*connector, with, &owner));
        };
        let format = self.format(&spec)?;
        let name = format.name();
        format_clause_check(&spec, name, format.options())?;
        let table = [connector.options(), format.options(), &[FORMAT]].concat();
        with.check(&format!("{owner} with format \"{name}\""), &table)?;

        let mut options = with.clone();
        let is_connectors = |key: &str| connector.options().iter().any(|option| option.is_called(key));
        let mut theirs = options.split_off(is_connectors);
        theirs.remove(FORMAT.name);
        spec.options = Options::new(spec.options.iter().chain(theirs.iter()).cloned().collect());
        connector.check(&options)?;
        format.check(&spec.options)?;
        Ok(Checked { connector, options, format: Some(spec) })
    }

    /// The format that the statement names, or that the connector implies.
    fn format_said(&self, connector: &dyn Connector, with: &Options, clause: Option<FormatSpec>) -> Result<Option<FormatSpec>> {
        match (clause, with.get(FORMAT.name)) {
            (Some(_), Some(option)) => {
                Err(Error::new(codes::LV_C005, "the format is given twice: by FORMAT and by the option \"format\"")
                    .with_hint("remove one of them")
                    .at(option.key_position))
            }
            (Some(clause), None) => Ok(Some(clause)),
            (None, Some(option)) => {
                let name = option.value.to_ascii_lowercase();
                Ok(Some(FormatSpec { name, position: option.value_position, options: Options::default() }))
            }
            (None, None) => {
                let name = connector.implied_format(with, self);
                Ok(name.map(|name| FormatSpec { name: name.to_owned(), position: None, options: Options::default() }))
            }
        }
    }
}

/// Options written in the `FORMAT` clause itself are the format's alone.
fn format_clause_check(spec: &FormatSpec, name: &str, table: &[OptionSpec]) -> Result<()> {
    spec.options.check(&format!("format \"{name}\""), table)
}

/// What to say if no format is named or implied: a missing option of the connector is the likelier cause.
fn no_format(registry: &Registry, connector: &dyn Connector, with: &Options, owner: &str) -> Error {
    let missing = connector.options().iter().any(|option| option.required && with.get(option.name).is_none());
    if missing && let Err(error) = with.check(owner, connector.options()) {
        return error;
    }
    let names: Vec<_> = registry.formats().map(|format| format!("'{}'", format.name())).collect();
    Error::new(codes::LV_C004, format!("{owner} needs the option \"format\""))
        .with_hint(format!("add format = … to WITH (…): one of {}", names.join(", ")))
}
