//! `ENVELOPE UPSERT` of a source: its key, and the column that says upsert or delete.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use levada_base::{Error, Result, codes};
use levada_sql::{CreateSource, Envelope, Ident};

use crate::intake::{OP_COLUMN, Prepare};

/// The key by which rows replace each other; `None` where they are appended.
///
/// # Errors
/// `LV-S004` for other change feeds, and for a key of rows that are appended; `LV-S609` without a key, or with two.
pub(super) fn key(create: &CreateSource) -> Result<Option<&[Ident]>> {
    let appended = || match create.primary_key.first() {
        None => Ok(None),
        Some(key) => Err(Error::new(codes::LV_S004, "a PRIMARY KEY of rows that are appended is not in this release")
            .with_reason("it would promise that no key comes twice")
            .with_hint("add ENVELOPE UPSERT: each row takes the place of the one with its key")
            .at(key.position)),
    };
    let Some(envelope) = &create.envelope else { return appended() };
    match &envelope.value {
        Envelope::Plain => appended(),
        Envelope::Upsert { key } => {
            let (own, said) = (create.primary_key.as_slice(), key.as_slice());
            let same = own.len() == said.len() && own.iter().all(|name| said.iter().any(|other| other.name == name.name));
            match (own, said) {
                ([], []) => Err(Error::new(codes::LV_S609, "ENVELOPE UPSERT needs to know the key")
                    .with_hint("write ENVELOPE UPSERT (KEY (id)), or declare PRIMARY KEY (id)")
                    .at(envelope.position)),
                ([], key) | (key, []) => Ok(Some(key)),
                (key, _) if same => Ok(Some(key)),
                _ => Err(Error::new(codes::LV_S609, "PRIMARY KEY and ENVELOPE UPSERT name different keys")
                    .with_hint("name the key once")
                    .at(envelope.position)),
            }
        }
        Envelope::Debezium { .. } | Envelope::Changes | Envelope::Diff => {
            Err(Error::new(codes::LV_S004, "this change feed as a source is not in this release")
                .with_hint("use ENVELOPE UPSERT (KEY (…)), or leave ENVELOPE out: rows are appended")
                .at(envelope.position))
        }
    }
}

/// Makes room for `_op` behind the columns that come in.
///
/// # Errors
/// `LV-S111` if there is such a column; `LV-S004` for a NOT NULL outside of the key: a delete carries the key alone.
pub(super) fn expect_op(create: &CreateSource, key: &[Ident], prepare: &mut Prepare) -> Result<()> {
    for column in &create.columns {
        if column.name.name == OP_COLUMN {
            return Err(Error::new(codes::LV_S111, format!("column \"{OP_COLUMN}\" is the envelope's"))
                .with_reason("it says upsert or delete and is not part of the row")
                .with_hint("leave it out; it is read with the row")
                .at(column.name.position));
        }
        if column.not_null && !key.iter().any(|name| name.name == column.name.name) {
            return Err(Error::new(codes::LV_S004, format!("column \"{}\" can't be NOT NULL", column.name.name))
                .with_reason("a delete carries the key and NULLs")
                .with_hint("leave NOT NULL out, or make the column part of the key")
                .at(column.name.position));
        }
    }
    let mut fields: Vec<_> = prepare.input.fields().iter().cloned().collect();
    prepare.op = Some(fields.len());
    fields.push(Arc::new(Field::new(OP_COLUMN, DataType::Utf8View, true)));
    prepare.input = Arc::new(Schema::new(fields));
    Ok(())
}
