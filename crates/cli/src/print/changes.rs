//! Changes as rows with `_epoch` and `_weight`, and as lines.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use levada::{DeltaBatch, Epoch, Error, Result};

use super::cells;

/// The place of `_weight` among the columns.
pub(super) const WEIGHT: usize = 1;

/// The columns of a relation's changes.
pub(super) fn schema(rows: &SchemaRef) -> SchemaRef {
    let own = ["_epoch", "_weight"].map(|name| Arc::new(Field::new(name, DataType::Int64, false)));
    Arc::new(Schema::new(own.into_iter().chain(rows.fields().iter().cloned()).collect::<Vec<_>>()))
}

/// The changes of an epoch as rows of [`schema`].
pub(super) fn with_weights(epoch: Epoch, delta: &DeltaBatch) -> Result<RecordBatch> {
    let rows = delta.num_rows();
    let epochs = Int64Array::from(vec![i64::try_from(epoch.0).unwrap_or(i64::MAX); rows]);
    let weights: Int64Array = (0..rows).map(|row| delta.weight(row)).collect();
    let mut columns: Vec<ArrayRef> = vec![Arc::new(epochs), Arc::new(weights)];
    columns.extend(delta.batch().columns().iter().cloned());
    RecordBatch::try_new(schema(&delta.schema()), columns).map_err(|cause| Error::internal(format!("changes as rows: {cause}")))
}

/// `+1 @7 auction=1007 bids=42`, a line a change.
pub(super) fn lines(epoch: Epoch, deltas: &[DeltaBatch]) -> String {
    let mut text = String::new();
    for delta in deltas {
        let schema = delta.schema();
        for (row, values) in cells::texts(delta.batch()).into_iter().enumerate() {
            text.push_str(&format!("{:+} @{epoch}", delta.weight(row)));
            for (field, value) in schema.fields().iter().zip(values) {
                text.push_str(&format!(" {}={}", field.name(), literal(field.data_type(), value)));
            }
            text.push('\n');
        }
    }
    text
}

/// Numbers and booleans as they are, everything else between quotes, so that a line can be taken apart again.
fn literal(kind: &DataType, value: Option<String>) -> String {
    match value {
        None => "NULL".to_owned(),
        Some(value) if kind.is_numeric() || *kind == DataType::Boolean => value,
        Some(value) => format!("'{}'", value.replace('\'', "''").replace('\n', "\\n")),
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::StringViewArray;

    use super::*;

    #[test]
    fn a_change_is_a_line_that_can_be_taken_apart() {
        let columns: [(&str, ArrayRef); 2] = [
            ("id", Arc::new(Int64Array::from(vec![1, 2]))),
            ("name", Arc::new(StringViewArray::from(vec![Some("it's"), None]))),
        ];
        let batch =
            RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).expect("a batch");
        let delta = DeltaBatch::new(batch, Some(Int64Array::from(vec![-1, 3]))).expect("a delta");
        assert_eq!(lines(Epoch(7), &[delta]), "-1 @7 id=1 name='it''s'\n+3 @7 id=2 name=NULL\n");
    }
}
