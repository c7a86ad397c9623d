//! Scalar expressions, as the operators see them.

use std::fmt;

use arrow::array::{ArrayRef, RecordBatch};
use levada_base::Result;

/// An expression over the columns of one batch. Deterministic: the same row gives the same value, whatever the rows beside it.
///
/// `Display` prints it the same way on every machine and release: operator ids are made from it.
pub trait Scalar: fmt::Debug + fmt::Display + Send + Sync {
    /// One value a row.
    ///
    /// # Errors
    /// `LV-S401`, `LV-S403`, `LV-S410` where a row has no value.
    fn evaluate(&self, batch: &RecordBatch) -> Result<ArrayRef>;
}
