//! What a connector says that is asked for a role it does not have.

use levada_base::{Error, codes};

/// The error for a connector that only writes.
pub(crate) fn is_no_source(connector: &str) -> Error {
    Error::new(codes::LV_C006, format!("connector \"{connector}\" can't be a source"))
        .with_hint("it can be a sink: CREATE SINK")
}

/// The error for a connector that only reads.
pub(crate) fn is_no_sink(connector: &str) -> Error {
    Error::new(codes::LV_C006, format!("connector \"{connector}\" can't be a sink"))
        .with_hint("it can be a source: CREATE SOURCE")
}

/// The error for a format that should have been resolved when the statement was checked.
pub(crate) fn has_no_format(connector: &str) -> Error {
    Error::internal(format!("connector \"{connector}\" was opened without its format"))
}
