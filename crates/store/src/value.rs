//! A stored value and how fields become one: what lets every table be written, read and compared by the same code.
//!
//! Not a type system: five kinds are enough for all tables. Both SQL stores and the dump are built on it.

use std::fmt;

use crate::ids::{ExecutionId, RunId, ScheduleId, Token};

/// A value as a store keeps it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    Null,
    Int(i64),
    Id(u128),
    Text(String),
    Bytes(Vec<u8>),
}

/// In words, for messages: bytes are only counted.
impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => out.write_str("null"),
            Self::Int(number) => number.fmt(out),
            Self::Id(id) => uuid::Uuid::from_u128(*id).fmt(out),
            Self::Text(text) => write!(out, "\"{text}\""),
            Self::Bytes(bytes) => write!(out, "{} bytes", bytes.len()),
        }
    }
}

/// The type of a column. `Small` is an integer of an alphabet or a flag: two bytes where the store has such a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Small,
    Int,
    Id,
    Text,
    Bytes,
}

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
    pub nullable: bool,
    /// The words of its alphabet, whose integers are 0 and those that follow; 0 if it has none.
    pub words: usize,
}

/// A table: its name, its columns with the key's first, and how many of them are the key.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    pub name: &'static str,
    pub columns: &'static [Column],
    pub key: usize,
    /// A row is never changed after it was put: putting it again has no effect.
    pub insert_only: bool,
}

/// A stored value outside of what its column allows (`LV-T710`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadValue {
    pub column: &'static str,
    pub found: String,
}

impl fmt::Display for BadValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "column \"{}\" holds {}", self.column, self.found)
    }
}

/// Something that a column can hold.
pub trait Field: Sized {
    const KIND: Kind;
    const NULLABLE: bool = false;
    /// See [`Column::words`].
    const WORDS: usize = 0;

    fn to_value(&self) -> Value;

    /// The field back from what is stored.
    ///
    /// # Errors
    /// The stored value itself, if the field has no such value.
    fn from_value(value: Value) -> Result<Self, Value>;
}

macro_rules! integers {
    ($($Int:ty),*) => {
        $(impl Field for $Int {
            const KIND: Kind = Kind::Int;
            fn to_value(&self) -> Value {
                Value::Int(i64::from(*self))
            }
            fn from_value(value: Value) -> Result<Self, Value> {
                match value {
                    Value::Int(found) => found.try_into().map_err(|_| Value::Int(found)),
                    other => Err(other),
                }
            }
        })*
    };
}
integers!(i64, i32, u32);

macro_rules! id_fields {
    ($($Id:ident),*) => {
        $(impl Field for $Id {
            const KIND: Kind = Kind::Id;
            fn to_value(&self) -> Value {
                Value::Id(self.0)
            }
            fn from_value(value: Value) -> Result<Self, Value> {
                match value {
                    Value::Id(found) => Ok(Self(found)),
                    other => Err(other),
                }
            }
        })*
    };
}
id_fields!(ExecutionId, RunId, ScheduleId, Token);

impl Field for bool {
    const KIND: Kind = Kind::Small;
    const WORDS: usize = 2;

    fn to_value(&self) -> Value {
        Value::Int(i64::from(*self))
    }

    fn from_value(value: Value) -> Result<Self, Value> {
        match value {
            Value::Int(0) => Ok(false),
            Value::Int(1) => Ok(true),
            other => Err(other),
        }
    }
}

impl Field for String {
    const KIND: Kind = Kind::Text;

    fn to_value(&self) -> Value {
        Value::Text(self.clone())
    }

    fn from_value(value: Value) -> Result<Self, Value> {
        match value {
            Value::Text(found) => Ok(found),
            other => Err(other),
        }
    }
}

impl Field for Vec<u8> {
    const KIND: Kind = Kind::Bytes;

    fn to_value(&self) -> Value {
        Value::Bytes(self.clone())
    }

    fn from_value(value: Value) -> Result<Self, Value> {
        match value {
            Value::Bytes(found) => Ok(found),
            other => Err(other),
        }
    }
}

impl<T: Field> Field for Option<T> {
    const KIND: Kind = T::KIND;
    const NULLABLE: bool = true;
    const WORDS: usize = T::WORDS;

    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_value)
    }

    fn from_value(value: Value) -> Result<Self, Value> {
        match value {
            Value::Null => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
}
