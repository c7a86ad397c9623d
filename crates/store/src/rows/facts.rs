//! Facts, the small named scalars of a result, and the predicates that edges put on them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::value::{Field, Kind, Value};

/// A scalar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Fact {
    Bool(bool),
    Int(i64),
    Text(String),
}

/// Named scalars, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Facts(pub BTreeMap<String, Fact>);

/// How a fact is compared with a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    #[serde(rename = "=")]
    Equal,
    #[serde(rename = "≠")]
    NotEqual,
    #[serde(rename = "<")]
    Less,
    #[serde(rename = "≤")]
    LessOrEqual,
    #[serde(rename = ">")]
    Greater,
    #[serde(rename = "≥")]
    GreaterOrEqual,
}

/// `fact op literal`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Predicate {
    pub fact: String,
    pub op: Comparison,
    pub literal: Fact,
}

/// All of these must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Predicates(pub Vec<Predicate>);

macro_rules! document {
    ($($Type:ty),*) => {
        $(impl Field for $Type {
            const KIND: Kind = Kind::Text;
            fn to_value(&self) -> Value {
                // Scalars under text keys: this cannot fail, and an empty document would be read back as damaged.
                Value::Text(serde_json::to_string(self).unwrap_or_default())
            }
            fn from_value(value: Value) -> Result<Self, Value> {
                match value {
                    Value::Text(text) => serde_json::from_str(&text).map_err(|_| Value::Text(text)),
                    other => Err(other),
                }
            }
        })*
    };
}
document!(Facts, Predicates);
