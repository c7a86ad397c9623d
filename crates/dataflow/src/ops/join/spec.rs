//! What is joined.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use levada_base::Result;

use crate::Scalar;
use crate::ops::{check_columns, list};

/// A maintained join: at every epoch the output is the batch join of the two contents. The left columns come first, then the right
/// ones (none of them for semi and anti joins).
#[derive(Debug, Clone)]
pub struct JoinSpec {
    pub kind: JoinKind,
    pub left_keys: Vec<usize>,
    pub right_keys: Vec<usize>,
    /// Whether NULL keys are equal (`IS NOT DISTINCT FROM`); otherwise a row with a NULL key matches nothing.
    pub nulls_equal: bool,
    /// A condition over left and right columns together; part of the match (`ON`), not a filter after it.
    pub residual: Option<Arc<dyn Scalar>>,
    /// Left and right columns together: what `residual` sees.
    pub pair_schema: SchemaRef,
    /// When rows of a side can match nothing any more.
    pub left_expiry: Option<Expiry>,
    pub right_expiry: Option<Expiry>,
}

/// Which rows come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinKind {
    Inner,
    /// Left rows without a match come out with NULLs; they are taken back when a match comes.
    Left,
    Full,
    /// Left rows with a match.
    LeftSemi,
    /// Left rows without a match.
    LeftAnti,
}

/// By event time, when rows of a side are late and when they are forgotten. The output of a forgotten row stays.
///
/// So that no match is missed, a row must be kept until every row that it can match is late: `delay` is at least the greatest
/// distance to such a partner plus the partner's `late_delay`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    /// A timestamp in microseconds or a BIGINT; NULL is never late and never forgotten.
    pub column: usize,
    /// A row of epoch e (or its retraction) with `W(e-1) >= value + late_delay` is left out and counted.
    pub late_delay: i64,
    /// A row with `W(e) >= value + delay` is forgotten at the end of epoch e.
    pub delay: i64,
}

impl JoinSpec {
    pub(in crate::ops) fn check(&self, left: &SchemaRef, right: &SchemaRef, output: &SchemaRef) -> Result<(), String> {
        check_columns(left, self.left_keys.iter().copied().chain(self.left_expiry.map(|expiry| expiry.column)))?;
        check_columns(right, self.right_keys.iter().copied().chain(self.right_expiry.map(|expiry| expiry.column)))?;
        if self.left_keys.len() != self.right_keys.len() {
            return Err(format!("compares {} keys with {}", self.left_keys.len(), self.right_keys.len()));
        }
        for (&l, &r) in self.left_keys.iter().zip(&self.right_keys) {
            if left.field(l).data_type() != right.field(r).data_type() {
                return Err(format!("compares {} with {}", left.field(l).data_type(), right.field(r).data_type()));
            }
        }
        let wanted = match self.kind {
            JoinKind::Inner | JoinKind::Left | JoinKind::Full => left.fields().len() + right.fields().len(),
            JoinKind::LeftSemi | JoinKind::LeftAnti => left.fields().len(),
        };
        if output.fields().len() == wanted {
            Ok(())
        } else {
            Err(format!("gives {wanted} columns, not {}", output.fields().len()))
        }
    }
}

impl fmt::Display for JoinSpec {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            JoinKind::Inner => "inner",
            JoinKind::Left => "left",
            JoinKind::Full => "full",
            JoinKind::LeftSemi => "left semi",
            JoinKind::LeftAnti => "left anti",
        };
        let equality = if self.nulls_equal { "is" } else { "=" };
        let pairs = self.left_keys.iter().zip(&self.right_keys).map(|(l, r)| format!("left.#{l} {equality} right.#{r}"));
        write!(out, "{kind} join on {}", list(pairs))?;
        if let Some(residual) = &self.residual {
            write!(out, " and {residual}")?;
        }
        for (side, expiry) in [("left", self.left_expiry), ("right", self.right_expiry)] {
            if let Some(Expiry { column, late_delay, delay }) = expiry {
                write!(out, " {side} until {side}.#{column} + {late_delay}, kept until {side}.#{column} + {delay}")?;
            }
        }
        Ok(())
    }
}
