//! OR REPLACE and IF NOT EXISTS.

use levada_base::{Error, Result, codes};
use levada_catalog::Kind;
use levada_sql::{Existing, Name};

use super::with_notices;
use crate::core::Core;
use crate::outcome::{Notice, Outcome};

/// What to do about an object that has the name already.
pub(super) enum Found {
    /// The name is free.
    Free,
    /// Nothing more is to be done.
    Skip(Outcome),
}

/// Looks for an object of that name.
///
/// # Errors
/// `LV-S101` for another schema than public; `LV-S102` if the name is taken; `LV-S004` for OR REPLACE over an existing object.
pub(super) fn look(core: &Core, name: &Name, kind: Kind, existing: Existing, sql: &str) -> Result<Found> {
    check_schema(name)?;
    let Some(object) = core.catalog.get(&name.name) else {
        return core.catalog.check_free(&name.name).map(|()| Found::Free).map_err(|error| error.at(name.position));
    };
    match existing {
        Existing::IfNotExists if object.kind == kind => {
            let same = object.payload.sql() == sql;
            let notice = if same {
                Notice { code: codes::LV_S901, message: format!("{kind} \"{name}\" exists already, nothing was done") }
            } else {
                Notice {
                    code: codes::LV_S902,
                    message: format!("{kind} \"{name}\" exists already with another definition, which stays"),
                }
            };
            Ok(Found::Skip(with_notices(format!("CREATE {}", kind.keyword()), vec![notice])))
        }
        Existing::OrReplace if object.kind == kind => Err(Error::new(
            codes::LV_S004,
            format!("CREATE OR REPLACE over the existing {kind} \"{name}\" is not in this release"),
        )
        .with_hint(format!("DROP {} {name}, then create it", kind.keyword()))
        .at(name.position)),
        _ => core.catalog.check_free(&name.name).map(|()| Found::Free).map_err(|error| error.at(name.position)),
    }
}

/// # Errors
/// `LV-S101` for another schema than public.
pub(super) fn check_schema(name: &Name) -> Result<()> {
    match name.schema.as_deref() {
        None | Some("public") => Ok(()),
        Some(schema) => Err(Error::new(codes::LV_S101, format!("schema \"{schema}\" does not exist"))
            .with_hint("there is one: public")
            .at(name.position)),
    }
}
