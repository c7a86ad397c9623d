//! Rows made of text, for SHOW, DESCRIBE and EXPLAIN.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringViewArray};
use arrow::datatypes::{DataType, Field, Schema};
use levada_base::{Epoch, Error, Result};

use crate::Rows;
use crate::outcome::Outcome;

/// A table of text columns.
pub(super) fn text_rows(names: &[&str], rows: &[Vec<String>], epoch: Epoch) -> Result<Outcome> {
    let fields: Vec<Field> = names.iter().map(|name| Field::new(*name, DataType::Utf8View, false)).collect();
    let schema = Arc::new(Schema::new(fields));
    let column = |at: usize| Arc::new(StringViewArray::from_iter_values(rows.iter().map(|row| row[at].as_str()))) as ArrayRef;
    let columns = (0..names.len()).map(column).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    let batch = RecordBatch::try_new_with_options(schema.clone(), columns, &options)
        .map_err(|cause| Error::internal(format!("rows of text: {cause}")))?;
    Ok(Outcome::Rows(Rows { schema, batches: vec![batch], epoch }))
}
