//! Between the values of rows and those of SQLite.
//!
//! Ids are 16 bytes, the highest first, so that the database orders them as the rows do.

use levada_store::value::{Column, Kind, Value};
use rusqlite::types::{Null, ValueRef};
use rusqlite::{Row, Statement};

/// An id as a parameter.
pub(crate) fn id(id: u128) -> [u8; 16] {
    id.to_be_bytes()
}

/// Binds the parameters of a statement, the first one first.
pub(crate) fn bind<'v>(statement: &mut Statement<'_>, values: impl IntoIterator<Item = &'v Value>) -> rusqlite::Result<()> {
    for (index, value) in (1_usize..).zip(values) {
        match value {
            Value::Null => statement.raw_bind_parameter(index, Null)?,
            Value::Int(number) => statement.raw_bind_parameter(index, number)?,
            Value::Id(id) => statement.raw_bind_parameter(index, id.to_be_bytes())?,
            Value::Text(text) => statement.raw_bind_parameter(index, text.as_str())?,
            Value::Bytes(bytes) => statement.raw_bind_parameter(index, bytes.as_slice())?,
        }
    }
    Ok(())
}

/// The values of a result row that has these columns. What is not of a column's kind is kept as it is: the row will refuse it.
pub(crate) fn values(row: &Row<'_>, columns: &[Column]) -> rusqlite::Result<Vec<Value>> {
    columns.iter().enumerate().map(|(index, column)| Ok(value(row.get_ref(index)?, column.kind))).collect()
}

fn value(stored: ValueRef<'_>, kind: Kind) -> Value {
    match stored {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Real(number) => Value::Text(number.to_string()),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Bytes(bytes.to_vec()),
        },
        ValueRef::Blob(bytes) => match bytes.try_into() {
            Ok(id) if kind == Kind::Id => Value::Id(u128::from_be_bytes(id)),
            _ => Value::Bytes(bytes.to_vec()),
        },
    }
}
