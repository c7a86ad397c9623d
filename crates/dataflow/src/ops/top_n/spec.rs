//! Which rows are kept.

use std::fmt;

use arrow::datatypes::SchemaRef;
use levada_base::Result;

use crate::ops::{SortColumn, check_columns, list};

/// Per partition the rows number `skip + 1` to `skip + limit` in `order`. Ties are broken by the canonical order: the columns of
/// `tie_break`, ascending, NULLs last.
#[derive(Debug, Clone)]
pub struct TopNSpec {
    /// Columns whose values make a partition; none for one partition.
    pub partition: Vec<usize>,
    pub order: Vec<SortColumn>,
    /// The canonical order: the upsert key if there is one, then all other columns from left to right; columns left out
    /// come last.
    pub tie_break: Vec<usize>,
    pub skip: u64,
    pub limit: u64,
    /// Whether the row's number (BIGINT UNSIGNED, from 1) is appended as the last column.
    pub row_number: bool,
    /// Whether no input row is ever retracted, so that rows beyond the last kept one can be forgotten.
    pub append_only_input: bool,
}

impl TopNSpec {
    pub(in crate::ops) fn check(&self, input: &SchemaRef, output: &SchemaRef) -> Result<(), String> {
        let order = self.order.iter().map(|sort| sort.column);
        check_columns(input, self.partition.iter().copied().chain(self.tie_break.iter().copied()).chain(order))?;
        let wanted = input.fields().len() + usize::from(self.row_number);
        if output.fields().len() == wanted {
            Ok(())
        } else {
            Err(format!("gives {wanted} columns, not {}", output.fields().len()))
        }
    }
}

impl fmt::Display for TopNSpec {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "top {}", self.limit)?;
        if self.skip > 0 {
            write!(out, " after {}", self.skip)?;
        }
        if !self.partition.is_empty() {
            write!(out, " per {}", list(self.partition.iter().map(|column| format!("#{column}"))))?;
        }
        write!(out, " order by {}", list(&self.order))?;
        if self.row_number { out.write_str(" with number") } else { Ok(()) }
    }
}
