//! Expressions for the tests: a function of one row of values.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::DataType;
use levada_base::Result;
use levada_delta::DeltaBatch;

use super::value::{Row, Value, batch_of, rows_of, schema};
use crate::Scalar;

type Function = dyn Fn(&Row) -> Value + Send + Sync;

struct RowScalar {
    text: String,
    data_type: DataType,
    function: Box<Function>,
}

/// The expression that computes `function` of each row and is printed as `text`.
pub(crate) fn scalar(
    text: &str,
    data_type: DataType,
    function: impl Fn(&Row) -> Value + Send + Sync + 'static,
) -> Arc<dyn Scalar> {
    Arc::new(RowScalar { text: text.to_owned(), data_type, function: Box::new(function) })
}

impl Scalar for RowScalar {
    fn evaluate(&self, batch: &RecordBatch) -> Result<ArrayRef> {
        let rows = rows_of(&DeltaBatch::insertions(batch.clone()));
        let values: Vec<Row> = rows.iter().map(|(row, _)| vec![(self.function)(row)]).collect();
        Ok(batch_of(&schema(&[("value", self.data_type.clone())]), &values).column(0).clone())
    }
}

impl fmt::Debug for RowScalar {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl fmt::Display for RowScalar {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}
