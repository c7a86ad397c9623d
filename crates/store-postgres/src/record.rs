//! PostgreSQL's binary form of a record, read as values.
//!
//! The form (see `record_send` in the manual of types): the number of columns, then for each its type's number, its length
//! (-1 for null) and its bytes.

use std::error::Error as StdError;

use levada_base::Error;
use levada_store::value::Value;
use tokio_postgres::types::{FromSql, Type};

/// The bytes of a record, as received.
#[derive(Debug, Clone, Copy)]
pub struct Raw<'a>(pub &'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::RECORD
    }
}

/// The values of a record.
///
/// # Errors
/// `LV-S999` for a type that no statement of ours returns.
pub fn values(raw: &[u8]) -> Result<Vec<Value>, Error> {
    decode(raw).ok_or_else(|| Error::internal("a record of the server can't be decoded"))
}

fn decode(mut raw: &[u8]) -> Option<Vec<Value>> {
    let columns = take_i32(&mut raw)?;
    let mut values = Vec::with_capacity(usize::try_from(columns).ok()?.min(raw.len()));
    for _ in 0..columns {
        let kind = take_i32(&mut raw)?.cast_unsigned();
        let length = take_i32(&mut raw)?;
        values.push(match usize::try_from(length) {
            Ok(length) => value(kind, raw.split_off(..length)?)?,
            Err(_) => Value::Null,
        });
    }
    Some(values)
}

fn take_i32(raw: &mut &[u8]) -> Option<i32> {
    raw.split_off(..4)?.try_into().ok().map(i32::from_be_bytes)
}

fn value(kind: u32, bytes: &[u8]) -> Option<Value> {
    let kind = Type::from_oid(kind)?;
    Some(if kind == Type::INT8 {
        Value::Int(i64::from_be_bytes(bytes.try_into().ok()?))
    } else if kind == Type::INT4 {
        Value::Int(i32::from_be_bytes(bytes.try_into().ok()?).into())
    } else if kind == Type::INT2 {
        Value::Int(i16::from_be_bytes(bytes.try_into().ok()?).into())
    } else if kind == Type::UUID {
        Value::Id(u128::from_be_bytes(bytes.try_into().ok()?))
    } else if kind == Type::TEXT {
        Value::Text(String::from_utf8(bytes.to_vec()).ok()?)
    } else if kind == Type::BYTEA {
        Value::Bytes(bytes.to_vec())
    } else {
        return None;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(kind: &Type, bytes: Option<&[u8]>) -> Vec<u8> {
        let length = bytes.map_or(-1, |bytes| i32::try_from(bytes.len()).unwrap());
        [&kind.oid().to_be_bytes()[..], &length.to_be_bytes()[..], bytes.unwrap_or_default()].concat()
    }

    #[test]
    fn every_kind_of_value_is_read() {
        let columns = [
            column(&Type::INT2, Some(&[0xff, 0xfe])),
            column(&Type::INT4, Some(&[0, 0, 1, 0])),
            column(&Type::INT8, None),
            column(&Type::UUID, Some(&[1; 16])),
            column(&Type::TEXT, Some("é".as_bytes())),
            column(&Type::BYTEA, Some(&[0])),
        ];
        let raw = [&6_i32.to_be_bytes()[..], &columns.concat()].concat();
        let id = u128::from_be_bytes([1; 16]);
        let expected =
            [Value::Int(-2), Value::Int(256), Value::Null, Value::Id(id), Value::Text("é".into()), Value::Bytes(vec![0])];
        assert_eq!(values(&raw).unwrap(), expected);
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        let raw = [&1_i32.to_be_bytes()[..], &column(&Type::INT8, Some(&[0; 8]))].concat();
        assert!((0..raw.len()).all(|length| values(&raw[..length]).is_err()));
        let unknown = [&1_i32.to_be_bytes()[..], &column(&Type::POINT, Some(&[0; 16]))].concat();
        assert!(values(&unknown).is_err());
    }
}
