//! What a keyed input means.

use std::fmt;

use arrow::datatypes::SchemaRef;
use levada_base::Result;

use crate::ops::{check_columns, check_types, list};

/// Turns upserts into changes: a row with weight > 0 replaces the row of its key (-old, +new), a row with weight < 0 deletes the row
/// of its key, whatever its other columns say. The order of rows within an epoch decides: the last one wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NormalizeSpec {
    pub key: Vec<usize>,
}

impl NormalizeSpec {
    pub(in crate::ops) fn check(&self, input: &SchemaRef, output: &SchemaRef) -> Result<(), String> {
        check_columns(input, self.key.iter().copied())?;
        if self.key.is_empty() {
            return Err("has no key".to_owned());
        }
        check_types(input, output)
    }
}

impl fmt::Display for NormalizeSpec {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "normalize by {}", list(self.key.iter().map(|column| format!("#{column}"))))
    }
}
