//! The value of a parameter: few kinds, so that a statement's types follow from its values.

use std::error::Error;

use bytes::BytesMut;
use levada_store::value::{Kind, Value};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

/// A parameter.
#[derive(Debug, Clone)]
pub enum Param {
    Int(i64),
    Flag(bool),
    /// A time, or none: then the server's own.
    Time(Option<i64>),
    Text(String),
    MaybeText(Option<String>),
    Id(Uuid),
    MaybeId(Option<Uuid>),
    Ids(Vec<Uuid>),
    Ints(Vec<i64>),
    Texts(Vec<String>),
    /// None lets everything through.
    AnyTexts(Option<Vec<String>>),
    /// A column of the rows to be written.
    Small(Vec<Option<i16>>),
    Big(Vec<Option<i64>>),
    Id16(Vec<Option<Uuid>>),
    Words(Vec<Option<String>>),
    Blobs(Vec<Option<Vec<u8>>>),
}

impl Param {
    pub fn ids(ids: impl IntoIterator<Item = u128>) -> Self {
        Self::Ids(ids.into_iter().map(Uuid::from_u128).collect())
    }

    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Int(_) | Self::Time(_) => "bigint",
            Self::Flag(_) => "boolean",
            Self::Text(_) | Self::MaybeText(_) => "text",
            Self::Id(_) | Self::MaybeId(_) => "uuid",
            Self::Ids(_) | Self::Id16(_) => "uuid[]",
            Self::Ints(_) | Self::Big(_) => "bigint[]",
            Self::Texts(_) | Self::AnyTexts(_) | Self::Words(_) => "text[]",
            Self::Small(_) => "smallint[]",
            Self::Blobs(_) => "bytea[]",
        }
    }

    /// A column of rows to be written, still empty.
    pub fn column(kind: Kind) -> Self {
        match kind {
            Kind::Small => Self::Small(Vec::new()),
            Kind::Int => Self::Big(Vec::new()),
            Kind::Id => Self::Id16(Vec::new()),
            Kind::Text => Self::Words(Vec::new()),
            Kind::Bytes => Self::Blobs(Vec::new()),
        }
    }

    /// Adds a value to a column. A value of another kind becomes null, which the table refuses or allows as it refuses or allows a
    /// missing value; rows make no such values.
    pub fn push(&mut self, value: Value) {
        match (self, value) {
            (Self::Small(column), Value::Int(value)) => column.push(i16::try_from(value).ok()),
            (Self::Big(column), Value::Int(value)) => column.push(Some(value)),
            (Self::Id16(column), Value::Id(value)) => column.push(Some(Uuid::from_u128(value))),
            (Self::Words(column), Value::Text(value)) => column.push(Some(storable(value))),
            (Self::Blobs(column), Value::Bytes(value)) => column.push(Some(value)),
            (Self::Small(column), _) => column.push(None),
            (Self::Big(column), _) => column.push(None),
            (Self::Id16(column), _) => column.push(None),
            (Self::Words(column), _) => column.push(None),
            (Self::Blobs(column), _) => column.push(None),
            _ => {}
        }
    }
}

/// PostgreSQL keeps every text but for the character 0.
fn storable(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

impl ToSql for Param {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Int(value) => value.to_sql(ty, out),
            Self::Flag(value) => value.to_sql(ty, out),
            Self::Time(value) => value.to_sql(ty, out),
            Self::Text(value) => value.to_sql(ty, out),
            Self::MaybeText(value) => value.to_sql(ty, out),
            Self::Id(value) => value.to_sql(ty, out),
            Self::MaybeId(value) => value.to_sql(ty, out),
            Self::Ids(values) => values.to_sql(ty, out),
            Self::Ints(values) => values.to_sql(ty, out),
            Self::Texts(values) => values.to_sql(ty, out),
            Self::AnyTexts(values) => values.to_sql(ty, out),
            Self::Small(values) => values.to_sql(ty, out),
            Self::Big(values) => values.to_sql(ty, out),
            Self::Id16(values) => values.to_sql(ty, out),
            Self::Words(values) => values.to_sql(ty, out),
            Self::Blobs(values) => values.to_sql(ty, out),
        }
    }

    /// Statements say the type of every parameter.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
