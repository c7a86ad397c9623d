//! `DROP kind [IF EXISTS] name, … [RESTRICT | CASCADE]`.

use levada_base::Result;

use super::{Name, ObjectKind};
use crate::parser::{Reader, refuse_planned};

/// Objects of one kind to be removed.
#[derive(Debug, Clone, PartialEq)]
pub struct Drop {
    pub kind: ObjectKind,
    pub if_exists: bool,
    pub names: Vec<Name>,
    pub dependants: Dependants,
}

/// What happens to the objects that use a dropped one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependants {
    /// They stay, and so does what they use: the statement fails.
    Restrict,
    /// They go too.
    Cascade,
}

impl Drop {
    /// Reads what follows the kind.
    pub(crate) fn parse(reader: &mut Reader<'_>, kind: ObjectKind) -> Result<Self> {
        let if_exists = reader.take("IF EXISTS");
        let names = reader.separated(|reader| reader.name("a name"))?;
        refuse_planned(reader)?;
        let dependants = if reader.take("CASCADE") { Dependants::Cascade } else { Dependants::Restrict };
        if dependants == Dependants::Restrict {
            reader.take("RESTRICT");
        }
        Ok(Self { kind, if_exists, names, dependants })
    }
}
